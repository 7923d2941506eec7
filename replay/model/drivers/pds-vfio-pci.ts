import { ERRNO } from '../../../traces/index.js';
import { CAN, type MigrationModel, STATE } from '../vfio/migration-state.js';
import { defineVfioPci, pciIds } from './driver.js';
import { arcs, COPY, PEER_TO_PEER } from './migration-arcs.js';

/** An event of its firmware leads to state ERROR, which only a reset leaves. */
export const pdsMigration: MigrationModel = {
  abilities: CAN.STOP_COPY | CAN.P2P,
  arcs: arcs(COPY, PEER_TO_PEER),
  errorErrno: ERRNO.EIO,
  afterReset: () => STATE.RUNNING,
};

/** VFs of AMD Pensando's cards (kernel drivers/vfio/pci/pds 6.12). */
export const pdsVfioPci = defineVfioPci({
  name: 'pds_vfio_pci',
  probe: 'pds_vfio_pci_probe',
  table: pciIds(0x1dd8, 0x1003),
  migration: pdsMigration,
});
