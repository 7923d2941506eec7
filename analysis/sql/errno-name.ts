import { ERRNO } from '../../traces/index.js';
import type { MacroDefinition } from './definition.js';

const cases = Object.entries(ERRNO).map(([name, number]) => `WHEN -${number} THEN '-${name}'`);

export const errnoName: MacroDefinition = {
  type: 'macro',
  name: 'errno_name',
  parameters: ['ret'],
  doc: 'Name of a negative error number, such as `-EBUSY`; other numbers as they are.',
  sql: `CASE ret ${cases.join(' ')} ELSE ret::VARCHAR END`,
  example: 'SELECT errno_name(-16)',
};
