/** Accesses of the guest to devices that are passed through, and to those that QEMU emulates. */
import { REGION_CONFIG } from '../../../../traces/index.js';
import { type EventForm, form } from './event-form.js';

const ROM = 6;
const VGA = 8;

const config = { path: 'guest', region: REGION_CONFIG } as const;
const guest = { path: 'guest' } as const;
const rom = { path: 'guest', region: ROM } as const;
const vga = { path: 'guest', region: VGA } as const;

export const ACCESSES: readonly EventForm[] = [
  form(
    'vfio_pci_read_config',
    'config.read',
    '({device}, @{offset}, len={length}) {value}',
    config,
  ),
  form(
    'vfio_pci_write_config',
    'config.write',
    '({device}, @{offset}, {value}, len={length})',
    config,
  ),
  form('pci_cfg_read', 'config.read', '{text} {bdf} @{offset} -> {value}', config),
  form('pci_cfg_write', 'config.write', '{text} {bdf} @{offset} <- {value}', config),
  // QEMU 5 has no bus here.
  form('pci_cfg_read', 'config.read', '{text} {#}:{#} @{offset:x} -> {value:x}', config),
  form('pci_cfg_write', 'config.write', '{text} {#}:{#} @{offset:x} <- {value:x}', config),
  form(
    'vfio_region_read',
    'region.read',
    '({device}:region{region}+{offset}, {length}) = {value}',
    guest,
  ),
  form(
    'vfio_region_write',
    'region.write',
    '({device}:region{region}+{offset}, {value}, {length})',
    guest,
  ),
  form('vfio_rom_read', 'region.read', '({device}, {offset}, {length}) = {value}', rom),
  form('vfio_vga_read', 'region.read', '({offset}, {length}) = {value}', vga),
  form('vfio_vga_write', 'region.write', '({offset}, {value}, {length})', vga),
];
