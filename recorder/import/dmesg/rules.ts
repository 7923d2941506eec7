/**
 * Messages of the kernel log that are facts about devices, and the events they are. Sources of the
 * forms: kernel drivers/iommu/intel/dmar.c, drivers/iommu/amd/iommu.c, drivers/iommu/arm,
 * drivers/pci/pcie/aer.c, drivers/pci/{pci,probe,setup-res}.c, drivers/base/dd.c,
 * drivers/vfio/pci/vfio_pci_core.c, 4.19 to 6.16.
 */
import type { Kind } from '../../../traces/index.js';

/** What a message says, in the columns of its event. */
export interface Fact {
  readonly kind: Kind;
  readonly name: string;
  /** PCI address in whatever form the message has it. */
  readonly device?: string | undefined;
  readonly offset?: bigint | undefined;
  readonly length?: bigint | undefined;
  readonly value?: bigint | undefined;
  readonly region?: number | undefined;
  readonly ret?: bigint | undefined;
}

interface Rule {
  /** What a message of this rule contains, to look for before the pattern is tried. */
  readonly hint: string;
  readonly pattern: RegExp;
  readonly fact: (groups: Readonly<Record<string, string | undefined>>) => Fact;
}

const BDF = String.raw`(?<device>(?:[0-9a-f]{4,}:)?[0-9a-f]{2}:[01][0-9a-f]\.[0-7])`;

/** A hexadecimal number with or without 0x; undefined when it is none or has more than 64 bits. */
function hex(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^(?:0x)?[0-9a-f]{1,16}$/i.test(text)) return undefined;
  return BigInt(text.startsWith('0x') ? text : `0x${text}`);
}

function decimal(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^-?\d{1,18}$/.test(text)) return undefined;
  return BigInt(text);
}

const FAULTS: readonly Rule[] = [
  {
    hint: 'Request device',
    pattern: new RegExp(
      String.raw`\[(?<type>DMA \w+|INTR-REMAP)[^\]]*\] Request device \[${BDF}\]` +
        String.raw`(?: PASID \S+)? fault (?:addr|index) (?<addr>\S+) ` +
        String.raw`\[fault reason (?<reason>\w+)\]`,
    ),
    fact: ({ type, device, addr, reason }) => ({
      kind: 'fault.dma',
      name: `DMAR ${type}`,
      device,
      offset: hex(addr),
      value: reason?.startsWith('0x') ? hex(reason) : decimal(reason),
    }),
  },
  {
    hint: 'address=0x',
    pattern: new RegExp(
      String.raw`(?<type>[A-Z]+(?:_[A-Z]+)+) (?:device=${BDF} )?.*address=(?<addr>0x\w+)` +
        String.raw`(?: flags=(?<flags>0x\w+))?`,
    ),
    fact: ({ type, device, addr, flags }) => ({
      kind: 'fault.dma',
      name: `AMD-Vi ${type}`,
      device,
      offset: hex(addr),
      value: hex(flags),
    }),
  },
  {
    hint: 'iova',
    pattern: new RegExp(
      String.raw`(?:Unhandled context fault: fsr=|event: F_\w+ client: |event 0x\w+ received)` +
        String.raw`.*?iova[=:] ?(?<addr>0x\w+)`,
    ),
    fact: ({ addr }) => ({ kind: 'fault.dma', name: 'SMMU', offset: hex(addr) }),
  },
  {
    hint: 'AER: ',
    pattern: new RegExp(`AER: .*error (?:message )?received(?:(?: from|:) ${BDF})?`),
    fact: ({ device }) => ({ kind: 'fault.aer', name: 'AER', device }),
  },
  {
    hint: 'PCIe Bus Error',
    pattern: /PCIe Bus Error: severity=/,
    fact: () => ({ kind: 'fault.aer', name: 'PCIe Bus Error' }),
  },
];

const DRIVERS: readonly Rule[] = [
  {
    hint: 'failed with error',
    pattern: new RegExp(
      String.raw`probe (?:of ${BDF}|with driver \S+) failed with error (?<ret>-?\d+)`,
    ),
    fact: ({ device, ret }) => ({ kind: 'probe', name: 'probe failed', device, ret: decimal(ret) }),
  },
  {
    hint: 'probe failure',
    pattern: /Removing after probe failure status: (?<ret>-?\d+)/,
    fact: ({ ret }) => ({ kind: 'probe', name: 'probe failure', ret: decimal(ret) }),
  },
  {
    hint: 'Relaying device request',
    pattern: /Relaying device request to user \(#(?<count>\d+)\)/,
    fact: ({ count }) => ({
      kind: 'device.request',
      name: 'Relaying device request',
      value: decimal(count),
    }),
  },
  {
    hint: 'No device request channel',
    pattern: /No device request channel registered/,
    fact: () => ({ kind: 'device.request', name: 'No device request channel' }),
  },
  {
    hint: 'to iommu group',
    pattern: /Adding to iommu group (?<group>\d+)/,
    fact: ({ group }) => ({ kind: 'iommu.attach', name: 'iommu group', value: decimal(group) }),
  },
  {
    hint: 'from iommu group',
    pattern: /Removing from iommu group (?<group>\d+)/,
    fact: ({ group }) => ({ kind: 'iommu.detach', name: 'iommu group', value: decimal(group) }),
  },
];

/** Length of a range of addresses as the kernel prints them. */
const extent = (start: bigint | undefined, end: bigint | undefined) =>
  start === undefined || end === undefined || end < start ? undefined : end - start + 1n;

const DEVICES: readonly Rule[] = [
  {
    hint: 'reset',
    pattern:
      /: (?:resetting|reset done|.*secondary bus reset|.*bus reset|.*\bFLR\b|not ready .*reset)/,
    fact: () => ({ kind: 'reset', name: 'reset' }),
  },
  {
    hint: 'FLR',
    pattern: /: not ready \d+ms after FLR/,
    fact: () => ({ kind: 'reset', name: 'FLR' }),
  },
  {
    hint: 'enabling device',
    pattern: /: enabling device \((?<from>[0-9a-f]{4}) -> (?<to>[0-9a-f]{4})\)/,
    fact: ({ to }) => ({ kind: 'log', name: 'enabling device', value: hex(to) }),
  },
  {
    hint: 'BAR ',
    pattern: /: BAR (?<bar>\d+)[: ].*?\[(?:mem|io) +(?<from>0x[0-9a-f]+)-(?<to>0x[0-9a-f]+)/,
    fact: ({ bar, from, to }) => ({
      kind: 'log',
      name: 'BAR',
      region: Number(bar) <= 6 ? Number(bar) : undefined,
      offset: hex(from),
      length: extent(hex(from), hex(to)),
    }),
  },
  {
    hint: '] type ',
    pattern: /: \[[0-9a-f]{4}:[0-9a-f]{4}\] type [0-9a-f]{2} /,
    fact: () => ({ kind: 'device.add', name: 'pci_setup_device' }),
  },
];

const RULES = [...FAULTS, ...DRIVERS, ...DEVICES];

/** The kernel's own limit is about 1000 bytes; the patterns are not for text without end. */
const MESSAGE_LENGTH_MAX = 2048;

/** What a message says, or null when it is only a line of the log. */
export function factOf(message: string): Fact | null {
  if (message.length > MESSAGE_LENGTH_MAX) return null;
  for (const { hint, pattern, fact } of RULES) {
    if (!message.includes(hint)) continue;
    const match = pattern.exec(message);
    if (match !== null) return fact(match.groups ?? {});
  }
  return null;
}
