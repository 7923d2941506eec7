/**
 * Writes to attributes of PCI functions and of their bus that bind nothing (kernel
 * drivers/pci/pci-sysfs.c and drivers/base/power/sysfs.c 6.1).
 */
import { ERRNO } from '../../../traces/index.js';
import { parseUlong } from '../../model/kernel-numbers.js';
import { parseControl } from '../../model/power/power-state.js';
import { because, type Results } from '../../model/reason.js';
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
    default:
      return null;
  }
}

const NO_NUMBER = because(ERRNO.EINVAL, 'it is no number');

const ofNumber = ({ text, count }: StoreFrame): Results =>
  typeof parseUlong(text) === 'bigint' ? [count] : NO_NUMBER;

const ofControl = ({ text, count }: StoreFrame): Results =>
  parseControl(text) === null ? because(ERRNO.EINVAL, 'it is neither on nor auto') : [count];

function ofReset({ text, count }: StoreFrame): Results {
  const value = parseUlong(text);
  if (value === 'invalid') return NO_NUMBER;
  if (value === 'range') return because(ERRNO.ERANGE, 'the number is too large');
  return value === 1n ? [count] : because(ERRNO.EINVAL, 'only 1 resets a function');
}
