import type { ViewDefinition } from './definition.js';

export const configAccesses: ViewDefinition = {
  type: 'view',
  name: 'config_accesses',
  doc:
    'Every access to configuration space with the name of its register, once, with its ' +
    'value. An access of a VFIO user is there as the user made it (path vfio), and again as' +
    ' what the hardware or the emulation got of it (paths hardware, virtual).',
  columns: {
    seq: ['seq', 'position in the trace, of the end where there is one'],
    ts: ['time', 'time, nanoseconds of the trace clock'],
    tid: ['thread', 'thread'],
    task: ['text', 'comm of the thread'],
    device: ['device', 'PCI address'],
    op: ['text', 'read or write'],
    path: ['text', 'kernel, sysfs, vfio, hardware or virtual'],
    register: [
      'text',
      'name of the register: that of a capability where its list was recorded; else its offset',
    ],
    offset: ['address', 'byte offset'],
    length: ['bytes', 'bytes'],
    value: ['number', 'value read or written, when it was recorded'],
    ret: ['errno', 'result of the access, when it was recorded'],
  },
  sql: `
SELECT e.trace, e.seq, e.ts, e.tid, e.task, e.device, e.kind[8:] AS op, e.path,
  coalesce(l.register, pci_register(e."offset")) AS register, e."offset", e.length, e.value, e.ret
FROM events_of(['config.read', 'config.write']) e LEFT JOIN config_layout_of(NULL) l
  ON l.trace = e.trace AND l.device = e.device AND l."offset" = e."offset"
WHERE e.phase <> 'begin'`,
  example:
    "SELECT task, register, value FROM config_accesses WHERE op = 'write' AND path = 'kernel'",
};
