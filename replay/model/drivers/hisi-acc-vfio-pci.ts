import { ERRNO } from '../../../traces/index.js';
import { CAN, type MigrationModel, STATE } from '../vfio/migration-state.js';
import { defineVfioPci, pciIds } from './driver.js';
import { arcs, COPY } from './migration-arcs.js';

const { STOP, RUNNING, STOP_COPY, PRE_COPY } = STATE;

/**
 * No peer to peer. The version that can copy while running forgot that in the test of its reset
 * handler, which then does nothing.
 */
export const hisiMigration = (preCopy: boolean): MigrationModel => ({
  abilities: CAN.STOP_COPY | (preCopy ? CAN.PRE_COPY : 0),
  arcs: arcs(COPY, [
    [RUNNING, STOP, 'goes on'],
    [STOP, RUNNING, 'goes on'],
    [RUNNING, PRE_COPY, 'saves'],
    [PRE_COPY, RUNNING, 'closes'],
    [PRE_COPY, STOP_COPY, 'goes on'],
  ]),
  errorErrno: ERRNO.EINVAL,
  afterReset: (state) => (preCopy ? state : RUNNING),
});

/**
 * VFs of HiSilicon's accelerators (kernel drivers/vfio/pci/hisilicon 6.12). Its user sees only the
 * half of BAR 2 that the migration does not use.
 */
export const hisiAccVfioPci = defineVfioPci({
  name: 'hisi_acc_vfio_pci',
  probe: 'hisi_acc_vfio_pci_probe',
  table: pciIds(0x19e5, 0xa251, 0xa256, 0xa259),
  own: ['regions'],
  migration: hisiMigration(true),
});
