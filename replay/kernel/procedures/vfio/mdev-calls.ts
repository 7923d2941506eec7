/**
 * Mediated devices as their users open, call and close them. Their drivers answer by the rules of
 * `replay/model/mdev` (kernel samples/vfio-mdev 6.12).
 */
import { ERRNO } from '../../../../traces/index.js';
import {
  deviceCall,
  type MdevCall,
  type MdevDriver,
  type MdevUse,
  newUse,
} from '../../../model/mdev/index.js';
import { STATE } from '../../../model/vfio/migration-state.js';
import { IRQ_SET } from '../../../model/vfio/vfio-irqs.js';
import type { Kernel } from '../../kernel.js';
import { DEVICE } from '../../layout.js';
import type { IoctlAction } from '../../machine-spec.js';
import { joined, procedure } from '../../steps.js';
import { VDEV } from '../../vfio-cells.js';
import {
  actionOf,
  decided,
  fetched,
  fileOf,
  ioctlOf,
  pointerOf,
  vdevOf,
  wordsOf,
} from './common.js';
import { asksMigration, closeMigration, resetDone } from './migration.js';

/** The model of the driver that a device has; null without one. */
function modelOf(k: Kernel, dev: number): MdevDriver | null {
  const drv = k.get(dev + DEVICE.driver);
  return drv === 0 ? null : k.driverAt(drv).mdev;
}

/** A driver binds a device, which is as it is made. */
export function bindMdev(k: Kernel, dev: number, model: MdevDriver | null): void {
  const vdev = k.vdev(dev);
  k.vfio.put(vdev + VDEV.use, newUse());
  if (model === null || model.migration === null || k.rules.version < model.since) return;
  k.vfio.put(vdev + VDEV.migration, { state: STATE.RUNNING, file: null });
}

/** Its driver has released a device. */
export function forgetMdev(k: Kernel, dev: number): void {
  const vdev = k.vdev(dev);
  for (const member of ['use', 'migration', 'triggers', 'dataFile'] as const) {
    k.set(vdev + VDEV[member], 0);
  }
}

/** The words that every answer depends on. */
const HEADER_BYTES = 12;
const SET_IRQS = 'VFIO_DEVICE_SET_IRQS';
/** Vectors of each of its interrupts: one. */
const keyOf = (index: number): string => `${index}.0`;

/** The descriptor of SET_IRQS; nothing for other calls, and where a recording has the result. */
function eventfdOf(k: Kernel, { name, files, answer }: IoctlAction): Pick<MdevCall, 'eventfd'> {
  if (name !== SET_IRQS || answer !== undefined) return {};
  const [first] = files;
  if (first === undefined || first === null) return { eventfd: 'off' };
  return { eventfd: fileOf(k, first) === 0 ? 'bad' : 'open' };
}

/** The eventfd that a call of SET_IRQS sets, or removes. */
function keepTrigger(k: Kernel): void {
  const { name, files } = ioctlOf(k);
  const [, flags, index, , count] = wordsOf(ioctlOf(k));
  if (name !== SET_IRQS || (flags & IRQ_SET.TRIGGER) === 0) return;
  if ((flags & IRQ_SET.DATA_EVENTFD) === 0 && count > 0) return;
  const [first] = files;
  const file = first === undefined || first === null ? 0 : fileOf(k, first);
  k.vfio.put(vdevOf(k) + VDEV.triggers, file === 0 ? null : { [keyOf(index)]: file });
}

/** An ioctl that the driver answers. @returns what it returns */
function serve(k: Kernel, model: MdevDriver): number {
  const action = ioctlOf(k);
  const bytes = Math.max(HEADER_BYTES, action.data?.length ?? 0);
  const call = {
    name: action.name,
    argument: pointerOf(action),
    words: wordsOf({ ...action, data: fetched(action, bytes) }),
    ...eventfdOf(k, action),
  };
  const ret = k.vfio.change(vdevOf(k) + VDEV.use, (use: MdevUse) => {
    const { results, done } = deviceCall(use, model, call, k.rules.version);
    const decision = decided(action, results);
    done?.(decision);
    return decision;
  });
  if (ret === 0) keepTrigger(k);
  return ret;
}

export const MDEV_DEVICE = [
  procedure('mdev_open_device', { enter: (k) => k.done(0) }),

  /** Interrupts are turned off, and files of migration end; the state of migration stays. */
  procedure('mdev_close_device', {
    enter: (k) => {
      const vdev = vdevOf(k);
      closeMigration(k, k.dev);
      k.set(vdev + VDEV.triggers, 0);
      k.vfio.change(vdev + VDEV.use, (use: MdevUse) => {
        use.irq = ['none'];
      });
      k.done(0);
    },
  }),

  /** What a device's ioctl returns. */
  procedure('mdev_ioctl', {
    enter: (k) => {
      const model = modelOf(k, k.dev);
      if (model === null) return k.done(-ERRNO.ENOTTY);
      const { name } = ioctlOf(k);
      if (name === 'VFIO_DEVICE_FEATURE' && asksMigration(k)) {
        return k.call('vfio_ioctl_device_feature_migration', k.dev);
      }
      if (name === 'VFIO_DEVICE_RESET') resetDone(k, k.dev);
      return k.done(serve(k, model));
    },
    exit: joined((k) => k.done(k.ret)),
  }),

  /** A read or a write of a region, which no probe sees. */
  procedure('mdev_access', {
    enter: (k) => {
      const { region, count } = actionOf<'access'>(k);
      const results = modelOf(k, k.dev)?.access(region, count) ?? [-ERRNO.EINVAL];
      k.done(results[0]);
    },
  }),
];
