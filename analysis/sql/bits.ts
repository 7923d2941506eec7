import { type Bits, REGISTER_BITS } from '../config/register-bits.js';
import type { MacroDefinition } from './definition.js';

const one = (bit: string, [name, width]: readonly [string, number]): string => {
  const field = `((number >> ${bit}) & ${2 ** width - 1})`;
  const shown = width === 1 ? `'${name}'` : `'${name}=' || ${field}`;
  return `CASE WHEN ${field} <> 0 THEN ${shown} END`;
};

const named = (bits: Bits): string => {
  const entries = Object.entries(bits).map(([bit, name]) =>
    one(bit, typeof name === 'string' ? [name, 1] : name),
  );
  return `concat_ws(' ', ${entries.join(', ')})`;
};

const cases = Object.entries(REGISTER_BITS).map(
  ([register, bits]) => `WHEN '${register}' THEN ${named(bits)}`,
);

export const bits: MacroDefinition = {
  type: 'macro',
  name: 'bits',
  parameters: ['register', 'number'],
  doc:
    'Names of the bits that are set in a register, by its name in the view `registers`; null for ' +
    'a register whose bits have no names here. A field of several bits is shown with its number.',
  sql: `CASE register ${cases.join('\n  ')} END`,
  example: "SELECT bits('command', 6)",
};
