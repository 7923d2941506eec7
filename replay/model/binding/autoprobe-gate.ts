/** The two questions that decide whether a driver is tried on a PCI function. */
import { certainly, type Possible } from '../possible.js';

/**
 * `pci_match_device`: if an override is set, only that driver matches, whatever its id table says
 * (kernel drivers/pci/pci-driver.c 6.1).
 * @param claims whether the driver has the function's ids; null when that is not known
 */
export const matchesWith = <T extends boolean | null>(
  driver: string,
  override: string | null,
  claims: () => T,
): boolean | T => (override === null ? claims() : override === driver);

/**
 * `pci_device_can_probe`: a VF is left alone while its PF's sriov_drivers_autoprobe is off, unless
 * it has an override (kernel drivers/pci/pci-driver.c 6.1).
 */
export const gateIsOpen = (isVf: boolean, autoprobe: boolean, override: string | null): boolean =>
  !isVf || autoprobe || override !== null;

/**
 * The same for uncertain values.
 * @returns whether the driver may probe; `unknown` if that is not determined
 */
export function autoprobeGate(
  isVf: boolean,
  autoprobe: Possible<boolean>,
  override: Possible<string | null>,
): Possible<boolean> {
  if (!isVf || certainly(autoprobe, true)) return [true];
  if (override !== 'unknown' && !override.includes(null)) return [true];
  if (override === 'unknown' || autoprobe === 'unknown') return 'unknown';
  const answers = override.flatMap((o) => autoprobe.map((on) => gateIsOpen(isVf, on, o)));
  return [true, false].filter((answer) => answers.includes(answer));
}
