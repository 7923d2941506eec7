/** Why a run ended as it did, for people and as JSON. */
import type { ExplainedStep, Explanation, Outcome, World } from '../replay/index.js';
import { noSeqText, seqText } from './explored-text.js';
import { paint } from './output.js';
import { printable } from './printable.js';

export interface Explained {
  readonly name: string;
  readonly world: World;
  readonly bad: Outcome;
  /** What is wanted, in words. */
  readonly want: string;
  /** The end already is what is wanted. */
  readonly isWanted: boolean;
  /** Null when there is nothing to explain, or no order has a wanted end. */
  readonly found: Explanation | null;
}

/** The JSON document: docs/cli.md has its keys. */
export function factsOf({ name, bad, want, isWanted, found }: Explained): object {
  const head = { run: name, want, isWanted, bad: { drivers: bad.drivers } };
  if (found === null) return { ...head, inversions: [], lost: null, class: null };
  const { wanted, inversions, isLeast, lost, advice, fixCloses } = found;
  return {
    ...head,
    wanted: { drivers: wanted.drivers },
    inversions,
    isLeast,
    lost,
    class: found.class,
    advice,
    fixCloses,
  };
}

export function formatExplained(explained: Explained): string {
  const { found, isWanted, want, bad } = explained;
  if (found === null) {
    if (!isWanted) {
      const end = `This one ends with ${driversText(bad)}.`;
      return printable(`No order was found that ends as wanted: ${want}. ${end}`);
    }
    return printable(`The run ends as wanted: ${want}.${otherwise(bad)}`);
  }
  return [
    paint('bold', printable(sentence(explained, found))),
    lanes(found),
    pairs(found),
    [
      `class ${found.class}: ${found.advice}`,
      triedText(found),
      ...(found.isLeast ? [] : ['not all orders were searched: there may be a nearer one']),
    ]
      .map((line) => printable(line))
      .join('\n'),
  ].join('\n\n');
}

/** How to ask what would have led to another end. */
function otherwise({ drivers }: Outcome): string {
  const [first] = Object.entries(drivers);
  if (first === undefined) return '';
  const [at, driver] = first;
  const other = `driver(${at}) != ${driver === null ? 'none' : `"${driver}"`}`;
  return ` What would lead elsewhere is explained with --want '${other}'.`;
}

/** The answer in one sentence: what decided, and what the other order ends with. */
function sentence({ bad }: Explained, { inversions, wanted }: Explanation): string {
  const [{ first, second }] = inversions;
  const changed = (one: Outcome, other: Outcome): Outcome => ({
    ...one,
    drivers: Object.fromEntries(
      Object.entries(one.drivers).filter(([at, driver]) => other.drivers[at] !== driver),
    ),
  });
  const others = inversions.length - 1;
  const more = others === 0 ? '' : ` (and ${others} more of this kind)`;
  return (
    `The run ends with ${driversText(changed(bad, wanted))}, because ` +
    `${first.actor}'s "${first.what}" came before ${second.actor}'s "${second.what}"${more}; ` +
    `the other way round it ends with ${driversText(changed(wanted, bad))}.`
  );
}

function driversText({ drivers, deadlock, faults }: Outcome): string {
  if (deadlock !== null) return 'a deadlock';
  if (faults.length > 0) return `a bug of the kernel (${faults.join(', ')})`;
  const parts = Object.entries(drivers).map(([at, driver]) => `${at} on ${driver ?? 'no driver'}`);
  return parts.length === 0 ? 'the same drivers' : parts.join(', ');
}

/** The operations that matter in the order of the run, each in the lane of its actor. */
function lanes({ inversions, lost }: Explanation): string {
  const rows = new Map<number, ExplainedStep>();
  for (const { first, second } of inversions) {
    rows.set(first.step, first).set(second.step, second);
  }
  if (![...rows.values()].some((row) => row.step === lost.step)) rows.set(lost.step, lost);
  const sorted = [...rows.values()].sort((a, b) => a.step - b.step);
  const actors = [...new Set(sorted.map(({ actor }) => actor))];
  const widthOf = (actor: string): number =>
    Math.max(
      actor.length,
      ...sorted.filter((row) => row.actor === actor).map(({ what }) => what.length),
    );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(widthOf(actors[i])))
      .join('  ')
      .trimEnd();
  const head = `  ${'seq'.padStart(6)}  ${line(actors)}`;
  const lines = sorted.map((row) => {
    const cells = line(actors.map((actor) => (actor === row.actor ? row.what : '')));
    const mark = row.step === lost.step ? '  <- from here on no order helps' : '';
    return `  ${seqText(row.seq)}  ${cells}${mark}`;
  });
  const dash = noSeqText(sorted.map(({ seq }) => seq)).map((text) => `  ${text}`);
  return [head, ...lines, ...dash].map((text) => printable(text)).join('\n');
}

function pairs({ inversions }: Explanation): string {
  const lines = inversions.map(
    ({ first, second }) =>
      `  ${second.actor}: ${second.what}  before  ${first.actor}: ${first.what}`,
  );
  return [
    `what is needed: ${inversions.length} inversion${inversions.length === 1 ? '' : 's'}`,
    ...lines,
  ]
    .map((text) => printable(text))
    .join('\n');
}

function triedText({ fixCloses }: Explanation): string {
  if (fixCloses === null) return 'not verified: the run has nothing that could be changed so';
  return fixCloses
    ? 'verified: every order ends as wanted then'
    : 'not verified: other ends remain then';
}
