import type { MacroDefinition } from './definition.js';

export const hex: MacroDefinition = {
  type: 'macro',
  name: 'hex',
  parameters: ['number'],
  doc: 'A number or bytes in hexadecimal, with `0x` before them. `to_hex` has no prefix.',
  sql: "'0x' || lower(to_hex(number))",
  example: 'SELECT hex(65535)',
};
