import { CAN, type MigrationModel } from '../vfio/migration-state.js';
import { defineVfioPci, pciIds } from './driver.js';
import { everyArc } from './migration-arcs.js';

/** It copies while it runs when its firmware can. */
export const mlx5Migration = (preCopy: boolean): MigrationModel => ({
  ...everyArc,
  abilities: CAN.STOP_COPY | CAN.P2P | (preCopy ? CAN.PRE_COPY : 0),
});

/** VFs of ConnectX (kernel drivers/vfio/pci/mlx5 6.12). */
export const mlx5VfioPci = defineVfioPci({
  name: 'mlx5_vfio_pci',
  probe: 'mlx5vf_pci_probe',
  table: pciIds(0x15b3, 0x101e),
  migration: mlx5Migration(true),
});
