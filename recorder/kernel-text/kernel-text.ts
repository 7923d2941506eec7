import { BDF_PATTERN, parseShortBdf } from '../../traces/index.js';
import { AER } from './aer-messages.js';
import { DRIVERS } from './driver-messages.js';
import { IOMMU } from './iommu-messages.js';
import type { KernelFact, Message, MessageRule } from './kernel-fact.js';
import { LOSSES } from './loss-messages.js';
import { messageOf } from './message-device.js';
import { POWER, RESETS } from './reset-messages.js';
import { RESOURCES } from './resource-messages.js';
import { SMMU } from './smmu-messages.js';

const RULES: readonly MessageRule[] = [
  ...[IOMMU, SMMU, AER, DRIVERS, RESETS, POWER, RESOURCES, LOSSES].flat(),
];
/** Rejects in one pass messages of no known form, which most are. */
const ANY = new RegExp([...new Set(RULES.map(({ hint }) => hint))].join('|'));
/** A device that is named within a text. */
const NAMED = new RegExp(`(?:^|[^0-9a-fA-F:])(${BDF_PATTERN})(?![0-9a-fA-F.])`);

/**
 * The kernel's own limit is about 1000 bytes a message; the patterns are not for text without end.
 */
const MESSAGE_LENGTH_MAX = 8192;

/** Columns that are missing are there, so that all facts have one shape. */
const LOG: KernelFact = {
  ...{ kind: 'log', name: undefined, device: undefined, driver: undefined, region: undefined },
  ...{ offset: undefined, length: undefined, value: undefined, ret: undefined },
};

/**
 * What one message of the kernel says: its kind, device, driver, and numbers. A message of several
 * lines, or a report of several messages (see `goesOn`), joined by newlines, is one.
 */
export function kernelText(text: string): KernelFact {
  if (text.length > MESSAGE_LENGTH_MAX) return LOG;
  const message = messageOf(text);
  const fact = ANY.test(text) ? factOf(message) : null;
  const driver = fact?.driver ?? message.driver;
  const device = deviceOf(fact?.device ?? message.device ?? NAMED.exec(text)?.[1]);
  if (fact === null && device === undefined && driver === undefined) return LOG;
  return shaped(fact ?? LOG, device, driver);
}

/** One shape for all, so that reading them is quick: a log has hundreds of thousands. */
const shaped = (
  { kind, name, region, offset, length, value, ret }: KernelFact,
  device: string | undefined,
  driver: string | undefined,
): KernelFact => ({ kind, name, device, driver, region, offset, length, value, ret });

/** Kinds that no other program phrases as the kernel does. */
const UNMISTAKABLE: ReadonlySet<string> = new Set(['fault.dma', 'fault.aer', 'lost']);

/**
 * Whether a message is certainly one of the kernel's, whatever surrounds it: it begins with a
 * device as dev_printk() names it, or has a known form with a device or a fault.
 */
export function isCertain(text: string): boolean {
  if (text.length > MESSAGE_LENGTH_MAX) return false;
  const message = messageOf(text);
  if (message.device !== undefined) return true;
  const fact = ANY.test(text) ? factOf(message) : null;
  return fact !== null && (fact.device !== undefined || UNMISTAKABLE.has(fact.kind));
}

const factOf = (message: Message): KernelFact | null => firstRule(message)?.fact ?? null;

/** What the first rule that knows the message says, and where in the text its pattern ends. */
function firstRule(message: Message): { fact: KernelFact; end: number } | null {
  for (const { pattern, fact } of RULES) {
    const match = pattern.exec(message.body);
    const found = match && fact(match.groups ?? {}, message);
    if (match === null || found === null) continue;
    const end = match.index + match[0].trimEnd().length;
    return { fact: found, end: end + message.text.length - message.body.length };
  }
  return null;
}

/** Whether what a rule knows of a text reaches past a place in it. */
export function readsAcross(text: string, place: number): boolean {
  if (text.length > MESSAGE_LENGTH_MAX || !ANY.test(text)) return false;
  return (firstRule(messageOf(text))?.end ?? 0) > place;
}

/** As the trace names devices; DMAR and old AMD-Vi leave the domain out, which is then 0. */
const deviceOf = (named: string | undefined): string | undefined =>
  named === undefined
    ? undefined
    : (parseShortBdf(named) ?? (named.includes('-') ? named : undefined));
