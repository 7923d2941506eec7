import { BDF_PATTERN } from '../../traces/index.js';
import type { Message } from './kernel-fact.js';

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
/**
 * Driver and device as dev_printk() puts them before its message (drivers/base/core.c), a PCI
 * function or a mediated device; services of ports were called `0000:00:1c.0:pcie004` before 4.19.
 */
const DEVICE = new RegExp(
  String.raw`^([\w.+-]{1,40}) (${BDF_PATTERN}|${UUID})(?::pcie\d+)?` +
    String.raw`(?::[ \t]?|(?=[ ,])|$)`,
);
/** The same of devices of other buses, such as `arm-smmu-v3 8806000000.iommu: `. */
const OTHER = /^[\w-]{1,40} [\w.:-]{1,60}: /;
/** What dev_printk() calls devices without a driver, by their bus. */
const BUSES = new Set(['pci', 'mdev']);

/** Parses a message. */
export function messageOf(text: string): Message {
  const match = DEVICE.exec(text);
  if (match === null) {
    const length = OTHER.exec(text)?.[0].length ?? 0;
    return { text, driver: undefined, device: undefined, body: text.slice(length) };
  }
  const [{ length }, driver, device] = match;
  const body = text.slice(length);
  return { text, driver: BUSES.has(driver) ? undefined : driver, device, body };
}
