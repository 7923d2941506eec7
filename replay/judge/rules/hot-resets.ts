/** The reset of all functions that can only be reset together, as a user requests it. */
import { ERRNO, errnoName } from '../../../traces/index.js';
import { driverModel } from '../../model/drivers/index.js';
import { DEVID } from '../../model/iommufd/index.js';
import { certainly, only } from '../../model/possible.js';
import { HARDWARE } from '../../model/reason.js';
import { fileAt } from '../../model/vfio/file-descriptors.js';
import {
  type Dependent,
  dependents,
  type HotResetContext,
  hotResetAnswer,
  type Passed,
  type UNOWNED_OR_HARDWARE,
  WRONG_FILES,
} from '../../model/vfio/hot-reset.js';
import type { IoctlCall } from '../../model/vfio/vfio-calls.js';
import { functionAt, openDeviceOf } from '../../model/vfio/vfio-state.js';
import { zap } from '../../model/vfio-pci-core/open-device.js';
import type { Engine } from '../engine/engine.js';
import { diverge, handedOn, STIMULUS, UNKNOWN, type Verdict } from '../engine/verdict.js';
import type { PciDevice } from '../machine/pci-device.js';
import { SET_RESET } from './hindsight.js';
import { devidOf, iommufdOwns, isByCdev } from './vfio-cdev.js';
import { judge } from './vfio-results.js';

export const HOT_RESET = 'VFIO_DEVICE_PCI_HOT_RESET';

const busOf = (address: string): string => address.slice(0, address.lastIndexOf(':') + 1);

const onBus = (engine: Engine, address: string): PciDevice[] =>
  [...engine.machine.devices].filter((d) => d.address.startsWith(busOf(address)));

/** A reset of the bus removes the mappings of all its devices without an event. */
export function learnHotReset(engine: Engine, address: string): void {
  for (const fn of engine.vfio.functions.values()) {
    const device = openDeviceOf(fn);
    if (device !== null && busOf(fn.address) === busOf(address)) zap(device);
  }
}

/**
 * The files that a user passes.
 * @param words of the argument as it was at the end of the call
 */
export function passedFiles(engine: Engine, process: number, words: readonly number[]): Passed[] {
  const { descriptors, openGroups, groupFiles, containerFiles } = engine.vfio;
  return words.slice(3, 3 + (words[2] ?? 0)).map((word) => {
    if ((word | 0) < 0) return 'closed';
    const file = fileAt(descriptors, process, word);
    // A file is wrong only if it is known to be another one.
    if (file === null) return 'unknown';
    const other = groupFiles.has(file) || containerFiles.has(file);
    return openGroups.get(file) ?? (other ? 'other' : 'unknown');
  });
}

/** What is known of the functions that a reset of a function's bus reaches. */
export function hotResetContext(
  engine: Engine,
  address: string,
): Omit<HotResetContext, 'passed' | 'version'> {
  const others = onBus(engine, address);
  const known = others.every((d) => only(d.visible) !== undefined);
  const present = others.filter((d) => certainly(d.visible, true));
  const listed = known && functionAt(engine.vfio, address).resources !== null;
  const drivers = present.map((d) => only(d.driver));
  const owned = drivers.every((d) => typeof d === 'string' && driverModel(d).vfioPci);
  const addresses = present.map((d) => d.address);
  return {
    busFunctions: listed ? present.length : null,
    busOwned: drivers.includes(undefined) ? null : owned,
    busGroups: present.map(({ group }) => group),
    rootBus: isWithoutBridge(engine, address),
    byCdev: isByCdev(engine, address),
    iommufdOwns: iommufdOwns(engine, addresses, address),
  };
}

/** A root bus, or a further bus of a PF for its VFs, which the kernel makes without a bridge. */
function isWithoutBridge(engine: Engine, address: string): boolean {
  const pf = engine.machine.find(address)?.physfn ?? null;
  return busOf(address).endsWith(':00:') || (pf !== null && busOf(pf) !== busOf(address));
}

/**
 * Compares what the kernel wrote into the argument of the question what a reset reaches.
 * @param words of the argument as it was at the end of the call
 * @returns null without a difference, or when the recording does not have the answer
 */
export function wrongAnswer(
  engine: Engine,
  call: IoctlCall,
  words: readonly number[],
  ret: number,
): Verdict | null {
  const address = call.device ?? '';
  const name = errnoName(ret);
  if (words.length < 3 || (ret !== 0 && name !== '-ENOSPC')) return null;
  const context = { ...hotResetContext(engine, address), passed: [], version: null };
  const expected = hotResetAnswer(context, ret === 0);
  const [, flags, count] = words;
  const path = `${address}/${call.name}`;
  if (expected.count !== null && expected.count !== count) {
    return diverge(path, `count ${expected.count}`, `count ${count}`);
  }
  const isOther = expected.flags !== null && expected.flags !== flags;
  if (isOther) return diverge(path, `flags ${expected.flags}`, `flags ${flags}`);
  if (ret !== 0) return null;
  const listed = dependents(words).slice(0, count);
  for (const one of listed) {
    const wrong = wrongDependent(engine, one, context, address);
    if (wrong !== null) return diverge(path, ...wrong);
  }
  return null;
}

/**
 * What is wrong with a function in the answer: what is expected, and what the kernel wrote. Null
 * without a difference, or when it is not known.
 */
function wrongDependent(
  engine: Engine,
  { address: other, id }: Dependent,
  { byCdev, busFunctions }: Pick<HotResetContext, 'byCdev' | 'busFunctions'>,
  address: string,
): readonly [expected: string, actual: string] | null {
  const device = engine.machine.find(other);
  if (device === undefined || busOf(other) !== busOf(address)) {
    const isWrong = busFunctions !== null && device === undefined;
    return isWrong ? ['a function that a reset reaches', other] : null;
  }
  if (byCdev === null) return null;
  const expected = byCdev ? devidInSet(engine, device, address) : device.group;
  if (expected === null || expected === id) return null;
  const word = byCdev ? 'id' : 'group';
  return [`${word} ${expected} of ${other}`, `${word} ${id} of ${other}`];
}

/** A function without a driver of VFIO is in no set of devices that are reset together. */
function devidInSet(engine: Engine, device: PciDevice, address: string): number | null {
  const driver = only(device.driver);
  if (driver === undefined) return null;
  const isOfVfio = driver !== null && driverModel(driver).vfioPci;
  return isOfVfio ? devidOf(engine, device.address, address) : DEVID.NOT_OWNED;
}

/** The result of a call whose arguments are good, or may be. */
export function hotResetVerdict(
  engine: Engine,
  { device, name, reached, reset }: IoctlCall,
  expected: typeof HARDWARE | typeof UNOWNED_OR_HARDWARE,
  ret: number,
): Verdict {
  const path = `${device}/${name}`;
  // The function that looks who owns what the reset reaches, and resets it, is recorded.
  if (reached === SET_RESET && reset !== null) return handedOn(path, reset, ret);
  if (expected === HARDWARE) {
    const isRefused = ret === -ERRNO.EINVAL || ret === -ERRNO.EBADF;
    return isRefused ? diverge(path, 'a reset', errnoName(ret)) : STIMULUS;
  }
  if (ret < 0 && engine.records(SET_RESET)) return judge(path, WRONG_FILES, ret);
  return ret === -ERRNO.EINVAL || ret === -ERRNO.EBADF ? UNKNOWN : STIMULUS;
}
