/** What native drivers answer to probes, written down. */
import type { Kernel, NativeDrivers } from '../kernel/index.js';

export interface ProbeAnswer {
  readonly driver: string;
  readonly device: string;
  readonly ret: number;
}

/** Drivers that do what others do, and add each answer to a list. */
export const notedDrivers = (
  drivers: NativeDrivers,
  k: Kernel,
  answers: ProbeAnswer[],
): NativeDrivers => ({
  probe: (thread) => {
    const ret = drivers.probe(thread);
    const device = k.placeOf(k.dev).address;
    answers.push({ driver: k.driverAt(k.drv).name, device, ret });
    return ret;
  },
  claim: (thread) => drivers.claim(thread),
  vfsInProbe: (thread) => drivers.vfsInProbe(thread),
  disablesVfs: (thread) => drivers.disablesVfs(thread),
  failure: (thread) => drivers.failure(thread),
});
