import type { MacroDefinition } from './definition.js';

/** A requester id: bus, device and function in 8, 5 and 3 bits (PCI Express Specification). */
const OF_NUMBER = `printf('0000:%02x:%02x.%d', (try_cast(address AS INTEGER) >> 8) & 255,
  (try_cast(address AS INTEGER) >> 3) & 31, try_cast(address AS INTEGER) & 7)`;

const part = (group: number) =>
  `regexp_extract(address::VARCHAR,
  '^(?:([0-9a-fA-F]+):)?([0-9a-fA-F]+):([0-9a-fA-F]+)[.]([0-7])$', ${group})`;

export const bdf: MacroDefinition = {
  type: 'macro',
  name: 'bdf',
  parameters: ['address'],
  doc:
    'The full address of a function, as the column `device` has it: of a short one such as ' +
    '`1:0.0`, or of a requester id (16 bits: bus, device, function). Other text is null.',
  sql: `CASE WHEN typeof(address) <> 'VARCHAR' THEN ${OF_NUMBER}
  WHEN ${part(3)} <> '' THEN lower(lpad(coalesce(nullif(${part(1)}, ''), '0'), 4, '0') || ':' ||
    lpad(${part(2)}, 2, '0') || ':' || lpad(${part(3)}, 2, '0') || '.' || ${part(4)}) END`,
  example: "SELECT bdf('1:0.1'), bdf(257)",
};
