import { BDF_PATTERN, parseShortBdf } from '../../traces/index.js';
import { AER } from './aer.js';
import { DRIVERS } from './drivers.js';
import type { KernelFact, Message, Rule } from './fact.js';
import { IOMMU } from './iommu.js';
import { LOSSES } from './losses.js';
import { messageOf } from './message.js';
import { POWER, RESETS } from './resets.js';
import { RESOURCES } from './resources.js';
import { SMMU } from './smmu.js';

const RULES: readonly Rule[] = [
  ...[IOMMU, SMMU, AER, DRIVERS, RESETS, POWER, RESOURCES, LOSSES].flat(),
];
/** Finds out in one pass that a message is of no known form, which most are. */
const ANY = new RegExp([...new Set(RULES.map(({ hint }) => hint))].join('|'));
/** A device that is named within a text. */
const NAMED = new RegExp(`(?:^|[^0-9a-fA-F:])(${BDF_PATTERN})(?![0-9a-fA-F.])`);

/** The kernel's own limit is about 1000 bytes a message; the patterns are not for text without end. */
const MESSAGE_LENGTH_MAX = 8192;

/**
 * What one message of the kernel says: its kind, device, driver, and numbers. A message of several
 * lines, or a report of several messages (see `goesOn`), joined by newlines, is one.
 */
export function kernelText(text: string): KernelFact {
  if (text.length > MESSAGE_LENGTH_MAX) return { kind: 'log' };
  const message = messageOf(text);
  const fact = ANY.test(text) ? factOf(message) : null;
  const driver = fact?.driver ?? message.driver;
  const device = deviceOf(fact?.device ?? message.device ?? NAMED.exec(text)?.[1]);
  return { ...(fact ?? LOG), device, driver };
}

/** Kinds that no other program words as the kernel does. */
const UNMISTAKABLE: ReadonlySet<string> = new Set(['fault.dma', 'fault.aer', 'lost']);

/**
 * Whether a message is one of the kernel's beyond doubt, whatever stands around it: it begins with a
 * device as dev_printk() names it, or has a known form that says which device or which fault.
 */
export function isCertain(text: string): boolean {
  if (text.length > MESSAGE_LENGTH_MAX) return false;
  const message = messageOf(text);
  if (message.device !== undefined) return true;
  const fact = ANY.test(text) ? factOf(message) : null;
  return fact !== null && (fact.device !== undefined || UNMISTAKABLE.has(fact.kind));
}

const LOG: KernelFact = { kind: 'log' };

function factOf(message: Message): KernelFact | null {
  for (const { pattern, fact } of RULES) {
    const match = pattern.exec(message.body);
    const found = match && fact(match.groups ?? {}, message);
    if (found !== null) return found;
  }
  return null;
}

/** As the trace names devices; DMAR and old AMD-Vi leave the domain out, which is then 0. */
const deviceOf = (named: string | undefined): string | undefined =>
  named === undefined
    ? undefined
    : (parseShortBdf(named) ?? (named.includes('-') ? named : undefined));
