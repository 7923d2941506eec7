/** Resets, and recovery from PCIe errors (Linux drivers/pci/pci.c, drivers/pci/pcie). */
import { arg, member, pciDev, span } from './probe-builders.js';
import type { Probe } from './probe-definition.js';

const ofFunction = {
  group: 'power',
  fetch: { dev: pciDev(1) },
  columns: { device: 'dev' },
} as const;

/** `value` is the bus number; a slot has a pointer to its bus. */
const ofBus = (path: string) =>
  ({
    group: 'power',
    kind: 'reset',
    fetch: { bus: member(1, 'u8', path) },
    columns: { value: 'bus' },
  }) as const;

const RESETS: readonly Probe[] = [
  ...[
    'pci_try_reset_function',
    'pci_reset_function',
    'pci_reset_function_locked',
    '__pci_reset_function_locked',
    'pcie_flr',
    'pci_reset_bus',
  ].flatMap((symbol) => span({ ...ofFunction, symbol, kind: 'reset' })),
  // The bridge keeps its state; the devices below it are reset.
  ...span({
    ...ofFunction,
    symbol: 'pci_bridge_secondary_bus_reset',
    kind: 'reset',
    columns: { text: 'dev' },
  }),
  ...span({ ...ofBus('pci_bus.number'), symbol: '__pci_reset_bus' }),
  ...span({ ...ofBus('pci_bus.number'), symbol: 'pci_try_reset_bus' }),
  ...span({ ...ofBus('pci_slot.bus.number'), symbol: 'pci_try_reset_slot' }),
  ...span({
    symbol: 'vfio_pci_dev_set_hot_reset',
    module: 'vfio_pci_core',
    group: 'power',
    kind: 'reset',
  }),
];

const withState = {
  ...ofFunction,
  kind: 'recovery',
  fetch: { dev: pciDev(1), state: arg(2, 'u32') },
  columns: { device: 'dev', value: 'state' },
} as const;

/**
 * `value` is the state of the channel (enum pci_channel_state: 1 normal, 2 frozen, 3 gone), `ret`
 * the result of one driver or of all (enum pci_ers_result, include/linux/pci.h). Each step visits
 * the functions below the port one by one.
 */
const RECOVERY: readonly Probe[] = [
  ...span({ ...withState, symbol: 'pcie_do_recovery' }),
  ...span({ ...withState, symbol: 'report_error_detected' }),
  ...[
    'dpc_reset_link',
    'aer_root_reset',
    'report_frozen_detected',
    'report_normal_detected',
    'report_mmio_enabled',
    'report_slot_reset',
    'report_resume',
  ].flatMap((symbol) => span({ ...ofFunction, symbol, kind: 'recovery' })),
  ...span({
    ...withState,
    symbol: 'vfio_pci_core_aer_err_detected',
    module: 'vfio_pci_core',
  }),
];

export const RECOVERIES: readonly Probe[] = [...RESETS, ...RECOVERY];
