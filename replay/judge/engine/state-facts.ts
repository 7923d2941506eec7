/** A replayed state, as expressions see it. */
import type { Call, Value } from '../../expressions/index.js';
import { certainly, only, possibly } from '../../model/possible.js';
import type { PciDevice } from '../machine/pci-device.js';
import type { Engine } from './engine.js';

/**
 * A fact of the state. Undefined: the recording does not determine it, or it is not one of a state.
 * A function that is not there has no driver, no override and no VFs.
 */
export function stateFact(engine: Engine, { fact, of }: Call): Value | undefined {
  const [first, second] = of;
  if (fact === 'bound') return boundTo(engine, String(first));
  const device = typeof first === 'string' ? engine.machine.find(first) : undefined;
  if (device === undefined) return undefined;
  const isGone = certainly(device.visible, false);
  switch (fact) {
    case 'exists':
      return only(device.visible);
    case 'driver':
      return isGone ? null : boundDriver(engine, device);
    case 'override':
      return isGone ? null : only(engine.override(device));
    case 'numvfs':
      return isGone || device.sriov === null ? 0 : only(device.sriov.numVfs);
    case 'autoprobe':
      return device.sriov === null ? undefined : only(device.sriov.autoprobe);
    case 'probing':
      return isProbing(engine, device, String(second));
    default:
      return undefined;
  }
}

/** A driver that is only trying to have the function is not bound to it yet. */
function boundDriver(engine: Engine, device: PciDevice): Value | undefined {
  const driver = only(device.driver);
  const attempt = engine.frames.onDevice(device, 'really_probe');
  return attempt !== null && attempt.driver === driver && !attempt.bound ? null : driver;
}

/** In the driver's own probe function, which not every recording has. */
function isProbing({ frames }: Engine, device: PciDevice, driver: string): boolean | undefined {
  if (frames.onDevice(device, 'driver_probe')?.driver === driver) return true;
  return frames.onDevice(device, 'pci_device_probe')?.driver === driver ? undefined : false;
}

function boundTo(engine: Engine, driver: string): number | undefined {
  let count = 0;
  for (const device of engine.machine.devices) {
    if (certainly(device.visible, false)) continue;
    const bound = boundDriver(engine, device);
    if (bound === undefined && possibly<string | null>(device.driver, driver)) return undefined;
    if (bound === driver) count++;
  }
  return count;
}
