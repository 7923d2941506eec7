/** VFs of HiSilicon's accelerators (kernel drivers/vfio/pci/hisilicon/hisi_acc_vfio_pci.c 6.12). */
import { ERRNO } from '../../../traces/index.js';
import { fileRules } from '../vfio/migration-file.js';
import { CAN, type MigrationModel, STATE } from '../vfio/migration-state.js';
import { lengthOf, resourceOf } from '../vfio-pci-core/pci-function.js';
import { defineVfioPci, pciIds } from './driver.js';
import { arcs, COPY } from './migration-arcs.js';
import { rows } from './model-row.js';
import { variant } from './variant.js';

const { STOP, RUNNING, STOP_COPY, PRE_COPY } = STATE;
const { EINVAL } = ERRNO;

/** What the PF, bound to its own driver, and the version of the hardware allow. */
const MIGRATION = 'migration';
/** Bytes of the part by which devices are compared, and of `struct acc_vf_data`. */
const MATCH_BYTES = 80;
const DATA_BYTES = 4096;

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
  errorErrno: EINVAL,
  afterReset: (state) => (preCopy ? state : RUNNING),
  files: fileRules('hisi_acc_vf_mig', MATCH_BYTES, DATA_BYTES, { drained: 0, tooShort: -EINVAL }),
  needs: MIGRATION,
});

/** BAR 2, whose second half controls the migration. */
const BAR = 2;

/** Bytes of BAR 2 that the user sees; 0 where the device cannot migrate, and all are. */
interface Hisi {
  readonly half: number;
}

/** The first half alone can be accessed. */
function access({ half }: Hisi, region: number, offset: number, count: number) {
  if (region !== BAR || half === 0) return { by: 'core' } as const;
  if (offset >= half) return { by: 'driver', ret: -EINVAL } as const;
  return { by: 'core', count: Math.min(count, half - offset) } as const;
}

export const hisiAccVfioPci = defineVfioPci({
  name: 'hisi_acc_vfio_pci',
  probe: 'hisi_acc_vfio_pci_probe',
  kernels: '5.18 to 7.3',
  table: pciIds(0x19e5, 0xa251, 0xa256, 0xa259),
  own: ['regions'],
  migration: hisiMigration(true),
  variant: variant<Hisi>({
    doors: {
      read: 'hisi_acc_vfio_pci_read',
      write: 'hisi_acc_vfio_pci_write',
      mmap: 'hisi_acc_vfio_pci_mmap',
    },
    probe: ({ fn, properties }) => ({
      half: properties[MIGRATION] === 1 ? lengthOf(resourceOf(fn, BAR)) / 2 : 0,
    }),
    region: ({ half }, index) =>
      index === BAR && half > 0 ? { size: half, mmap: true } : undefined,
    ioctl({ half }, name, [argsz, , index]) {
      if (name !== 'VFIO_DEVICE_GET_REGION_INFO' || index !== BAR || half === 0) return undefined;
      return { by: 'driver', results: [argsz < 32 ? -EINVAL : 0] };
    },
    read: (own, { region, offset, count }) => access(own, region, offset, count),
    write: (own, { region, offset, count }) => access(own, region, offset, count),
    mmap: ({ half }, region, offset, length) =>
      region === BAR && half > 0 && offset + length > half ? -EINVAL : undefined,
  }),
  rows: rows(
    'hisi-acc',
    'drivers/vfio/pci/hisilicon/hisi_acc_vfio_pci.c 6.12',
    ['ids', '19e5:a251, a256, a259 match by override only'],
    ['needs', 'without a PF bound to its driver and hardware of version 3 there is no migration'],
    ['half-info', 'BAR 2 has half of its size, READ, WRITE and MMAP'],
    ['half-access', 'an access from the middle of BAR 2 on is -EINVAL, one across it is cut'],
    ['half-mmap', 'a mapping past the middle of BAR 2 is -EINVAL'],
    ['half-without', 'a device that cannot migrate has all of BAR 2'],
    ['abilities', 'STOP_COPY and PRE_COPY, no P2P; STOP_COPY alone before 6.1'],
    ['arcs', 'RUNNING and STOP directly, PRE_COPY to STOP_COPY on the same file'],
    ['reset', 'the version without PRE_COPY: a reset ends migration'],
    ['reset-forgotten', 'the version with PRE_COPY: a reset leaves state and files as they are'],
    ['too-short', 'leaving RESUMING with less than the state: -EINVAL, the state stays'],
    ['write-too-long', 'a write of more than the state is -ENOMEM'],
    ['closed', 'reads and writes after the driver closed the file are -ENODEV'],
    [
      'busy',
      'stopping a device with busy queues is -EBUSY',
      'whether queues are busy only the hardware knows',
    ],
    [
      'copies-from-start',
      '6.1: each read and each write is of the start of the data',
      'the bytes are not modelled',
    ],
    [
      'pf-reset',
      'a reset of the PF makes the VF not ready',
      'how the PF driver informs its VFs of a reset is not modelled',
    ],
  ),
});
