/**
 * What the text of a write to a binding attribute asks for, as the kernel parses it (kernel
 * drivers/base/bus.c, drivers/base/driver.c, drivers/pci/pci-driver.c, drivers/pci/pci-sysfs.c,
 * lib/kstrtox.c). Whether it is done, the result of the write says.
 */
import { parseUlong } from '../kernel-numbers.js';
import { type IdMatch, parseNewId } from './pci-ids.js';

export type Store =
  /** Null clears the override. */
  | { readonly type: 'override'; readonly driver: string | null }
  | { readonly type: 'bind'; readonly driver: string }
  | { readonly type: 'unbind'; readonly driver: string }
  | { readonly type: 'drivers_probe' }
  | { readonly type: 'new_id'; readonly driver: string; readonly entry: IdMatch }
  | { readonly type: 'remove_id'; readonly driver: string; readonly entry: IdMatch }
  | { readonly type: 'autoprobe'; readonly on: boolean };

/**
 * @param driver the driver whose attribute it is, when it is one of a driver
 * @returns null for an attribute that binds nothing, and for a text that the kernel refuses
 */
export function parseStore(attribute: string, driver: string | null, text: string): Store | null {
  switch (attribute) {
    case 'driver_override':
      return { type: 'override', driver: parseOverride(text) };
    case 'drivers_probe':
      return { type: 'drivers_probe' };
    case 'sriov_drivers_autoprobe': {
      const on = parseBool(text);
      return on === null ? null : { type: 'autoprobe', on };
    }
    case 'bind':
    case 'unbind':
      return driver === null ? null : { type: attribute, driver };
    case 'new_id':
    case 'remove_id': {
      const parsed = parseNewId(text);
      return driver === null || parsed === null
        ? null
        : { type: attribute, driver, entry: parsed.entry };
    }
    default:
      return null;
  }
}

/** The text up to the first newline; an empty one clears the override. */
export function parseOverride(text: string): string | null {
  const value = text.split('\n', 1)[0];
  return value === '' ? null : value;
}

/**
 * `kstrtobool`: yes, true, enable, 1, on and their opposites, by their first letters. Not all
 * kernels accept t, f, e and d (kernel lib/kstrtox.c 5.18, 7.0): the result of the write shows it.
 */
export function parseBool(text: string): boolean | null {
  const found = /^(?:([yYtTeE1]|[oO][nN])|([nNfFdD0]|[oO][fF]))/.exec(text);
  return found === null ? null : found[1] !== undefined;
}

/** Whether every kernel accepts the text as a boolean, if it is one at all. */
export const isOldBool = (text: string): boolean => !/^[tTfFeEdD]/.test(text);

/** `kstrtou16`; null as for {@link parseUlong}. */
export function parseU16(text: string): number | null {
  const value = parseUlong(text);
  return value === null || value > 0xffffn ? null : Number(value);
}
