/**
 * Finds the frames of a trace without reading their bodies, and finds its way past damage: after a
 * frame that does not check, the next position from which a frame does is looked for.
 */
import { type CheckedHead, CONTINUATION, checkHead, PREFIX_BYTES } from './frame.js';
import { METADATA_BYTES_MAX } from './limits.js';
import { type DecodedMessage, decodeMessage } from './message.js';
import type { ColumnName } from './schema.js';
import type { ByteSource } from './source.js';

/** A frame whose metadata is what was written; its body is not read yet. */
export interface Frame {
  readonly offset: number;
  readonly bodyOffset: number;
  readonly end: number;
  readonly checked: CheckedHead;
  readonly message: DecodedMessage;
}

/** A range of bytes that is not what was written, and what is known of it. */
export interface Damage {
  readonly offset: number;
  readonly end: number;
  readonly what: string;
  /** First and last seq of the events that are lost by it, where it is known. */
  readonly seq?: readonly [first: number, last: number];
  /** Columns that are damaged, when the others of the batch are not. */
  readonly columns?: readonly ColumnName[];
}

export interface Scan {
  readonly frames: readonly Frame[];
  readonly damage: readonly Damage[];
  /** Where the file stops in the middle of a frame, or null. */
  readonly cutAt: number | null;
  /** True when Arrow's end of stream stands at the end. */
  readonly endOfStream: boolean;
  /** Offset after the last frame or end of stream. */
  readonly end: number;
}

type Step =
  | { readonly type: 'frame'; readonly frame: Frame }
  | { readonly type: 'end' }
  | { readonly type: 'cut' }
  | { readonly type: 'bad'; readonly what: string };

/** Reads one frame's head at `offset`. */
function readFrame(source: ByteSource, offset: number): Step {
  const prefix = source.read(offset, PREFIX_BYTES);
  if (prefix.byteLength < PREFIX_BYTES) return { type: 'cut' };
  if (prefix.readUInt32LE(0) !== CONTINUATION) return { type: 'bad', what: 'no frame begins here' };
  const length = prefix.readUInt32LE(4);
  if (length === 0) return { type: 'end' };
  if (length > METADATA_BYTES_MAX || length % 8 !== 0) {
    return { type: 'bad', what: `metadata length ${length} out of range` };
  }
  const head = source.read(offset, PREFIX_BYTES + length);
  if (head.byteLength < PREFIX_BYTES + length) return { type: 'cut' };
  return checkFrame(source, offset, head);
}

function checkFrame(source: ByteSource, offset: number, head: Buffer): Step {
  const checked = checkHead(head);
  if (checked === null) return { type: 'bad', what: 'metadata does not match its CRC' };
  let message: DecodedMessage;
  try {
    message = decodeMessage(head.subarray(PREFIX_BYTES));
  } catch (error) {
    return { type: 'bad', what: `metadata cannot be decoded: ${(error as Error).message}` };
  }
  const { bodyLength } = message;
  if (!Number.isSafeInteger(bodyLength) || bodyLength < 0 || bodyLength % 8 !== 0) {
    return { type: 'bad', what: `body length ${bodyLength} out of range` };
  }
  const bodyOffset = offset + head.byteLength;
  const end = bodyOffset + bodyLength;
  if (end > source.size) return { type: 'cut' };
  return { type: 'frame', frame: { offset, bodyOffset, end, checked, message } };
}

export function scan(source: ByteSource): Scan {
  const frames: Frame[] = [];
  const damage: Damage[] = [];
  const search = new Search(source);
  let offset = 0;
  while (offset < source.size) {
    const step = readFrame(source, offset);
    if (step.type === 'frame') {
      frames.push(step.frame);
      offset = step.frame.end;
      continue;
    }
    if (step.type === 'end' && offset + PREFIX_BYTES === source.size) {
      return { frames, damage, cutAt: null, endOfStream: true, end: source.size };
    }
    const next = search.next(offset + 1);
    if (next === null) return finish(frames, damage, offset, step, source);
    const what = step.type === 'bad' ? step.what : 'the frame does not end where it should';
    damage.push({ offset, end: next, what });
    offset = next;
  }
  return { frames, damage, cutAt: offset, endOfStream: false, end: offset };
}

/** Nothing readable follows: either the file was cut here, or its tail is damaged. */
function finish(
  frames: readonly Frame[],
  damage: readonly Damage[],
  offset: number,
  step: Exclude<Step, { type: 'frame' }>,
  source: ByteSource,
): Scan {
  const whole = { frames, endOfStream: false, end: offset };
  if (step.type === 'cut') return { ...whole, damage, cutAt: offset };
  const what = step.type === 'bad' ? step.what : 'bytes after the end of the stream';
  return { ...whole, damage: [...damage, { offset, end: source.size, what }], cutAt: null };
}

const SEARCH_BYTES = 1 << 20;

/**
 * Looks for the next frame behind damage. A hostile file can be full of markers, each of which
 * costs a check of the head that it claims, so the bytes that may be checked in vain are limited.
 */
class Search {
  #budget = SEARCH_BUDGET_BYTES;

  constructor(private readonly source: ByteSource) {}

  /**
   * The next offset from which a frame checks, or null. Frames begin at multiples of 8, but bytes
   * may also have been inserted or removed: every offset is looked at. An end of stream has no CRC,
   * and data that is cut in the right place looks like one, so it counts only behind a whole frame.
   */
  next(from: number): number | null {
    for (let base = from; base < this.source.size; base += SEARCH_BYTES) {
      const window = this.source.read(base, SEARCH_BYTES + PREFIX_BYTES);
      for (let at = window.indexOf(MARKER); at >= 0; at = window.indexOf(MARKER, at + 1)) {
        if (at >= SEARCH_BYTES) break;
        const claimed = claimedBytes(window, at);
        this.#budget -= CANDIDATE_COST + (claimed ?? 0);
        if (this.#budget < 0) return null;
        if (claimed === null) continue;
        const step = readFrame(this.source, base + at);
        if (step.type === 'frame') return base + at;
      }
    }
    return null;
  }
}

const MARKER = Buffer.alloc(4, 0xff);
/** About a quarter of a second of checks. */
const SEARCH_BUDGET_BYTES = 1 << 27;
/** What looking at one marker costs, in bytes checked. */
const CANDIDATE_COST = 64;

/** Length of the metadata that a marker at `at` claims, or null when it cannot be a frame's. */
function claimedBytes(window: Buffer, at: number): number | null {
  if (at + PREFIX_BYTES > window.byteLength) return null;
  const length = window.readUInt32LE(at + 4);
  return length <= METADATA_BYTES_MAX && length % 8 === 0 ? length : null;
}
