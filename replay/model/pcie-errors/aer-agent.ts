/**
 * The agent that reported an error of PCI Express, as the kernel names it: the part that the device
 * had in the transaction that failed (AER_GET_AGENT, drivers/pci/pcie/aer.c 6.1, 6.12 and 7.3).
 */

/** What a report of an error says: an event of kind `fault.aer`. */
export interface AerReport {
  readonly name: string | null;
  readonly text: string | null;
  /** The bits of the status register; null where the text alone has them. */
  readonly value: bigint | null;
}

type Bits = Readonly<Record<string, number>>;

/** Bits of the status registers, as the tracepoint calls them (include/ras/ras_event.h 7.3). */
const CORRECTED: Bits = {
  ...{ 'Receiver Error': 0, 'Bad TLP': 6, 'Bad DLLP': 7, 'RELAY_NUM Rollover': 8 },
  ...{ 'Replay Timer Timeout': 12, 'Advisory Non-Fatal Error': 13 },
  ...{ 'Corrected Internal Error': 14, 'Header Log Overflow': 15 },
};
const UNCORRECTED: Bits = {
  ...{ Undefined: 0, 'Data Link Protocol Error': 4, 'Surprise Down Error': 5, 'Poisoned TLP': 12 },
  ...{ 'Flow Control Protocol Error': 13, 'Completion Timeout': 14, 'Completer Abort': 15 },
  ...{ 'Unexpected Completion': 16, 'Receiver Overflow': 17, 'Malformed TLP': 18 },
  ...{ 'ECRC Error': 19, 'Unsupported Request Error': 20, 'ACS Violation': 21 },
  ...{ 'Uncorrectable Internal Error': 22, 'MC Blocked TLP': 23, 'AtomicOp Egress Blocked': 24 },
  ...{ 'TLP Prefix Blocked Error': 25 },
};

const bits = (...set: readonly number[]): number => set.reduce((all, bit) => all | (1 << bit), 0);

type Mask = readonly [agent: string, corrected: number, uncorrected: number];

/** Which bits mean which agent, the first that has one; without one it is the receiver. */
interface Rules {
  readonly masks: readonly Mask[];
  /** The kernel names the agent of each bit, and none of the whole status. */
  readonly perBit: boolean;
}

const COMPLETER: Mask = ['Completer', 0, bits(15)];
const NEWER: readonly Mask[] = [
  COMPLETER,
  ['Requester', 0, bits(14)],
  ['Transmitter', bits(8, 12), bits(24, 25, 26, 27, 31)],
  ['Component', bits(14, 15), bits(5, 22)],
];
/** As of 6.1.192. */
const OLD: Rules = {
  masks: [COMPLETER, ['Requester', 0, bits(14, 20)], ['Transmitter', bits(8, 12), 0]],
  perBit: false,
};
/** As of 6.12.117: an unsupported request is what the receiver of it reports. */
const STABLE: Rules = { masks: NEWER, perBit: false };
/** As of 7.3: an advisory error has no agent. */
const NEWEST: Rules = { masks: [...NEWER, ['', bits(13), 0]], perBit: true };

/** The rules that a release may have: updates of a series changed them, too. */
function rulesOf(release: string | null): readonly Rules[] {
  const [major, minor, patch] = (/^(\d+)\.(\d+)(?:\.(\d+))?/.exec(release ?? '') ?? [])
    .slice(1)
    .map((part) => Number(part ?? 0));
  if (major === undefined) return [OLD, STABLE, NEWEST];
  const version = major * 1000 + minor;
  if (version < 6012) return [OLD];
  if (version === 6012) return patch >= 117 ? [STABLE] : [OLD, STABLE];
  return version >= 7003 ? [NEWEST] : [OLD, STABLE, NEWEST];
}

/**
 * @param release of the kernel, as `uname -r` prints it; null when not known
 * @returns Receiver, Requester, Completer, Transmitter or Component; several with commas where the
 * kernel names one for each bit; with `or` where the release does not determine it; null when the
 * report does not show it
 */
export function aerAgent(report: AerReport, release: string | null): string | null {
  const text = report.text ?? '';
  return report.name === 'aer_event' ? ofRecord(text, report.value, release) : ofMessages(text);
}

/** From the kernel's own words: of the whole report, or a column of the line of each bit. */
function ofMessages(text: string): string | null {
  const named = /(?:\(|aer_agent=)(\w+)(?: Agent)? ID\b/.exec(text)?.[1];
  if (named !== undefined) return named;
  const lines = text.matchAll(/ \[ ?\d{1,2}\] [^|\n]*\| (\w+) *\| /g);
  return joined(Array.from(lines, (line) => line[1]));
}

/** Names of agents, each once. */
function joined(names: readonly string[], word = ', '): string | null {
  const different = [...new Set(names.filter((name) => name !== ''))];
  return different.length === 0 ? null : different.join(word);
}

function ofRecord(text: string, value: bigint | null, release: string | null): string | null {
  const found = /severity=(?:(Corrected)|Fatal|Uncorrected, non-fatal), (.*), TLP Header=/.exec(
    text,
  );
  if (found === null) return null;
  const isCorrected = found[1] !== undefined;
  const status =
    value === null ? statusOf(found[2], isCorrected) : Number(BigInt.asIntN(32, value));
  // Without a bit the device did not answer, or all that it reported is masked.
  if (status === null || status === 0) return null;
  const agents = rulesOf(release).map((rules) => agentOf(status, isCorrected, rules) ?? '');
  return joined(agents, ' or ');
}

/** The status of its bits' names; a bit without one is a number. */
function statusOf(names: string, isCorrected: boolean): number | null {
  const known = isCorrected ? CORRECTED : UNCORRECTED;
  let status = 0;
  for (const name of names.split('|')) {
    const bit = known[name];
    if (bit === undefined && !/^0x[0-9a-f]{1,8}$/.test(name)) return null;
    status |= bit === undefined ? Number(name) : 1 << bit;
  }
  return status;
}

function agentOf(status: number, isCorrected: boolean, { masks, perBit }: Rules): string | null {
  const agent = (set: number): string =>
    masks.find(([, cor, uncor]) => (set & (isCorrected ? cor : uncor)) !== 0)?.[0] ?? 'Receiver';
  if (!perBit) return agent(status);
  const single = Array.from({ length: 32 }, (_, bit) => status & (1 << bit));
  return joined(single.filter((set) => set !== 0).map(agent));
}
