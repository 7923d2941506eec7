/**
 * Messages that were not printed, or not kept. Sources: kernel lib/ratelimit.c ___ratelimit(),
 * kernel/printk/printk.c, drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.c, drivers/iommu/amd/iommu.c
 * (as of 6.16 and in the form of older reports); systemd journald-rate-limit.c and journald-kmsg.c;
 * rsyslog imjournal and imuxsock.
 */
import { decimal, type Groups, type KernelFact, type MessageRule } from './kernel-fact.js';

/** If the number of losses is not stated, at least one was lost. */
const AT_LEAST = 1n;

const lost = ({ name, count }: Groups): KernelFact => ({
  kind: 'lost',
  name: name ?? 'messages',
  value: decimal(count) ?? AT_LEAST,
});

export const LOSSES: readonly MessageRule[] = [
  {
    hint: 'suppressed',
    pattern: /(?:^|\s)(?<name>[\w.]+): (?<count>\d+) (?:callbacks|messages) suppressed/,
    fact: lost,
  },
  {
    hint: 'messages dropped',
    pattern: /\*\* (?<count>\d+) printk messages dropped|printk: (?<count2>\d+) messages dropped/,
    fact: ({ count, count2 }) => lost({ name: 'printk', count: count ?? count2 }),
  },
  {
    hint: 'Q overflow detected',
    pattern: /(?<name>EVTQ|PRIQ) overflow detected -- (?:events|requests) lost/,
    fact: lost,
  },
  {
    // Of events, of page requests, and of interrupts for guests.
    hint: '(?:vent|PPR|GA) log (?:overflow|restart)',
    pattern: /AMD-Vi: (?:IOMMU )?(?<what>[Ee]vent|PPR|GA) [Ll]og (?:overflow|restarting)/,
    fact: ({ what }) => lost({ name: `AMD-Vi ${what === 'Event' ? 'event' : what} log` }),
  },
  {
    hint: 'Suppressed \\d+ messages|Missed \\d+ kernel messages',
    pattern: /(?:Suppressed (?<count>\d+) messages from|Missed (?<count2>\d+) kernel messages)/,
    fact: ({ count, count2 }) => lost({ name: 'journald', count: count ?? count2 }),
  },
  {
    hint: 'rate-limiting|messages? lost',
    pattern: new RegExp(
      String.raw`(?:(?<count>\d+) messages? lost|lost (?<count2>\d+) messages from|begin to drop` +
        String.raw` messages due to rate-limiting)`,
    ),
    fact: ({ count, count2 }) => lost({ name: 'syslog', count: count ?? count2 }),
  },
];
