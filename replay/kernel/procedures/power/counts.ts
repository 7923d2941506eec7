/**
 * Runtime power management without waiting: usage counts, requests, events (kernel
 * drivers/base/power/runtime.c, include/trace/events/rpm.h 6.12). Each is done with `power.lock`
 * held, and so within one step.
 */
import { ERRNO } from '../../../../traces/index.js';
import { newPower, PCI_POWER } from '../../../model/power/power-state.js';
import {
  idleResult,
  isChanging,
  RPM_FLAG,
  type RuntimeState,
} from '../../../model/power/runtime-pm.js';
import type { RUNTIME_EVENTS, RuntimeEvent } from '../../functions.js';
import { withPower } from '../../hardware.js';
import type { Kernel } from '../../kernel.js';
import { DEVICE, POWER, POWER_CELLS, THREAD } from '../../layout.js';
import { VDEV } from '../../vfio-cells.js';

/** Whether the power management of a function is followed: mediated devices have none. */
export const isPowered = (k: Kernel, dev: number): boolean =>
  k.world.hasPower && !k.placeOf(dev).mediated;

export const powerOf = (k: Kernel): number => k.power(k.dev);

export function runtimeState(k: Kernel, dev: number): RuntimeState {
  const power = k.power(dev);
  return {
    usage: k.get(power + POWER.usage),
    status: k.get(power + POWER.status),
    isNotifying: k.get(power + POWER.notifying) !== 0,
  };
}

/** A function is about to be called, or a count changed. @param depth `disable_depth` */
export function event(
  k: Kernel,
  dev: number,
  name: Exclude<keyof typeof RUNTIME_EVENTS, 'rpm_return_int'>,
  flags: number,
  depth = 0,
): void {
  if (k.recorder === null) return;
  const power = k.power(dev);
  const device = k.placeOf(dev).address;
  const usage = k.get(power + POWER.usage);
  const auto = 1 - k.get(power + POWER.forbidden);
  const pending = k.get(power + POWER.pending);
  const text =
    `${device} flags-${flags.toString(16)} cnt-${String(usage).padEnd(2)} ` +
    `dep-${String(depth).padEnd(2)} auto-${auto} p-${pending} irq-0 child-0`;
  k.runtimeEvent({ name, device, value: usage, text });
}

/** A function returns. The place in it that the kernel prints is not known here: it is 0. */
export function returned(k: Kernel, dev: number, from: RuntimeEvent['name'], ret: number): void {
  if (k.recorder === null) return;
  const device = k.placeOf(dev).address;
  const text = `${from}+0x0/0x0:${device} ret=${ret}`;
  k.runtimeEvent({ name: 'rpm_return_int', device, value: ret, text });
}

/** `rpm_idle` with RPM_ASYNC: a worker will notify the bus that the function is idle. */
export function requestIdle(k: Kernel, dev: number, flags: number = RPM_FLAG.ASYNC): void {
  event(k, dev, 'rpm_idle', flags);
  const ret = idleResult(runtimeState(k, dev));
  if (ret === 0) {
    const power = k.power(dev);
    k.set(power + POWER.request, 1);
    k.set(power + POWER.pending, 1);
    startWorker(k, dev);
  }
  returned(k, dev, 'rpm_idle', ret);
}

/** The worker of a place that is at work looks for more when it has done that. */
function startWorker(k: Kernel, dev: number): void {
  const thread = k.powerWorkers + k.placeOf(dev).index;
  if (k.get(k.threadRecord(thread) + THREAD.frame) === 0) {
    k.start(thread, 'pm_runtime_work', dev, 0, 0);
  }
}

/** `pm_runtime_get_noresume`. */
export const hold = (k: Kernel, dev: number): void => k.set(usageOf(k, dev), usage(k, dev) + 1);

/** `pm_runtime_put_noidle`. */
export const drop = (k: Kernel, dev: number): void => k.set(usageOf(k, dev), usage(k, dev) - 1);

const usageOf = (k: Kernel, dev: number): number => k.power(dev) + POWER.usage;
const usage = (k: Kernel, dev: number): number => k.get(usageOf(k, dev));

/** `pm_runtime_put`: the last user requests a notification that the function is idle. */
export function put(
  k: Kernel,
  dev: number,
  flags: number = RPM_FLAG.GET_PUT | RPM_FLAG.ASYNC,
): void {
  drop(k, dev);
  if (usage(k, dev) === 0) requestIdle(k, dev, flags);
  else event(k, dev, 'rpm_usage', flags);
}

/** `pm_runtime_allow`: `power/control` becomes `auto`. */
export function allow(k: Kernel, dev: number): void {
  const forbidden = k.power(dev) + POWER.forbidden;
  if (k.get(forbidden) === 0) return;
  k.set(forbidden, 0);
  put(k, dev, RPM_FLAG.AUTO | RPM_FLAG.ASYNC);
}

/** `pci_pm_init`: runtime PM of a new function is forbidden, before it is enabled. */
export function initPower(k: Kernel, dev: number): void {
  const power = k.power(dev);
  k.set(power + POWER.usage, 1);
  k.set(power + POWER.forbidden, 1);
  k.set(power + POWER.state, newPower(k.rules.version));
  event(k, dev, 'rpm_resume', 0, 1);
  returned(k, dev, 'rpm_resume', -ERRNO.EACCES);
}

/** Whether no thread is suspending or resuming the function, or notifying the bus. */
export function isSettled(k: Kernel, dev: number): boolean {
  const { status, isNotifying } = runtimeState(k, dev);
  return !isChanging(status) && !isNotifying;
}

/** `pm_runtime_remove`: a function that has gone has no power management any more. */
export function clearPower(k: Kernel, dev: number): void {
  for (let i = 0; i < POWER_CELLS; i++) k.set(k.power(dev) + i, 0);
}

/** Whether the function has a driver of vfio-pci-core, whose callbacks are the core's. */
export function callsVfio(k: Kernel, dev: number): boolean {
  const drv = k.get(dev + DEVICE.driver);
  return hasDriver(k, dev) && k.driverAt(drv).model.vfioPci;
}

/** Whether callbacks of a driver are called (`pci_dev->driver`). */
export const hasDriver = (k: Kernel, dev: number): boolean =>
  k.get(k.power(dev) + POWER.driver) !== 0;

/** The PCI core has put the function into a power state. An open device shows it to its user. */
export function setState(k: Kernel, dev: number, state: number): void {
  if (isPowered(k, dev)) k.set(k.power(dev) + POWER.state, state);
  const vdev = k.vdev(dev);
  const open = k.vfio.openDevice(vdev);
  if (open === null || open.power === state) return;
  k.vfio.changeDevice(vdev, (draft) => {
    draft.power = state;
  });
  const { config } = k.placeOf(dev);
  if (state <= PCI_POWER.D3HOT) {
    k.vfio.put(vdev + VDEV.config, withPower(k.vfio.config(vdev, config), state));
  }
}
