/**
 * The low power features of a device: what a call engages, and what ends it (kernel
 * drivers/vfio/pci/vfio_pci_core.c 6.1).
 */
import { entersLowPower, lowPowerChange } from '../../model/vfio/device-ioctl.js';
import type { IoctlCall } from '../../model/vfio/vfio-calls.js';
import type { OpenDevice } from '../../model/vfio-pci-core/open-device.js';
import type { Engine } from '../engine/engine.js';
import { openOf } from './vfio-effects.js';

const FEATURE = 'VFIO_DEVICE_FEATURE';
const RESUME = 'rpm_resume';
const RETURN = 'rpm_return_int';

const flagsOf = (call: IoctlCall): number => call.words[1] ?? 0;

/** A call of a feature has succeeded. */
export function learnLowPower(engine: Engine, call: IoctlCall, device: OpenDevice): void {
  const change = lowPowerChange(flagsOf(call));
  if (change === null) return;
  device.lowPower = change;
  if (change !== 'until resumed') return;
  // Sysfs resumes the device, too, to read configuration space, which other events do not show.
  const { suspended = -1, unnamed = false } = engine.vfio.runtimePm.get(call.device ?? '') ?? {};
  const shows = engine.records(RESUME) && engine.records(RETURN) && !unnamed;
  // It may have been suspended, and resumed again, before the call returned.
  if (!shows || suspended > call.seq) device.lowPower = 'unknown';
}

/** Whether an open device may be suspended: its user has given it up, or is just doing so. */
export const maySleep = (engine: Engine, device: OpenDevice, address: string): boolean =>
  device.lowPower !== 'off' || isEntering(engine, address);

function isEntering(engine: Engine, address: string): boolean {
  for (const calls of engine.vfio.calls.values()) {
    for (const call of calls) {
      if (call.type !== 'ioctl' || call.device !== address || call.name !== FEATURE) continue;
      if (entersLowPower(flagsOf(call))) return true;
    }
  }
  return false;
}

/** The device was suspended, and is resumed: that ends what lasts until then. */
export function resumed(engine: Engine, address: string): void {
  const device = openOf(engine, address);
  if (device === null) return;
  device.power = 0;
  if (device.lowPower === 'until resumed') device.lowPower = 'off';
}
