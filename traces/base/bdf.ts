import type { Brand } from '../units.js';

/** PCI address `dddd:bb:dd.f`, lower case hexadecimal, as sysfs prints it. */
export type Bdf = Brand<string, 'Bdf'>;

/**
 * A PCI address with its domain, as the source of a regular expression. The kernel prints domains
 * as `%04x`: at least four digits, and more for the domains from 10000 up that VMD creates
 * (drivers/pci/controller/vmd.c).
 */
export const BDF_PATTERN = '[0-9a-fA-F]{4,8}:[0-9a-fA-F]{2}:[01][0-9a-fA-F]\\.[0-7]';

/** The same with an optional domain, as lspci and people write it. */
export const SHORT_BDF_PATTERN = BDF_PATTERN.replace(/^[^:]+:/, (domain) => `(?:${domain})?`);

const BDF = new RegExp(`^${BDF_PATTERN}$`);
const SHORT_BDF = new RegExp(`^${SHORT_BDF_PATTERN}$`);

/** The PCI address in `text`, or null when `text` is not exactly one with its domain. */
export function parseBdf(text: string): Bdf | null {
  return BDF.test(text) ? (text.toLowerCase() as Bdf) : null;
}

/**
 * The PCI address in `text`, with domain 0 if it names no domain; null when `text` is not exactly
 * one address.
 */
export function parseShortBdf(text: string): Bdf | null {
  if (!SHORT_BDF.test(text)) return null;
  const lower = text.toLowerCase();
  return (lower.indexOf(':') === 2 ? `0000:${lower}` : lower) as Bdf;
}

/**
 * PCI address from its numbers.
 * @param devfn device in bits 7..3, function in bits 2..0 (Linux `PCI_DEVFN`)
 */
export function formatBdf(domain: number, bus: number, devfn: number): Bdf {
  const hex = (value: number, width: number) => value.toString(16).padStart(width, '0');
  return `${hex(domain, 4)}:${hex(bus, 2)}:${hex(devfn >> 3, 2)}.${devfn & 7}` as Bdf;
}
