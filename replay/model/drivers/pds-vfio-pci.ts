/** VFs of AMD Pensando's cards (kernel drivers/vfio/pci/pds/vfio_dev.c, lm.c, dirty.c 6.12). */
import { ERRNO } from '../../../traces/index.js';
import { fileRules } from '../vfio/migration-file.js';
import { arc, CAN, type MigrationModel, STATE } from '../vfio/migration-state.js';
import { defineVfioPci, pciIds } from './driver.js';
import { arcs, COPY, PEER_TO_PEER } from './migration-arcs.js';
import { rows } from './model-row.js';
import { variant } from './variant.js';

/** Bytes of the state: the device's choice, one page. */
const STATE_BYTES = 4096;

/** An event of its firmware leads to state ERROR, which only a reset leaves. */
export const pdsMigration: MigrationModel = {
  abilities: CAN.STOP_COPY | CAN.P2P,
  arcs: arcs(COPY, PEER_TO_PEER),
  errorErrno: ERRNO.EIO,
  afterReset: () => STATE.RUNNING,
  // The file that the driver has dropped is empty.
  files: fileRules('pds_vfio_lm', STATE_BYTES, STATE_BYTES, {
    tooLong: -ERRNO.EINVAL,
    closedRead: (position) => (position > 0 ? -ERRNO.EINVAL : 0),
    closedWrite: -ERRNO.EINVAL,
    tellsRest: false,
  }),
  logs: 'strictly',
  unlogs: [arc(STATE.STOP_COPY, STATE.STOP)],
};

export const pdsVfioPci = defineVfioPci({
  name: 'pds_vfio_pci',
  probe: 'pds_vfio_pci_probe',
  kernels: '6.6 to 7.3',
  table: pciIds(0x1dd8, 0x1003),
  migration: pdsMigration,
  variant: variant<object>({
    doors: {},
    probe: ({ fn }) => (fn.isVf ? {} : -ERRNO.ENODEV),
  }),
  rows: rows(
    'pds',
    'drivers/vfio/pci/pds 6.12',
    ['ids', '1dd8:1003 matches by override only'],
    ['vf-only', 'the probe of a function that is not a VF fails'],
    ['abilities', 'STOP_COPY and P2P'],
    ['arcs', 'arcs of saving, loading, and stopping by P2P'],
    ['illegal', 'PRE_COPY and other states without a way: -EINVAL'],
    ['error', 'in state ERROR every request is -EIO, that for ERROR, too'],
    ['error-left', 'a reset leads from ERROR to RUNNING'],
    ['closed-read', 'a dropped file: a read at its start gives 0, one after it -EINVAL'],
    ['closed-write', 'a write to a dropped file is -EINVAL'],
    ['write-too-long', 'a write past the buffer is -EINVAL when it writes nothing'],
    ['dirty', 'tracking: started twice, or stopped or reported without it, -EINVAL'],
    ['dirty-ends', 'STOP_COPY to STOP ends tracking'],
    [
      'empty-state',
      'a state of size 0: STOP to STOP_COPY is -EIO',
      'results of the hardware come from the recording',
    ],
    [
      'pf-event',
      'an event of the firmware leads to ERROR by the deferred reset',
      'events of the firmware come by the PF driver, and no probe of the recorder sees them',
    ],
    [
      'client',
      'registration with pds_core of the PF fails the probe',
      'it comes after the device is registered with VFIO, where a probe has no hook',
    ],
  ),
});
