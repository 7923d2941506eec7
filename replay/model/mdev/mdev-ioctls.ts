/**
 * Ioctls of mediated devices: their results and their effects (mtty_ioctl, mdpy_ioctl,
 * mbochs_ioctl, kernel samples/vfio-mdev 6.12).
 */
import { ERRNO } from '../../../traces/index.js';
import { anyOf, because } from '../reason.js';
import type { Results } from '../vfio/device-ioctl.js';
import { feature, stateOutcomes } from '../vfio/migration-features.js';
import { resetMigration, STATE } from '../vfio/migration-state.js';
import type { MdevDriver } from './mdev-driver.js';
import type { MdevUse } from './mdev-state.js';
import { type EventfdArgument, setIrqs } from './mtty-irqs.js';

/** A call as it was recorded. */
export interface MdevCall {
  readonly name: string;
  /** Address of the argument. */
  readonly argument: number;
  /** First words of the argument; empty when they were not recorded. */
  readonly words: readonly number[];
  /** The descriptor of SET_IRQS; left out when it is not known. */
  readonly eventfd?: EventfdArgument;
}

/** The possible results of a call, and a function that applies the actual one. */
interface Prediction {
  readonly results: Results;
  readonly done?: (ret: number) => void;
}

const invalid = (text: string, ...cells: readonly string[]): Prediction => ({
  results: because(ERRNO.EINVAL, text, ...cells),
});
const tooSmall = (argsz: number, least: number) => invalid(`argsz is ${argsz}, less than ${least}`);
const UNREADABLE = because(ERRNO.EFAULT, 'the argument cannot be read');
const SUCCESS: Prediction = { results: [0] };
const EITHER: Prediction = { results: [0, -ERRNO.EINVAL] };
const NOT_TOLD: Prediction = { results: null };

type Model = (
  mdev: MdevUse,
  driver: MdevDriver,
  words: readonly number[],
  eventfd?: EventfdArgument,
) => Prediction;

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
  mdev: MdevUse,
  driver: MdevDriver,
  { name, argument, words, eventfd }: MdevCall,
  version: number | null,
): Prediction {
  if (name === 'VFIO_DEVICE_RESET') return { results: [0], done: () => reset(mdev, driver) };
  // Nothing of the argument is read.
  if (name === 'VFIO_DEVICE_SET_IRQS' && !driver.setsIrqs) {
    return invalid(`${driver.name} sets no interrupts`);
  }
  const model = name === 'VFIO_DEVICE_FEATURE' ? features(version) : MODELS[name];
  if (model === undefined && driver.own(name, [0, 0, 0]) === undefined) {
    return { results: because(ERRNO.ENOTTY, `${driver.name} has no call ${name}`) };
  }
  if (argument === 0) return { results: UNREADABLE };
  if (words.length < 3) return NOT_TOLD;
  const result = model?.(mdev, driver, words, eventfd) ?? {
    results: driver.own(name, words) ?? null,
  };
  // An argument that the kernel cannot read, no recording can either.
  if (result.results === null || words.some((word) => word !== 0)) return result;
  return { ...result, results: anyOf(result.results, UNREADABLE) };
}

function info(mdev: MdevUse, _driver: MdevDriver, [argsz]: readonly number[]): Prediction {
  if (argsz < 16) return tooSmall(argsz, 16);
  return {
    results: [0],
    done: (ret) => {
      if (ret === 0) mdev.asked = true;
    },
  };
}

function regionInfo(
  _mdev: MdevUse,
  driver: MdevDriver,
  [argsz, , index]: readonly number[],
): Prediction {
  if (argsz < 32) return tooSmall(argsz, 32);
  const has = driver.hasRegion(index, argsz);
  if (has === null) return EITHER;
  return has ? SUCCESS : invalid(`${driver.name} has no region ${index}`);
}

function irqInfo(
  { asked }: MdevUse,
  driver: MdevDriver,
  [argsz, , index]: readonly number[],
): Prediction {
  if (argsz < 16) return tooSmall(argsz, 16);
  if (!driver.hasIrq(index)) return invalid(`${driver.name} has no interrupt index ${index}`);
  if (!driver.limitsAsked || asked === true) return SUCCESS;
  return asked === false ? invalid('VFIO_DEVICE_GET_INFO was not called before') : EITHER;
}

function interrupts(
  mdev: MdevUse,
  _driver: MdevDriver,
  words: readonly number[],
  eventfd?: EventfdArgument,
): Prediction {
  const uses = mdev.irq === 'unknown' ? (['none', 'intx', 'msi'] as const) : mdev.irq;
  const limits = mdev.asked === null ? [true, false] : [mdev.asked];
  const all = uses.flatMap((use) =>
    limits.flatMap((limited) => setIrqs(use, words, limited, eventfd)),
  );
  return {
    results: anyOf(...all.map(({ ret, why }) => (why === null ? [ret] : because(-ret, why)))),
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

function state(mdev: MdevUse, driver: MdevDriver, target: number): Prediction {
  const { migration } = mdev;
  if (migration === null) {
    const known = target > STATE.ERROR && target <= STATE.PRE_COPY_P2P;
    const done = (ret: number) => {
      if (ret === 0) mdev.migration = { state: target as typeof STATE.STOP, file: null };
    };
    return known ? { results: null, done } : invalid(`${target} is no state that can be asked for`);
  }
  const outcomes = stateOutcomes(driver, migration, target);
  const text = `no way leads from migration state ${migration.state} to ${target}`;
  const results = outcomes.map(({ ret }) => (ret < 0 ? because(-ret, text) : [ret]));
  return {
    results: anyOf(...results),
    done: (ret) => {
      mdev.migration = outcomes.find((o) => o.ret === ret)?.migration ?? null;
    },
  };
}

function reset(mdev: MdevUse, { migration: model }: MdevDriver): void {
  if (model === null) return;
  const { migration } = mdev;
  mdev.migration =
    migration === null ? { state: STATE.RUNNING, file: null } : resetMigration(model, migration);
}
