import type { MacroDefinition } from './definition.js';

/**
 * Registers of configuration space by their first byte (Linux include/uapi/linux/pci_regs.h): those
 * of every function, and those of an endpoint (header type 0).
 */
const REGISTERS: readonly (readonly [first: number, bytes: number, name: string])[] = [
  [0x00, 2, 'vendor'],
  [0x02, 2, 'device'],
  [0x04, 2, 'command'],
  [0x06, 2, 'status'],
  [0x08, 1, 'revision'],
  [0x09, 3, 'class'],
  [0x0c, 1, 'cache_line_size'],
  [0x0d, 1, 'latency_timer'],
  [0x0e, 1, 'header_type'],
  [0x0f, 1, 'bist'],
  [0x10, 4, 'bar0'],
  [0x14, 4, 'bar1'],
  [0x18, 4, 'bar2'],
  [0x1c, 4, 'bar3'],
  [0x20, 4, 'bar4'],
  [0x24, 4, 'bar5'],
  [0x28, 4, 'cardbus_cis'],
  [0x2c, 2, 'subsystem_vendor'],
  [0x2e, 2, 'subsystem_device'],
  [0x30, 4, 'rom'],
  [0x34, 1, 'capabilities'],
  [0x3c, 1, 'interrupt_line'],
  [0x3d, 1, 'interrupt_pin'],
  [0x3e, 1, 'min_gnt'],
  [0x3f, 1, 'max_lat'],
];

const cases = REGISTERS.map(
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
