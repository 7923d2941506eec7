/**
 * Runtime power management of a device (kernel drivers/base/power/runtime.c 6.1, 6.12): its states,
 * and when it may be suspended. A PCI function has no runtime error, its runtime PM is enabled as
 * long as it can be found, and it has no children.
 */
import { ERRNO } from '../../../traces/index.js';

/** `enum rpm_status` (include/linux/pm.h 6.12). */
export const RPM = { ACTIVE: 0, RESUMING: 1, SUSPENDED: 2, SUSPENDING: 3 } as const;
export type RpmStatus = (typeof RPM)[keyof typeof RPM];

/** How a function of runtime PM was called (include/linux/pm_runtime.h 6.12). */
export const RPM_FLAG = { ASYNC: 1, NOWAIT: 2, GET_PUT: 4, AUTO: 8 } as const;

/** By status, what `power/runtime_status` shows. */
export const STATUS_NAMES: readonly string[] = ['active', 'resuming', 'suspended', 'suspending'];

/** What decides whether a device is suspended. */
export interface RuntimeState {
  /** `usage_count`. */
  readonly usage: number;
  readonly status: number;
  /** `idle_notification`: a thread is between a notification and what follows from it. */
  readonly isNotifying: boolean;
}

/**
 * The result of `rpm_idle`, before it notifies the bus.
 * @returns 0: the bus is notified; otherwise an errno
 */
export function idleResult({ usage, status, isNotifying }: RuntimeState): number {
  if (usage > 0 || status !== RPM.ACTIVE) return -ERRNO.EAGAIN;
  return isNotifying ? -ERRNO.EINPROGRESS : 0;
}

/**
 * The result of `rpm_suspend`, before it calls the bus.
 * @param flags `RPM_FLAG`
 * @returns 0: the bus is called; 1: it is suspended already; otherwise an errno; null: the thread
 *   waits for another one that suspends the device, and begins again
 */
export function suspendResult({ usage, status }: RuntimeState, flags: number): number | null {
  if (usage > 0) return -ERRNO.EAGAIN;
  if (status === RPM.SUSPENDED) return 1;
  if (status === RPM.RESUMING && (flags & RPM_FLAG.ASYNC) === 0) return -ERRNO.EAGAIN;
  if (status !== RPM.SUSPENDING) return 0;
  return (flags & (RPM_FLAG.ASYNC | RPM_FLAG.NOWAIT)) === 0 ? null : -ERRNO.EINPROGRESS;
}

/** A thread suspends or resumes the device: others that need it wait. */
export const isChanging = (status: number): boolean =>
  status === RPM.RESUMING || status === RPM.SUSPENDING;
