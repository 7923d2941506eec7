/**
 * Writes to attributes of PCI functions and of their bus that bind nothing (kernel
 * drivers/pci/pci-sysfs.c, drivers/pci/pci.c and drivers/base/power/sysfs.c 6.1).
 */
import { ERRNO } from '../../../traces/index.js';
import { parseUlong } from '../../model/kernel-numbers.js';
import { parseControl } from '../../model/power/power-state.js';
import { anyOf, because, type Results } from '../../model/reason.js';
import type { StoreFrame } from '../engine/call-frames.js';
import { STIMULUS, type Verdict } from '../engine/verdict.js';
import { storeResult } from './store-result.js';

/** @returns null for any other attribute */
export function endPciStore(frame: StoreFrame, ret: number): Verdict | null {
  const { attribute, text } = frame;
  switch (attribute) {
    case 'remove':
    case 'rescan':
    case 'd3cold_allowed':
      return storeResult(frame, ofNumber(frame), ret);
    case 'power/control':
      return storeResult(frame, ofControl(frame), ret);
    case 'reset':
      // Hardware decides whether it can be reset.
      return parseUlong(text) === 1n && ret < 0
        ? STIMULUS
        : storeResult(frame, ofReset(frame), ret);
    case 'reset_method':
      return storeResult(frame, ofResetMethod(frame), ret);
    default:
      return null;
  }
}

const NO_NUMBER = because(ERRNO.EINVAL, 'it is no number');

const ofNumber = ({ text, count }: StoreFrame): Results =>
  parseUlong(text) === null ? NO_NUMBER : [count];

const ofControl = ({ text, count }: StoreFrame): Results =>
  parseControl(text) === null ? because(ERRNO.EINVAL, 'it is neither on nor auto') : [count];

function ofReset({ text, count }: StoreFrame): Results {
  const value = parseUlong(text);
  if (value === null) return NO_NUMBER;
  return value === 1n ? [count] : because(ERRNO.EINVAL, 'only 1 resets a function');
}

/** All that any release knows (`pci_reset_fn_methods`); cxl_bus came in 6.12. */
const RESET_METHODS = ['device_specific', 'acpi', 'flr', 'af_flr', 'pm', 'bus', 'cxl_bus'];
/**
 * `reset_method_store` (drivers/pci/pci-sysfs.c 6.19): names between spaces; hardware decides which
 * of them a function has, and from 6.18 on whether it wakes to say so.
 */
function ofResetMethod({ text, count }: StoreFrame): Results {
  const line = text.replace(/\n$/, '');
  if (line === '') return [count];
  const asleep = because(ERRNO.ENXIO, 'the function does not wake');
  if (line === 'default') return anyOf([count], asleep);
  const names = text.split(' ').map((name) => name.trim());
  const isKnown = names.every((name) => name === '' || RESET_METHODS.includes(name));
  return isKnown
    ? anyOf([count], asleep, because(ERRNO.EINVAL, 'the function cannot be reset in such a way'))
    : anyOf(asleep, because(ERRNO.EINVAL, 'there is no such way of resetting'));
}
