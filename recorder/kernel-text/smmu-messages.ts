/**
 * Faults that Arm's IOMMUs report: kernel drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.c
 * (arm_smmu_evtq_thread, later arm_smmu_dump_event) and drivers/iommu/arm/arm-smmu/arm-smmu.c. The
 * forms are those of logs that people published, and not of each release.
 */
import {
  BDF,
  type Groups,
  hex,
  type KernelFact,
  type Message,
  type MessageRule,
} from './kernel-fact.js';

/** Events by number (Arm SMMUv3 architecture IHI 0070, 7.3). */
const EVENTS: Readonly<Record<number, string>> = {
  1: 'F_UUT',
  2: 'C_BAD_STREAMID',
  3: 'F_STE_FETCH',
  4: 'C_BAD_STE',
  5: 'F_BAD_ATS_TREQ',
  6: 'F_STREAM_DISABLED',
  7: 'F_TRANSL_FORBIDDEN',
  8: 'C_BAD_SUBSTREAMID',
  9: 'F_CD_FETCH',
  10: 'C_BAD_CD',
  11: 'F_WALK_EABT',
  16: 'F_TRANSLATION',
  17: 'F_ADDR_SIZE',
  18: 'F_ACCESS',
  19: 'F_PERMISSION',
  32: 'F_TLB_CONFLICT',
  33: 'F_CFG_CONFLICT',
  36: 'E_PAGE_REQUEST',
  37: 'F_VMS_FETCH',
};
const NUMBERS = new Map(Object.entries(EVENTS).map(([number, name]) => [name, BigInt(number)]));
/** Events whose second word says read or write (RnW, bit 35) and whose third is the address. */
const ADDRESSED = new Set(['F_TRANSLATION', 'F_ADDR_SIZE', 'F_ACCESS', 'F_PERMISSION']);
const READ = 1n << 35n;

/** The four words of an event, each in a message of its own. */
const WORD = /(?:^|\s)(0x[0-9a-f]{16})$/gm;
const DECODED = new RegExp(
  String.raw`event: (?<event>[A-Z]+(?:_[A-Z]+)+) client: (?:${BDF}|\S+|\([^)]*\)) sid: ` +
    String.raw`(?<sid>0x[0-9a-f]+)`,
);

/** How many words an event has (EVTQ_ENT_DWORDS, arm-smmu-v3.h). */
const WORDS = 4;

/** Whether messages are the beginning of an event, whose address is in words to come. */
export const awaitsWords = (text: string): boolean =>
  /(?:^|: )event 0x[0-9a-f]{1,2} received/m.test(text) &&
  !DECODED.test(text) &&
  [...text.matchAll(WORD)].length < WORDS;

/** An event, as its words, as the decoded line, or both. */
function eventOf({ id }: Groups, { text }: Message): KernelFact | null {
  const decoded = DECODED.exec(text)?.groups;
  const number = hex(id) ?? NUMBERS.get(decoded?.event ?? '');
  const event = decoded?.event ?? EVENTS[Number(number)] ?? `event ${id}`;
  const words = [...text.matchAll(WORD)].map(([, word]) => BigInt(word));
  const isAddressed = ADDRESSED.has(event) || event === 'E_PAGE_REQUEST';
  const raw = isAddressed && words.length >= WORDS ? words[2] : undefined;
  return {
    kind: 'fault.dma',
    name: `SMMU ${event}${direction(event, words, text)}`,
    device: decoded?.device,
    offset: hex(/\biova: (0x[0-9a-f]+)/.exec(text)?.[1]) ?? raw,
    value: number,
  };
}

function direction(event: string, words: readonly bigint[], text: string): string {
  const stated = /\b(?:un)?priv (?:inst|data) (read|write)\b/.exec(text)?.[1];
  if (stated !== undefined) return ` ${stated}`;
  if (!ADDRESSED.has(event) || words.length < WORDS) return '';
  return (words[1] & READ) === 0n ? ' write' : ' read';
}

export const SMMU: readonly MessageRule[] = [
  {
    hint: 'event 0x\\w+ received',
    pattern: /^event (?<id>0x[0-9a-f]{1,2}) received/,
    fact: eventOf,
  },
  { hint: 'event: \\w+ client: ', pattern: /^event: [A-Z_]+ client: /, fact: eventOf },
  {
    // Errors of the SMMU itself, without an access of a device.
    hint: 'CMDQ error|CMD_SYNC timeout|unexpected global error|write aborted',
    pattern: new RegExp(
      String.raw`(?<what>CMDQ error|CMD_SYNC timeout|unexpected global error|\w+ write aborted)` +
        String.raw`(?: reported)?(?: \(cons (?<cons>0x[0-9a-f]+)\)| \((?<error>0x[0-9a-f]+)\))?`,
    ),
    fact: ({ what, cons, error }) => ({
      kind: 'log',
      name: `SMMU ${what?.replace('unexpected ', '')}`,
      value: hex(cons ?? error),
    }),
  },
  {
    hint: 'Unhandled (?:arm-smmu )?context fault',
    pattern: /Unhandled (?:arm-smmu )?context fault/,
    fact: (_, { text }) => {
      const field = (name: string) =>
        hex(new RegExp(`\\b${name}\\s*=\\s*((?:0x)?[0-9a-f]+)`, 'i').exec(text)?.[1]);
      const syndrome = field('fsynr0?');
      // FSYNR0.WNR, bit 4 (Arm SMMU architecture IHI 0062, 16.6.10).
      const way = syndrome === undefined ? '' : (syndrome & 16n) === 0n ? ' read' : ' write';
      return {
        kind: 'fault.dma',
        name: `SMMU context fault${way}`,
        offset: field('iova'),
        value: field('fsr'),
      };
    },
  },
  {
    hint: 'global fault|Blocked unknown Stream',
    pattern: /(?<what>Unexpected global fault|Blocked unknown Stream ID)/,
    fact: ({ what }, { text }) => ({
      kind: 'fault.dma',
      name: `SMMU ${what === 'Blocked unknown Stream ID' ? 'unknown stream' : 'global fault'}`,
      value: hex(/\bGFSR (0x[0-9a-f]+)/.exec(text)?.[1]),
    }),
  },
];
