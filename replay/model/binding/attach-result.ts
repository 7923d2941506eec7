import { ERRNO } from '../../../traces/index.js';

/**
 * What `device_driver_attach` makes of the result of an attempt: who binds by hand gets the errno
 * of the probe, and -EAGAIN for one that is put off (kernel drivers/base/dd.c 6.1).
 */
export function attachResult(attempt: number): number {
  const expected = attempt > 0 ? -attempt : attempt;
  return expected === -ERRNO.EPROBE_DEFER ? -ERRNO.EAGAIN : expected;
}
