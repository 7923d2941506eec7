import type { ViewDefinition } from './definition.js';

export const registers: ViewDefinition = {
  type: 'view',
  name: 'registers',
  doc:
    'Writes to configuration space, decoded: which register of which capability, and the meaning ' +
    'of its bits. An access of a VFIO user is there as the user made it (path vfio), and again ' +
    'as what the hardware or the emulation got of it (paths hardware, virtual).',
  columns: {
    seq: ['seq', 'position in the trace, of the end where there is one'],
    ts: ['time', 'time of the write'],
    tid: ['thread', 'thread that wrote'],
    task: ['text', 'comm of that thread'],
    device: ['device', 'PCI address'],
    path: ['text', 'kernel, sysfs, vfio, hardware or virtual'],
    register: [
      'text',
      'name of the register, with its capability before a dot; its offset when no capability ' +
        'list was recorded or the place is not defined',
    ],
    capability: ['text', 'capability, as Linux abbreviates it; null for the header'],
    offset: ['address', 'byte offset of the write'],
    length: ['bytes', 'bytes written'],
    value: ['number', 'value written; it may reach into the next register'],
    bits: ['text', 'names of the bits that are set, and fields with their numbers'],
    changed: [
      'text',
      'bits that differ from the last write by the same path, offset and length, set or cleared',
    ],
    ret: ['errno', 'result, when it was recorded'],
  },
  sql: `
WITH w AS (
  SELECT e.trace, e.seq, e.ts, e.tid, e.task, e.device, e.path, e."offset", e.length, e.value,
    e.ret, coalesce(l.register, pci_register(e."offset")) AS register,
    coalesce(l.first, e."offset") AS first,
    lag(e.value) OVER (PARTITION BY e.trace, e.device, e.path, e."offset", e.length ORDER BY e.seq)
      AS before
  FROM events_of(['config.write']) e LEFT JOIN config_layout_of(NULL) l
    ON l.trace = e.trace AND l.device = e.device AND l."offset" = e."offset"
  WHERE e.phase <> 'begin'
)
SELECT trace, seq, ts, tid, task, device, path, register,
  nullif(regexp_extract(register, '^([a-z]+)[.]', 1), '') AS capability, "offset", length, value,
  bits(register, value << (8 * ("offset" - first))::INTEGER) AS bits,
  bits(register, xor(value, before) << (8 * ("offset" - first))::INTEGER) AS changed, ret
FROM w
ORDER BY trace, seq`,
  example: "SELECT task, device, register, bits FROM registers WHERE register = 'command'",
};
