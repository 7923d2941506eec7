/** VFs of ConnectX (kernel drivers/vfio/pci/mlx5/main.c and cmd.c 6.12). */
import { fileRules } from '../vfio/migration-file.js';
import { CAN, type MigrationModel } from '../vfio/migration-state.js';
import { defineVfioPci, pciIds } from './driver.js';
import { everyArc } from './migration-arcs.js';
import { rows } from './model-row.js';

/**
 * Bytes that the firmware gives are the device's choice: a record's header and one page while the
 * device runs, and three pages in all.
 */
const INITIAL = 16 + 4096;
const WHOLE = INITIAL + 16 + 8192;

/** It copies while it runs when its firmware can. */
export const mlx5Migration = (preCopy: boolean): MigrationModel => ({
  ...everyArc,
  abilities: CAN.STOP_COPY | CAN.P2P | (preCopy ? CAN.PRE_COPY : 0),
  files: fileRules('mlx5vf_mig', INITIAL, WHOLE),
  needs: 'migration',
  logs: 'strictly',
});

const MAIN = 'drivers/vfio/pci/mlx5/main.c 6.12';

export const mlx5VfioPci = defineVfioPci({
  name: 'mlx5_vfio_pci',
  probe: 'mlx5vf_pci_probe',
  kernels: '5.18 to 7.3',
  table: pciIds(0x15b3, 0x101e),
  migration: mlx5Migration(true),
  rows: [
    ...rows(
      'mlx5',
      MAIN,
      ['ids', '15b3:101e matches by override only'],
      [
        'needs',
        'without a PF bound to mlx5_core, and firmware that can, the core serves everything',
      ],
      ['abilities', 'STOP_COPY and P2P; PRE_COPY if the firmware can'],
      ['arcs', 'every arc of the state machine, with the file that each opens or closes'],
      [
        'illegal',
        'states without a way, without the ability, ERROR, and numbers of no state: -EINVAL',
      ],
      [
        'save-and-resume',
        'STOP_COPY to RESUMING is legal: the way passes STOP, and opens another file',
      ],
      ['failed-arc', 'an arc that fails leaves the device in the state that it has reached'],
      ['read', 'a read gives what there is, 0 at the end; pread is -ESPIPE'],
      ['read-drained', 'a read while the device runs is -ENOMSG when the data is used up'],
      ['closed', 'reads and writes after the driver closed the file are -ENODEV'],
      ['write-too-long', 'a write of more than the state is -ENOMEM'],
      ['wrong-direction', 'writing to the file of a save, or reading that of a load, is -EBADF'],
      [
        'precopy-info',
        'GET_PRECOPY_INFO: -EINVAL for a short argsz and while the device does not copy',
      ],
      ['reset', 'a reset ends migration: RUNNING, files are closed'],
      ['deferred-reset', 'a reset while a state is being set has its effect after that'],
      ['dirty', 'tracking: started twice, or stopped or reported without it, -EINVAL'],
      [
        'nonblocking',
        'a read with O_NONBLOCK before data has come is -EAGAIN',
        'saved data is there at once, and no recording has the flags of a file',
      ],
      [
        'record-tag',
        'a record with an unknown tag that is mandatory is -EOPNOTSUPP',
        'the bytes that are written are not recorded',
      ],
      [
        'precopy-error',
        'leaving PRE_COPY after an error of the save is -EIO with the files closed',
        'errors of the firmware are not modelled',
      ],
      [
        'detached',
        'after the PF driver was unloaded commands are -ENOTCONN',
        'the notifier of the PF driver is not modelled',
      ],
    ),
  ],
});
