/** Power management of a function that is there when a run begins. */
import { newPower, PCI_POWER } from '../../../model/power/power-state.js';
import { RPM } from '../../../model/power/runtime-pm.js';
import type { Kernel } from '../../kernel.js';
import { POWER } from '../../layout.js';
import type { Driver } from '../../place.js';
import { idlesInD0, latchIdleParameter } from './idle-parameter.js';
import { sleepOf } from './runtime.js';

/**
 * A native driver keeps its function in use. One of vfio-pci-core has let it go to sleep, as nobody
 * has it open yet.
 */
export function startPower(k: Kernel, dev: number, driver: Driver | null): void {
  const power = k.power(dev);
  const isIdle = driver?.model.vfioPci === true;
  if (isIdle) latchIdleParameter(k, dev, driver);
  const isAsleep = isIdle && !idlesInD0(k, dev);
  k.set(power + POWER.forbidden, Number(!isIdle));
  k.set(power + POWER.usage, Number(!isIdle) + Number(driver !== null && !isAsleep));
  k.set(power + POWER.driver, Number(driver !== null));
  k.set(power + POWER.status, isAsleep ? RPM.SUSPENDED : RPM.ACTIVE);
  const state = driver === null ? newPower(k.rules.version) : PCI_POWER.D0;
  k.set(power + POWER.state, isAsleep ? sleepOf(k, dev) : state);
}
