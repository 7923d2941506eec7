import { ERRNO } from '../../../traces/index.js';

/**
 * The result of `device_driver_attach` for the result of an attempt: a user who binds by hand gets
 * the errno of the probe, and -EAGAIN for a deferred one (kernel drivers/base/dd.c 6.1).
 */
export function attachResult(attempt: number): number {
  const expected = attempt > 0 ? -attempt : attempt;
  return expected === -ERRNO.EPROBE_DEFER ? -ERRNO.EAGAIN : expected;
}
