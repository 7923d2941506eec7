import { ERRNO } from '../machine/errno.js';
import { CAN, type MigrationModel, STATE } from '../vfio/migration.js';
import { defineVfioPci, pciIds } from './driver.js';
import { arcs, COPY, PEER_TO_PEER } from './migration-arcs.js';

const { RUNNING, STOP_COPY, RUNNING_P2P, PRE_COPY, PRE_COPY_P2P } = STATE;

/** It copies while it runs when its firmware can. */
export const mlx5Migration = (preCopy: boolean): MigrationModel => ({
  abilities: CAN.STOP_COPY | CAN.P2P | (preCopy ? CAN.PRE_COPY : 0),
  arcs: arcs(COPY, PEER_TO_PEER, [
    [RUNNING, PRE_COPY, 'saves'],
    [RUNNING_P2P, PRE_COPY_P2P, 'saves'],
    [PRE_COPY, RUNNING, 'closes'],
    [PRE_COPY_P2P, RUNNING_P2P, 'closes'],
    [PRE_COPY, PRE_COPY_P2P, 'goes on'],
    [PRE_COPY_P2P, PRE_COPY, 'goes on'],
    [PRE_COPY_P2P, STOP_COPY, 'goes on'],
  ]),
  errorErrno: ERRNO.EINVAL,
  afterReset: () => RUNNING,
});

/** VFs of ConnectX (kernel drivers/vfio/pci/mlx5 6.12). */
export const mlx5VfioPci = defineVfioPci({
  name: 'mlx5_vfio_pci',
  probe: 'mlx5vf_pci_probe',
  table: pciIds(0x15b3, 0x101e),
  migration: mlx5Migration(true),
});
