import { BDF_PATTERN } from '../../traces/index.js';
import type { Message } from './fact.js';

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
/**
 * Driver and device as dev_printk() puts them before its message (drivers/base/core.c), a PCI function
 * or a mediated device; services of ports were called `0000:00:1c.0:pcie004` before 4.19.
 */
const DEVICE = new RegExp(
  `^(?<driver>[\\w.+-]{1,40}) (?<device>${BDF_PATTERN}|${UUID})(?::pcie\\d+)?(?::[ \\t]?|(?=[ ,])|$)`,
);
/** The same of devices of other buses, such as `arm-smmu-v3 8806000000.iommu: `. */
const OTHER = /^[\w-]{1,40} [\w.:-]{1,60}: /;
/** What dev_printk() calls devices without a driver, by their bus. */
const BUSES = new Set(['pci', 'mdev']);

/** Takes a message apart. */
export function messageOf(text: string): Message {
  const match = DEVICE.exec(text);
  const length = match?.[0].length ?? OTHER.exec(text)?.[0].length ?? 0;
  const driver = match?.groups?.driver;
  return {
    text,
    driver: driver === undefined || BUSES.has(driver) ? undefined : driver,
    device: match?.groups?.device,
    body: text.slice(length),
  };
}
