import { formatBdf, type Kind, SHORT_BDF_PATTERN } from '../../traces/index.js';

/** What a message says, in the columns of its event. */
export interface KernelFact {
  readonly kind: Kind;
  /** Missing for a message of no known form. */
  readonly name?: string | undefined;
  /** PCI address in the form of the message, or the UUID of a mediated device. */
  readonly device?: string | undefined;
  readonly driver?: string | undefined;
  readonly region?: number | undefined;
  readonly offset?: bigint | undefined;
  readonly length?: bigint | undefined;
  readonly value?: bigint | undefined;
  readonly ret?: bigint | undefined;
}

/** A parsed message. */
export interface Message {
  /** All of it. */
  readonly text: string;
  /** Driver that dev_printk() put in front; what it calls a device without one is no driver. */
  readonly driver: string | undefined;
  /** Device that dev_printk() put in front. */
  readonly device: string | undefined;
  /** The rest of the message. */
  readonly body: string;
}

export type Groups = Readonly<Record<string, string | undefined>>;

export interface MessageRule {
  /** What a message of this rule contains, as a regular expression that is quickly tried. */
  readonly hint: string;
  /** Matched against the body. */
  readonly pattern: RegExp;
  readonly fact: (groups: Groups, message: Message) => KernelFact | null;
}

/** A PCI address with or without its domain. */
export const BDF = `(?<device>${SHORT_BDF_PATTERN})`;

/**
 * A hexadecimal number with or without 0x; undefined when it is not one or has more than 64 bits.
 */
export function hex(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^(?:0x)?[0-9a-f]{1,16}$/i.test(text)) return undefined;
  return BigInt(text.startsWith('0x') ? text : `0x${text}`);
}

export function decimal(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^-?\d{1,18}$/.test(text)) return undefined;
  return BigInt(text);
}

/** Address of a requester id: bus in bits 15..8, devfn below (PCIe base specification 2.2.6.2). */
export function requester(id: string | undefined, domain: string | undefined): string | undefined {
  if (id === undefined || !/^(?:0x)?[0-9a-f]{1,4}$/i.test(id)) return undefined;
  const number = Number.parseInt(id, 16);
  return formatBdf(Number.parseInt(domain ?? '0', 16), number >> 8, number & 0xff);
}

/** Domain of a PCI address that has one. */
export const domainOf = (device: string | undefined): string | undefined =>
  device !== undefined && device.split(':').length === 3 ? device.split(':', 1)[0] : undefined;
