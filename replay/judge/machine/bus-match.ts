/** `pci_bus_match`: whether a driver matches a device (kernel drivers/pci/pci-driver.c 6.1). */
import { matchesWith } from '../../model/binding/autoprobe-gate.js';
import { type Possible, possibly } from '../../model/possible.js';
import type { Machine } from './machine.js';
import type { PciDevice } from './pci-device.js';

/** True, false, or null when it is not known or depends on the order of threads. */
export type MatchAnswer = boolean | null;

/**
 * Whether `driver` matches now.
 * @param override what the override may be; callers that hold the device lock see another value
 *   than those that do not
 */
export function matches(
  machine: Machine,
  device: PciDevice,
  driver: string,
  override: Possible<string | null>,
): MatchAnswer {
  if (device.bindable === 'unknown') return null;
  if (!possibly(device.bindable, true)) return false;
  const answers = new Set<MatchAnswer>();
  if (possibly(device.bindable, false)) answers.add(false);
  if (override === 'unknown') return null;
  for (const wanted of override) answers.add(withOverride(machine, device, driver, wanted));
  return answers.size === 1 ? [...answers][0] : null;
}

const withOverride = (
  { claims }: Machine,
  { ids }: PciDevice,
  driver: string,
  override: string | null,
): MatchAnswer =>
  matchesWith(driver, override, () => (ids === null ? null : claims.claims(driver, ids)));

/** Whether `driver` matches with one of the overrides that there may be, once it may be matched. */
export const matchesSomehow = (
  machine: Machine,
  device: PciDevice,
  driver: string,
  override: Possible<string | null>,
): boolean =>
  override !== 'unknown' &&
  override.some((wanted) => withOverride(machine, device, driver, wanted) === true);

/** Whether `driver` can match at all, in some order of concurrent operations. */
export function mayMatch(
  machine: Machine,
  device: PciDevice,
  driver: string,
  override: Possible<string | null>,
): boolean {
  if (!possibly(device.bindable, true)) return false;
  if (override === 'unknown') return true;
  return override.some((wanted) => withOverride(machine, device, driver, wanted) !== false);
}
