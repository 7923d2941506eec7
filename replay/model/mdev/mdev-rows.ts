/** What mediated devices and the kernel's samples of them do, fact by fact. */
import { type ModelRow, rows } from '../drivers/model-row.js';

interface MdevModel {
  readonly name: string;
  readonly kernels: string;
  readonly rows: readonly ModelRow[];
}

export const MDEV_MODELS: readonly MdevModel[] = [
  {
    name: 'mdev',
    kernels: '6.1 to 7.3',
    rows: rows(
      'mdev',
      'drivers/vfio/mdev/mdev_core.c and mdev_sysfs.c 6.12',
      ['uuid', 'create: a text that is no UUID of 36 characters is -EINVAL'],
      ['taken', 'create: a UUID that is in use on any parent is -EEXIST'],
      ['full', 'create: without an instance left -EUSERS, or the errno of the driver'],
      ['remove', 'remove: a text that is no number is -EINVAL, 0 does nothing'],
      ['life', 'created, bound, opened, closed, released, removed, in this order'],
      ['removed-open', 'removing an open device waits until its user closes it'],
      ['parent-gone', 'a parent that is being unregistered: -ENODEV'],
      ['count', 'an instance is given back with the last reference'],
      [
        'uevent',
        'the parent sends MDEV_STATE=registered and unregistered',
        'uevents of parents are not recorded',
      ],
    ),
  },
  {
    name: 'mtty',
    kernels: '6.7 to 7.3',
    rows: rows(
      'mtty',
      'samples/vfio-mdev/mtty.c 6.12',
      ['regions', 'nine regions; BARs and configuration space can be read'],
      ['irqs', 'INTx and MSI, once GET_INFO was called'],
      ['features', 'migration, and tracking of dirty pages that accepts every call'],
      ['arcs', 'every arc of the state machine'],
      ['data', 'a file of a header of 24 bytes while it runs, and of its ports when it is stopped'],
      ['write-refused', 'a header that is wrong is -EFAULT, and counts as written'],
      ['too-short', 'leaving RESUMING with too little data is -EINVAL, the state stays'],
      ['precopy-info', 'argsz, state and closed file are checked in this order'],
      ['reset', 'a reset ends migration: RUNNING, files are closed'],
      ['ports', 'more ports than there are: -ENOSPC'],
      ['in-kernel', 'a scenario can use it'],
    ),
  },
  {
    name: 'mdpy',
    kernels: '6.1 to 7.3',
    rows: rows(
      'mdpy',
      'samples/vfio-mdev/mdpy.c 6.12',
      ['regions', 'nine regions and that of the display, 16'],
      ['no-irqs', 'SET_IRQS is -EINVAL'],
      ['no-migration', 'features of migration are -ENOTTY'],
      ['in-kernel', 'a scenario can use it'],
    ),
  },
  {
    name: 'mbochs',
    kernels: '6.1 to 7.3',
    rows: rows(
      'mbochs',
      'samples/vfio-mdev/mbochs.c 6.12',
      ['regions', 'ten regions, the last with the EDID of the monitor'],
      ['irq-info', 'it answers GET_IRQ_INFO before GET_INFO'],
      ['no-migration', 'features of migration are -ENOTTY'],
      ['dmabuf', 'a DMA buffer of number 0 is -ENOENT; others are not known'],
      ['in-kernel', 'a scenario can use it'],
    ),
  },
];
