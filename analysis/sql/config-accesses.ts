import type { ViewDefinition } from './definition.js';

export const configAccesses: ViewDefinition = {
  type: 'view',
  name: 'config_accesses',
  doc:
    'Every access to configuration space with the name of its register, once, with its ' +
    'value. An access of a VFIO user is there as the user made it (path vfio), and again as' +
    ' what the hardware or the emulation got of it (paths hardware, virtual).',
  columns: {
    seq: 'position in the trace, of the end where there is one',
    ts: 'time, nanoseconds of the trace clock',
    tid: 'thread',
    task: 'comm of the thread',
    device: 'PCI address',
    op: 'read or write',
    path: 'kernel, sysfs, vfio, hardware or virtual',
    register: 'name of the register, or its offset',
    offset: 'byte offset',
    length: 'bytes',
    value: 'value read or written, when it was recorded',
    ret: 'result of the access, when it was recorded',
  },
  sql: `
SELECT trace, seq, ts, tid, task, device, kind[8:] AS op, path,
  pci_register("offset") AS register, "offset", length, value, ret
FROM events_of(['config.read', 'config.write'])
WHERE phase <> 'begin'`,
  example:
    "SELECT task, register, value FROM config_accesses WHERE op = 'write' AND path = 'kernel'",
};
