import type { MacroDefinition } from './definition.js';

export const registerName: MacroDefinition = {
  type: 'macro',
  name: 'register_name',
  parameters: ['dev', 'pos'],
  doc:
    'Name of the register at a byte offset of a device’s configuration space. Registers of ' +
    'capabilities are named where the recording shows the capability list of the device.',
  sql: `coalesce((SELECT any_value(l.register) FROM config_layout_of(NULL) l
    WHERE l.device = dev AND l."offset" = pos), pci_register(pos))`,
  example: "SELECT register_name('0000:01:00.0', 4)",
};
