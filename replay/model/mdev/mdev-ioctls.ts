/**
 * Ioctls of mediated devices: their results and their effects (mtty_ioctl, mdpy_ioctl,
 * mbochs_ioctl, kernel samples/vfio-mdev 6.12).
 */
import { ERRNO } from '../../../traces/index.js';
import type { Results } from '../vfio/device-ioctl.js';
import { feature, stateOutcomes } from '../vfio/migration-features.js';
import { resetMigration, STATE } from '../vfio/migration-state.js';
import type { MdevDriver } from './mdev-driver.js';
import type { Mdev } from './mdev-state.js';
import { setIrqs } from './mtty-irqs.js';

/** A call as it was recorded. */
export interface MdevCall {
  readonly name: string;
  /** Address of the argument. */
  readonly argument: number;
  /** First words of the argument; empty when they were not recorded. */
  readonly words: readonly number[];
}

/** The possible results of a call, and a function that applies the actual one. */
interface Prediction {
  readonly results: Results;
  readonly done?: (ret: number) => void;
}

const INVALID: Prediction = { results: [-ERRNO.EINVAL] };
const MISSING: Prediction = { results: [-ERRNO.ENOTTY] };
const FAULT: Prediction = { results: [-ERRNO.EFAULT] };
const SUCCESS: Prediction = { results: [0] };
const EITHER: Prediction = { results: [0, -ERRNO.EINVAL] };
const NOT_TOLD: Prediction = { results: null };

type Model = (mdev: Mdev, driver: MdevDriver, words: readonly number[]) => Prediction;

const MODELS: Readonly<Record<string, Model>> = {
  VFIO_DEVICE_GET_INFO: info,
  VFIO_DEVICE_GET_REGION_INFO: regionInfo,
  VFIO_DEVICE_GET_IRQ_INFO: irqInfo,
  VFIO_DEVICE_SET_IRQS: interrupts,
};

/**
 * Predicts a call on an open device.
 * @param version of the kernel, as major * 1000 + minor; null when it is not known
 */
export function deviceCall(
  mdev: Mdev,
  driver: MdevDriver,
  { name, argument, words }: MdevCall,
  version: number | null,
): Prediction {
  if (name === 'VFIO_DEVICE_RESET') return { results: [0], done: () => reset(mdev, driver) };
  // Nothing of the argument is read.
  if (name === 'VFIO_DEVICE_SET_IRQS' && !driver.setsIrqs) return INVALID;
  const model = name === 'VFIO_DEVICE_FEATURE' ? features(version) : MODELS[name];
  if (model === undefined && driver.own(name, [0, 0, 0]) === undefined) return MISSING;
  if (argument === 0) return FAULT;
  if (words.length < 3) return NOT_TOLD;
  const result = model?.(mdev, driver, words) ?? { results: driver.own(name, words) ?? null };
  // An argument that the kernel cannot read, no recording can either.
  if (result.results === null || words.some((word) => word !== 0)) return result;
  return { ...result, results: [...result.results, -ERRNO.EFAULT] };
}

function info(mdev: Mdev, _driver: MdevDriver, [argsz]: readonly number[]): Prediction {
  if (argsz < 16) return INVALID;
  return {
    results: [0],
    done: (ret) => {
      if (ret === 0) mdev.asked = true;
    },
  };
}

function regionInfo(
  _mdev: Mdev,
  driver: MdevDriver,
  [argsz, , index]: readonly number[],
): Prediction {
  if (argsz < 32) return INVALID;
  const has = driver.hasRegion(index, argsz);
  if (has === null) return EITHER;
  return has ? SUCCESS : INVALID;
}

function irqInfo(
  { asked }: Mdev,
  driver: MdevDriver,
  [argsz, , index]: readonly number[],
): Prediction {
  if (argsz < 16 || !driver.hasIrq(index)) return INVALID;
  if (!driver.limitsAsked || asked === true) return SUCCESS;
  return asked === false ? INVALID : EITHER;
}

function interrupts(mdev: Mdev, _driver: MdevDriver, words: readonly number[]): Prediction {
  const uses = mdev.irq === 'unknown' ? (['none', 'intx', 'msi'] as const) : mdev.irq;
  const limits = mdev.asked === null ? [true, false] : [mdev.asked];
  const all = uses.flatMap((use) => limits.flatMap((limited) => setIrqs(use, words, limited)));
  return {
    results: [...new Set(all.map(({ ret }) => ret))],
    done: (ret) => {
      const left = new Set(all.filter((o) => o.ret === ret).map(({ use }) => use));
      mdev.irq = left.size === 0 ? 'unknown' : [...left];
    },
  };
}

const features =
  (version: number | null): Model =>
  (mdev, driver, words) => {
    const results = feature(driver, words, version);
    return results === 'state' ? state(mdev, driver, words[2]) : { results };
  };

function state(mdev: Mdev, driver: MdevDriver, target: number): Prediction {
  const { migration } = mdev;
  if (migration === null) {
    const known = target > STATE.ERROR && target <= STATE.PRE_COPY_P2P;
    const done = (ret: number) => {
      if (ret === 0) mdev.migration = { state: target as typeof STATE.STOP, file: null };
    };
    return known ? { results: null, done } : INVALID;
  }
  const outcomes = stateOutcomes(driver, migration, target);
  return {
    results: [...new Set(outcomes.map(({ ret }) => ret))],
    done: (ret) => {
      mdev.migration = outcomes.find((o) => o.ret === ret)?.migration ?? null;
    },
  };
}

function reset(mdev: Mdev, { migration: model }: MdevDriver): void {
  if (model === null) return;
  const { migration } = mdev;
  mdev.migration =
    migration === null ? { state: STATE.RUNNING, file: null } : resetMigration(model, migration);
}
