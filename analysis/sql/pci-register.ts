import { HEADER } from '../config/register-map.js';
import type { MacroDefinition } from './definition.js';

const cases = HEADER.map(
  ([first, bytes, name]) => `WHEN pos BETWEEN ${first} AND ${first + bytes - 1} THEN '${name}'`,
);

export const pciRegister: MacroDefinition = {
  type: 'macro',
  name: 'pci_register',
  parameters: ['pos'],
  doc:
    'Name of the register at a byte offset of configuration space, for header type 0. ' +
    'Registers of capabilities, which each function has elsewhere, are given by their ' +
    'offset.',
  sql: `CASE ${cases.join(' ')} ELSE printf('0x%03x', pos) END`,
  example: 'SELECT pci_register(4)',
};
