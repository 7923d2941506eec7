/** VFs of Intel's GPUs (kernel drivers/vfio/pci/xe/main.c 6.19). */
import { ERRNO } from '../../../traces/index.js';
import { fileRules } from '../vfio/migration-file.js';
import { CAN, type MigrationModel, STATE } from '../vfio/migration-state.js';
import { defineVfioPci, pciIds } from './driver.js';
import { arcs, COPY, PEER_TO_PEER } from './migration-arcs.js';
import { rows } from './model-row.js';

/** Ids of Panther Lake, Wildcat Lake, and Battlemage (include/drm/intel/pciids.h 7.3). */
const PANTHER_LAKE = [
  ...[0xb080, 0xb081, 0xb082, 0xb083, 0xb084, 0xb085, 0xb086, 0xb087],
  ...[0xb08f, 0xb090, 0xb0a0, 0xb0b0],
];
const WILDCAT_LAKE = [0xfd80, 0xfd81];
const BATTLEMAGE = [
  ...[0xe202, 0xe209, 0xe20b, 0xe20c, 0xe20d, 0xe210, 0xe211, 0xe212, 0xe216],
  ...[0xe220, 0xe221, 0xe222, 0xe223],
];

const STATE_BYTES = 8192;

/** The PF gives and receives the data; stopping the device also stops DMA to its peers. */
const migration: MigrationModel = {
  abilities: CAN.STOP_COPY | CAN.P2P,
  arcs: arcs(COPY, PEER_TO_PEER),
  errorErrno: ERRNO.EINVAL,
  afterReset: () => STATE.RUNNING,
  files: fileRules('xe_vfio_mig', STATE_BYTES, STATE_BYTES, { tellsRest: false }),
  needs: 'migration',
  since: 6019,
};

export const xeVfioPci = defineVfioPci({
  name: 'xe-vfio-pci',
  probe: 'xe_vfio_pci_probe',
  kernels: '6.19 to 7.3',
  table: pciIds(0x8086, ...PANTHER_LAKE, ...WILDCAT_LAKE, ...BATTLEMAGE),
  migration,
  rows: rows(
    'xe',
    'drivers/vfio/pci/xe/main.c 6.19',
    ['abilities', 'STOP_COPY and P2P'],
    ['needs', 'without a PF whose driver can, there is no migration'],
    ['arcs', 'arcs of saving, loading, and stopping by P2P'],
    ['closed', 'reads and writes after the driver closed the file are -ENODEV; pread is -ESPIPE'],
    ['no-info', 'its files have no ioctls: GET_PRECOPY_INFO is -ENOTTY'],
    ['reset', 'a reset ends migration: RUNNING, files are closed'],
    ['no-dirty', 'it does not track dirty pages: -ENOTTY'],
    ['ids', 'functions of Panther Lake, Wildcat Lake and Battlemage match by override only'],
    [
      'error-handling',
      'a state without a way makes the PF treat the VF as failed',
      'what the PF driver does for a VF that has failed is not modelled',
    ],
    ['flr', 'reset_done waits for the PF', 'it only waits: no call returns anything else'],
  ),
});
