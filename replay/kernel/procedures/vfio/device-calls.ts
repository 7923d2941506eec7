/**
 * Ioctls of a device (kernel drivers/vfio/vfio_main.c, drivers/vfio/pci/vfio_pci_core.c 6.12).
 */
import { ERRNO } from '../../../../traces/index.js';
import { RPM_FLAG } from '../../../model/power/runtime-pm.js';
import { HARDWARE } from '../../../model/reason.js';
import {
  type DeviceArgument,
  type DeviceContext,
  deviceIoctl,
  feature,
  lowPowerChange,
  setsVfToken,
} from '../../../model/vfio/device-ioctl.js';
import { UNOWNED_OR_HARDWARE } from '../../../model/vfio/hot-reset.js';
import { ioctlFacts } from '../../../model/vfio/ioctl-numbers.js';
import { isLowPower, type LowPower } from '../../../model/vfio-pci-core/open-device.js';
import type { Kernel } from '../../kernel.js';
import { gives, joined, procedure, takes } from '../../steps.js';
import { FILE } from '../../vfio-cells.js';
import { isPowered, put } from '../power/counts.js';
import { enterLowPower, leaveLowPower, wakeByCall } from '../power/low-power.js';
import { releaseSet } from '../power/sets.js';
import {
  addressOf,
  fetched,
  fileOf,
  ioctlOf,
  isMediated,
  pointerOf,
  vdevOf,
  wordsOf,
} from './common.js';
import { setLock, setPower } from './device.js';
import { functionsOf, isOwnedByVfio } from './device-set.js';
import { setToken } from './held-tokens.js';
import { setIrqs } from './irqs.js';
import { memoryLock, zapMappings } from './memory.js';
import { asksMigration } from './migration.js';
import { checkGroupFiles, iommufdOwns, isBound, mayHotReset } from './reset.js';
import { keepOwn, variantOf } from './variant-hooks.js';

/** Bytes of a struct that the recorder fetches of a device's ioctl. */
const STRUCT_BYTES = 12;

function contextOf(k: Kernel): DeviceContext {
  const functions = functionsOf(k);
  return {
    busFunctions: functions.length,
    busOwned: functions.every((dev) => isOwnedByVfio(k, dev)),
    rootBus: addressOf(k).slice(5, 8) === '00:',
    isPf: k.placeOf(k.dev).sriov !== null,
    irqsSet: true,
    byCdev: isBound(k),
    iommufdOwns: isBound(k) ? iommufdOwns(k) : null,
    // Its files are looked up when they are needed.
    busGroups: [],
    passed: [],
    version: k.rules.version,
  };
}

/**
 * The file of the eventfd that a wake signals (`vfio_pci_core_pm_entry_with_wakeup`).
 * @returns 0 where a call has no such file, or an errno
 */
function wakeFileOf(k: Kernel, change: LowPower): number {
  const { files, answer } = ioctlOf(k);
  // The descriptor of a recorded call is not known: its result says what it was.
  if (change !== 'until resumed' || answer !== undefined) return Math.min(answer ?? 0, 0);
  const [name = null] = files;
  if (name === null) return -ERRNO.EINVAL;
  const file = fileOf(k, name);
  if (file === 0) return -ERRNO.EBADF;
  return k.world.file(file).kind === 'eventfd' ? file : -ERRNO.EINVAL;
}

/** VFIO_DEVICE_FEATURE; entering a low power state removes the mappings. */
function serveFeature(k: Kernel, argument: DeviceArgument): number {
  const device = k.vfio.openDevice(vdevOf(k));
  const flags = argument.words[1] ?? 0;
  const change = lowPowerChange(flags);
  // That it is in low power already is found last.
  const awake = device === null ? null : { ...device, lowPower: 'off' as const };
  const ret = feature(awake, argument, contextOf(k))?.[0] ?? -ERRNO.ENOTTY;
  if (ret === 0 && setsVfToken(flags)) setToken(k, k.dev);
  if (ret !== 0 || change === null) return ret;
  if (change === 'off') {
    leaveLowPower(k);
    return ret;
  }
  const isAgain = device !== null && isLowPower(device);
  const wake = wakeFileOf(k, change);
  if (wake < 0 && !(isAgain && ioctlOf(k).answer === wake)) return wake;
  zapMappings(k, k.dev);
  if (isAgain) return -ERRNO.EINVAL;
  enterLowPower(k, change, wake);
  return ret;
}

/** Enters or leaves a low power state, which takes `memory_lock`. */
const changesLowPower = (k: Kernel): boolean => {
  const words = wordsOf(ioctlOf(k));
  return ioctlOf(k).name === FEATURE && lowPowerChange(words[1] ?? 0) !== null;
};

/** `vfio_device_fops_unl_ioctl` returns: the device may go to sleep again. */
function leave(k: Kernel, ret: number): undefined {
  if (isPowered(k, k.dev)) put(k, k.dev);
  k.endCall(ret);
  return k.done(ret);
}

const FEATURE = 'VFIO_DEVICE_FEATURE';
const REGION_INFO = 'VFIO_DEVICE_GET_REGION_INFO';

const argumentOf = (k: Kernel): DeviceArgument => {
  const action = ioctlOf(k);
  return { address: pointerOf(action), words: wordsOf(action).slice(0, STRUCT_BYTES / 4) };
};

/** What an ioctl returns that changes nothing, or sets interrupts. */
function serve(k: Kernel): number {
  const { name, data } = ioctlOf(k);
  const device = k.vfio.openDevice(vdevOf(k))!;
  if (name === 'VFIO_DEVICE_SET_IRQS') {
    return data === null ? -ERRNO.EFAULT : setIrqs(k, k.dev, device);
  }
  const results = deviceIoctl(name, device, argumentOf(k), contextOf(k));
  return typeof results === 'string' ? -ERRNO.ENOTTY : (results?.[0] ?? 0);
}

/** What a variant answers itself; null for a call that it leaves to the core. */
function answerOfVariant(k: Kernel, name: string): number | null {
  const found = variantOf(k, k.dev);
  if (found === null) return null;
  const answer = found.variant.ioctl?.(found.own, name, wordsOf(ioctlOf(k)));
  keepOwn(k, k.dev, answer?.own);
  return answer?.by === 'driver' ? (answer.results?.[0] ?? null) : null;
}

export const DEVICE_IOCTL = [
  procedure('device_ioctl', {
    enter: (k) => {
      k.dev = k.get(k.vfio.file(k.arg) + FILE.dev);
      const action = ioctlOf(k);
      const { name } = action;
      const { number } = ioctlFacts(name);
      const place = { ioctl: name, value: number, device: addressOf(k), offset: pointerOf(action) };
      const data = fetched(action, STRUCT_BYTES);
      k.beginCall({ call: 'vfio_device_fops_unl_ioctl', ...place, data });
      if (isPowered(k, k.dev)) return k.call('rpm_resume', k.dev, 0, RPM_FLAG.GET_PUT);
      wakeByCall(k);
      return undefined;
    },
    route: joined((k) => {
      const action = ioctlOf(k);
      const { name } = action;
      const { number } = ioctlFacts(name);
      const place = { ioctl: name, value: number, device: addressOf(k), offset: pointerOf(action) };
      if (isMediated(k, k.dev)) return k.call('mdev_ioctl', k.dev, 0, 0, 'served');
      const answer = answerOfVariant(k, name);
      if (answer !== null) return leave(k, answer);
      if (name === FEATURE && asksMigration(k)) {
        return k.call('vfio_ioctl_device_feature_migration', k.dev, 0, 0, 'served');
      }
      if (name === FEATURE) return changesLowPower(k) ? 'lock' : 'feature';
      if (name === REGION_INFO && k.rules.regionInfoIsApart) return 'apart';
      k.beginCall({ call: 'vfio_pci_core_ioctl', ...place });
      if (name === 'VFIO_DEVICE_RESET') return k.call('vfio_pci_ioctl_reset', k.dev, 0, 0, 'done');
      if (name !== 'VFIO_DEVICE_PCI_HOT_RESET') return undefined;
      return k.call('vfio_pci_ioctl_pci_hot_reset', k.dev, 0, 0, 'done');
    }),
    serve: (k) => {
      const ret = serve(k);
      k.endCall(ret);
      return leave(k, ret);
    },
    apart: (k) => leave(k, serve(k)),
    done: joined((k) => {
      k.endCall(k.ret);
      return leave(k, k.ret);
    }),
    served: joined((k) => leave(k, k.ret)),
    lock: takes(memoryLock, (k) => {
      k.i = serveFeature(k, argumentOf(k));
    }),
    unlock: gives(memoryLock, (k) => leave(k, k.i)),
    feature: (k) => leave(k, serveFeature(k, argumentOf(k))),
  }),

  procedure('vfio_pci_ioctl_reset', {
    enter: (k) => {
      if (k.vfio.openDevice(vdevOf(k))?.resetWorks === false) return k.done(-ERRNO.EINVAL);
    },
    lock: takes(memoryLock, (k) => {
      zapMappings(k, k.dev);
    }),
    power: (k) => {
      setPower(k, k.dev, 0);
      k.call('pci_try_reset_function', k.dev);
    },
    reset: joined((k) => {
      k.i = k.ret;
    }),
    unlock: gives(memoryLock, (k) => k.done(k.i)),
  }),

  /** All devices of the set are reset, if the user shows that all of them are his. */
  procedure('vfio_pci_ioctl_pci_hot_reset', {
    enter: (k) => {
      // The drivers and users of the functions are checked with the set's lock.
      const context = { ...contextOf(k), busOwned: true, iommufdOwns: null };
      const results = deviceIoctl(ioctlOf(k).name, null, argumentOf(k), context);
      if (results !== HARDWARE && results !== UNOWNED_OR_HARDWARE) {
        return k.done(typeof results === 'string' ? -ERRNO.ENOTTY : (results?.[0] ?? 0));
      }
      const refused = checkGroupFiles(k);
      if (refused < 0) return k.done(refused);
      k.beginCall({ call: 'vfio_pci_dev_set_hot_reset' });
    },
    lock: takes(setLock, (k) => {
      if (isPowered(k, k.dev)) return k.call('vfio_pci_dev_set_pm_runtime_get', k.dev);
      return undefined;
    }),
    check: joined((k) => {
      k.i = mayHotReset(k);
      return k.i < 0 ? 'idle' : undefined;
    }),
    reset: (k) => {
      k.call('vfio_pci_dev_set_reset', k.dev);
    },
    resetDone: joined((k) => {
      k.i = k.ret;
    }),
    idle: joined((k) => {
      if (isPowered(k, k.dev)) releaseSet(k);
    }),
    unlock: gives(setLock, (k) => {
      k.endCall(k.i);
      k.done(k.i);
    }),
  }),
];
