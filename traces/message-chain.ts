/**
 * Selects the messages of a file that belong to its trace, each in its place. A message with right
 * CRCs can still belong to another trace, or have been moved, duplicated or exchanged: its link
 * shows that (message-link.ts). Traces of format version 1 have no links; there only the order of
 * the messages is checked.
 */
import { END_KEY, type EndMark, parseEnd } from './end-mark.js';
import { type Link, sameCrcs, TraceDigest } from './message-link.js';
import { type Damage, type Frame, isEndMarker, type Scan } from './scan-frames.js';
import { PREFIX_BYTES } from './trace-frame.js';

export interface Chain {
  /** The trace's id; null in format version 1. */
  readonly id: string | null;
  /** The trace's messages, in order. */
  readonly frames: readonly Frame[];
  /** What else the file contains, and what is missing. */
  readonly damage: readonly Damage[];
  /** Where the trace stops before its end, or null. */
  readonly cutAt: number | null;
}

/** @param size bytes of the file */
export function followChain(scan: Scan, size: number): Chain {
  const id = idOf(scan);
  const followed = id === null ? followOrder(scan.frames) : followLinks(scan.frames, id);
  const { frames, damage } = beforeGaps(followed, scan.damage);
  return { id, ...ended(frames, damage, followed.rest, scan, size) };
}

/**
 * The id of the trace that a file begins with: that of the first two consecutive messages, so that
 * no single message can assign the file to another trace.
 */
function idOf({ frames, endsOfStream: [end] }: Scan): string | null {
  const first = frames.filter(({ offset }) => end === undefined || offset < end);
  const linked = first.flatMap((frame): Linked[] => {
    const { link } = frame.message;
    return link === null ? [] : [{ frame, link }];
  });
  if (linked.length * 2 < first.length) return null;
  const pair = linked.find((one, i) => {
    const next = linked.at(i + 1);
    return next !== undefined && isNext(one, next) && follows(one, next);
  });
  return (pair ?? linked.at(0))?.link.id ?? null;
}

interface Followed {
  readonly frames: readonly Frame[];
  readonly damage: readonly Damage[];
  /** Offset from which everything belongs to something else, or null. */
  readonly rest: number | null;
}

/** A frame with its link. */
interface Linked {
  readonly frame: Frame;
  readonly link: Link;
}

const damaged = ({ offset, end }: Frame, what: string): Damage => ({ offset, end, what });

const FOREIGN = 'messages that are of another trace';
const MOVED = 'messages that were moved here or doubled';
const CHANGED = 'a message that is not the one that was written here';

/** Messages with the trace's id, and the subset that are linked in sequence. */
function followLinks(all: readonly Frame[], id: string): Followed {
  const damage: Damage[] = [];
  const own: Linked[] = [];
  for (const frame of all) {
    const { link } = frame.message;
    if (link?.id === id) own.push({ frame, link });
    else damage.push(foreign(frame));
  }
  const moved = (run: Run) => {
    for (const { frame } of run) damage.push(damaged(frame, MOVED));
  };
  const runs = inPlace(runsOf(own), moved);
  const kept = runs.flatMap((run, i): readonly Linked[] => {
    const next = runs.at(i + 1)?.[0];
    const last = run[run.length - 1];
    if (next === undefined || follows(last, next)) return run;
    damage.push(damaged(last.frame, CHANGED));
    return run.slice(0, -1);
  });
  return { frames: kept.map(({ frame }) => frame), damage, rest: null };
}

function foreign(frame: Frame): Damage {
  const { offset, message } = frame;
  if (message.type !== 'schema') return damaged(frame, FOREIGN);
  return { ...damaged(frame, `another trace begins at byte ${offset}`), anotherAt: offset };
}

type Run = readonly Linked[];

const isNext = (last: Linked, next: Linked): boolean =>
  next.link.id === last.link.id && next.link.number === last.link.number + 1;

/** Whether the link of `next` allows `last` to precede it. */
const follows = (last: Linked, next: Linked): boolean =>
  !isNext(last, next) || sameCrcs(next.link.before, last.frame.crcs);

/** Splits the messages into runs of linked messages. */
function runsOf(own: readonly Linked[]): Run[] {
  const runs: Linked[][] = [];
  let last: Linked | null = null;
  for (const one of own) {
    if (last !== null && isNext(last, one) && follows(last, one)) runs[runs.length - 1].push(one);
    else runs.push([one]);
    last = one;
  }
  return runs;
}

/**
 * The runs that are in order. If two claim the same places, the longer one gets them.
 * @param moved called with each run that is out of place
 */
function inPlace(runs: readonly Run[], moved: (run: Run) => void): readonly Run[] {
  const placed: Run[] = [];
  for (const run of runs) {
    const first = run[0].link.number;
    let messages = 0;
    let at = placed.length;
    while (at > 0 && placed[at - 1][0].link.number >= first && messages < run.length) {
      messages += placed[--at].length;
    }
    if (messages >= run.length) {
      moved(run);
      continue;
    }
    for (const other of placed.splice(at)) moved(other);
    const before = placed.at(-1)?.at(-1)?.link.number ?? -1;
    const doubled = Math.min(run.length, Math.max(0, before + 1 - first));
    moved(run.slice(0, doubled));
    if (doubled < run.length) placed.push(run.slice(doubled));
  }
  return placed;
}

/** Version 1: the first message is the schema. No other schema and no linked message may follow. */
function followOrder(all: readonly Frame[]): Followed {
  const damage: Damage[] = [];
  const another = all.findIndex(({ message }, i) => i > 0 && message.type === 'schema');
  const own = (another < 0 ? all : all.slice(0, another)).filter((frame) => {
    if (frame.message.link === null) return true;
    damage.push(damaged(frame, FOREIGN));
    return false;
  });
  const end = endMarkerOf(own);
  const frames = own.filter((frame) => {
    if (frame === end || !isEndMarker(frame) || (end !== null && frame.offset > end.offset)) {
      return true;
    }
    damage.push(damaged(frame, 'an end marker before the end'));
    return false;
  });
  return { frames, damage, rest: another < 0 ? null : all[another].offset };
}

/** The first end marker that counts the batches before it; the first one when none does. */
function endMarkerOf(frames: readonly Frame[]): Frame | null {
  let batches = 0;
  let first: Frame | null = null;
  for (const frame of frames) {
    const mark = endMarkIn(frame);
    if (mark !== null && mark.batches === batches) return frame;
    if (isEndMarker(frame)) first ??= frame;
    else if (frame.message.type === 'batch') batches++;
  }
  return first;
}

/** The content of an end marker, or null when the frame is not a valid one. */
export function endMarkIn({ message }: Frame): EndMark | null {
  const text = message.type === 'batch' ? message.metadata.get(END_KEY) : undefined;
  return text === undefined ? null : parseEnd(text);
}

/** Reports missing messages, except where damage in the file already accounts for them. */
function beforeGaps(
  { frames, damage: found }: Followed,
  scanned: readonly Damage[],
): { frames: readonly Frame[]; damage: Damage[] } {
  const damage = [...scanned, ...found].sort(byOffset);
  const gaps: Damage[] = [];
  let [number, end, at] = [-1, 0, 0];
  let isFirst = true;
  for (const frame of frames) {
    const { link, type } = frame.message;
    const own: number = link?.number ?? (isFirst && type !== 'schema' ? 1 : number + 1);
    while (at < damage.length && damage[at].offset < end) at++;
    const isPresent = at < damage.length && damage[at].end <= frame.offset;
    if (own !== number + 1 && !isPresent) {
      gaps.push({ offset: end, end: frame.offset, what: missing(own - number - 1, isFirst) });
    }
    [number, end, isFirst] = [own, frame.end, false];
  }
  return { frames, damage: [...damage, ...gaps] };
}

function missing(messages: number, isFirst: boolean): string {
  if (messages > 1) return `${messages} messages are missing here`;
  return isFirst ? 'the opening is missing' : 'a message is missing here';
}

const byOffset = (a: Damage, b: Damage): number => a.offset - b.offset;

/** Ends the trace at its end marker or an end of stream: nothing after it belongs to the trace. */
function ended(
  frames: readonly Frame[],
  damage: readonly Damage[],
  rest: number | null,
  scan: Scan,
  size: number,
): Omit<Chain, 'id'> {
  const last = frames.findIndex(isEndMarker);
  const marker = last < 0 ? null : frames[last];
  const end = marker?.end ?? null;
  const isWhole = end !== null && scan.endsOfStream.includes(end);
  const behind = end === null ? rest : end + (isWhole ? PREFIX_BYTES : 0);
  const strays = scan.endsOfStream.filter((at) => at !== end && (behind === null || at < behind));
  const middle = strays.flatMap((at) => strayEnd(at, size));
  const own = marker === null ? frames : frames.slice(0, last + 1);
  const all = [...damage, ...middle];
  if (behind === null) {
    const isLast = own.at(-1) === scan.frames.at(-1);
    const cutAt = (isLast ? scan.cutAt : null) ?? own.at(-1)?.end ?? 0;
    return { frames: own, damage: joined(all), cutAt };
  }
  const before = all.filter((one) => one.offset < behind);
  const isCut = end !== null && !isWhole && scan.cutAt === behind;
  if (behind < size && !isCut) before.push(behindEnd(scan, behind, size));
  return { frames: own, damage: joined(before), cutAt: isWhole ? null : behind };
}

/** An end of stream before the end, which is damage unless the trace was cut right after it. */
const strayEnd = (at: number, size: number): Damage[] =>
  at + PREFIX_BYTES === size
    ? []
    : [{ offset: at, end: at + PREFIX_BYTES, what: 'an end of stream before the end' }];

function behindEnd({ frames }: Scan, offset: number, end: number): Damage {
  const another = frames.find((f) => f.offset >= offset && f.message.type === 'schema');
  if (another === undefined) return { offset, end, what: 'bytes after the end of the trace' };
  const anotherAt = another.offset;
  return { offset, end, what: `another trace begins at byte ${anotherAt}`, anotherAt };
}

/** Damage in order, with neighbours of the same kind joined. */
function joined(damage: readonly Damage[]): Damage[] {
  const out: Damage[] = [];
  for (const one of [...damage].sort(byOffset)) {
    const last = out.at(-1);
    const isSame = last?.end === one.offset && last.what === one.what && one.what !== CHANGED;
    if (isSame) out[out.length - 1] = { ...last, end: one.end };
    else out.push(one);
  }
  return out;
}

/** Whether the digest in the end marker is that of the messages before it. */
export function digestMatches(frames: readonly Frame[], end: EndMark): boolean {
  const digest = new TraceDigest();
  for (const frame of frames) if (!isEndMarker(frame)) digest.add(frame.crcs);
  return digest.finish(end) === end.digest;
}
