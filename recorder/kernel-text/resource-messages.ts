/**
 * BARs, as the kernel finds, places and claims them: kernel drivers/pci/{probe,setup-res,setup-bus,
 * pci,iov}.c, as of 6.16 and as older reports have them; ranges as
 * lib/vsprintf.c resource_string() prints them.
 */
import { ERRNO } from '../../traces/index.js';
import { type Groups, hex, type KernelFact, type MessageRule } from './kernel-fact.js';

/** `[mem 0x…-0x… 64bit pref]`, `[io  size 0x…]`, `[??? 0x… flags 0x…]`. */
const RANGE =
  String.raw`\[(?:mem|io|\?\?\?) +(?:(?<from>0x[0-9a-f]+)-(?<to>0x[0-9a-f]+)|size ` +
  String.raw`(?<size>0x[0-9a-f]+)|(?<only>0x[0-9a-f]+))[^\]]*\]`;

/**
 * BARs are regions 0 to 5 and the ROM is region 6; what has a higher number is of a bridge or VFs.
 */
const ROM = 6;
/**
 * First register of the BARs, and of the ROM, in a header of type 0
 * (include/uapi/linux/pci_regs.h).
 */
const BAR_0 = 0x10;
const ROM_REGISTER = 0x30;

/** What failed, and what the kernel's functions return then. */
const FAILURES: readonly (readonly [RegExp, keyof typeof ERRNO])[] = [
  // pci.c __pci_request_region()
  [/can't reserve/, 'EBUSY'],
  // setup-res.c pci_claim_resource()
  [/can't claim.*address conflict|address conflict with/, 'EBUSY'],
  [/can't claim|no compatible bridge window/, 'EINVAL'],
  // setup-res.c pci_enable_resources(), of a BAR that is not assigned or not claimed
  [/can't enable device/, 'EINVAL'],
];
const WHAT = new RegExp(
  String.raw`\b(can't reserve|can't assign|can't claim|failed to assign|failed to expand|no` +
    String.raw` space for|no initial claim|not claimed|not assigned|assigned|releasing|address` +
    String.raw` conflict)\b`,
);

function range({ from, to, size, only }: Groups): Pick<KernelFact, 'offset' | 'length'> {
  if (size !== undefined) return { length: hex(size) };
  const [start, end] = [hex(from ?? only), hex(to ?? only)];
  if (start === undefined || end === undefined || end < start) return { offset: start };
  return { offset: start, length: end - start + 1n };
}

function resource(
  name: string,
  region: number | undefined,
  groups: Groups,
  body: string,
): KernelFact {
  const what = WHAT.exec(body)?.[1];
  const errno = FAILURES.find(([pattern]) => pattern.test(body))?.[1];
  return {
    kind: 'log',
    name: what === undefined ? name : `${name} ${what}`,
    region: region !== undefined && region >= 0 && region <= ROM ? region : undefined,
    ...range(groups),
    ...(errno !== undefined && { ret: BigInt(-ERRNO[errno]) }),
  };
}

function ofRegister(groups: Groups, body: string): KernelFact | null {
  const register = Number(hex(groups.reg));
  if (register === ROM_REGISTER) return resource('ROM', ROM, groups, body);
  const bar = (register - BAR_0) / 4;
  return resource('BAR', Number.isInteger(bar) && bar < ROM ? bar : undefined, groups, body);
}

export const RESOURCES: readonly MessageRule[] = [
  {
    hint: ': reg (?:0x)?\\w+: \\[',
    pattern: new RegExp(`^reg (?<reg>(?:0x)?[0-9a-f]+): ${RANGE}`),
    fact: (groups, { body }) => ofRegister(groups, body),
  },
  {
    hint: 'BAR ?\\d',
    pattern: new RegExp(String.raw`(?<vf>VF(?:\(n\))? )?BAR ?(?<bar>\d{1,2})[: ].*?${RANGE}`),
    fact: (groups, { body }) =>
      groups.vf === undefined
        ? resource('BAR', Number(groups.bar), groups, body)
        : resource('VF BAR', undefined, groups, body),
  },
  {
    hint: 'ROM \\[',
    pattern: new RegExp(`^(?:Expansion )?ROM ${RANGE}`),
    fact: (groups, { body }) => resource('ROM', ROM, groups, body),
  },
  {
    hint: 'bridge window \\[',
    pattern: new RegExp(String.raw`^\s*bridge window ${RANGE}`),
    fact: (groups, { body }) => resource('bridge window', undefined, groups, body),
  },
  {
    hint: 'enabling device \\(',
    pattern: /^enabling device \([0-9a-f]{4} -> (?<to>[0-9a-f]{4})\)/,
    fact: ({ to }) => ({ kind: 'log', name: 'enabling device', value: hex(to) }),
  },
  {
    hint: '\\] type ',
    pattern: /^\[[0-9a-f]{4}:[0-9a-f]{4}\] type [0-9a-f]{2} /,
    fact: () => ({ kind: 'device.add', name: 'pci_setup_device' }),
  },
];
