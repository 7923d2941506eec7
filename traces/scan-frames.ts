/**
 * Finds the frames of a trace without reading their bodies, and finds its way past damage: after a
 * frame that does not check, the next position from which a frame does is looked for.
 */

import { type DecodedMessage, decodeMessage } from './arrow-message.js';
import type { ByteSource } from './byte-source.js';
import { END_KEY } from './end-mark.js';
import type { ColumnName } from './event-schema.js';
import { METADATA_BYTES_MAX } from './limits.js';
import type { Crcs } from './message-link.js';
import { CONTINUATION, checkHead, PREFIX_BYTES } from './trace-frame.js';

/** A frame whose metadata is what was written; its body is not read yet. */
export interface Frame {
  readonly offset: number;
  readonly bodyOffset: number;
  readonly end: number;
  /** Its own CRCs: that of the head was checked, that of the body is promised. */
  readonly crcs: Crcs;
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
  /** Where another trace begins, when its bytes stand behind those of this one. */
  readonly anotherAt?: number;
}

export interface Scan {
  readonly frames: readonly Frame[];
  readonly damage: readonly Damage[];
  /** Where the file stops in the middle of a frame, or null. */
  readonly cutAt: number | null;
  /** Where an end of stream of Arrow's stands behind a frame. */
  readonly endsOfStream: readonly number[];
}

export const isEndMarker = ({ message }: Frame): boolean =>
  message.type === 'batch' && message.metadata.has(END_KEY);

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
  const crcs = checkHead(head);
  if (crcs === null) return { type: 'bad', what: 'metadata does not match its CRC' };
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
  return { type: 'frame', frame: { offset, bodyOffset, end, crcs, message } };
}

export function scan(source: ByteSource): Scan {
  const frames: Frame[] = [];
  const damage: Damage[] = [];
  const endsOfStream: number[] = [];
  const search = new Search(source);
  let offset = 0;
  while (offset < source.size) {
    const step = readFrame(source, offset);
    if (step.type === 'frame') {
      frames.push(step.frame);
      offset = step.frame.end;
      continue;
    }
    if (step.type === 'end' && endsStream(source, offset, frames.at(-1))) {
      endsOfStream.push(offset);
      offset += PREFIX_BYTES;
      continue;
    }
    const next = search.next(offset + 1);
    if (next === null && step.type === 'cut') {
      return { frames, damage, endsOfStream, cutAt: offset };
    }
    const what = step.type === 'bad' ? step.what : 'the frame does not end where it should';
    damage.push({ offset, end: next ?? source.size, what });
    offset = next ?? source.size;
  }
  return { frames, damage, endsOfStream, cutAt: null };
}

/**
 * Whether what looks like an end of stream is one. It has no CRC, and data that is damaged or cut
 * in the right place looks like one: only behind a frame can it be one, and only where the file
 * ends or goes on as a file of traces would.
 */
function endsStream(source: ByteSource, offset: number, before: Frame | undefined): boolean {
  if (before?.end !== offset) return false;
  const behind = offset + PREFIX_BYTES;
  if (behind === source.size || isEndMarker(before)) return true;
  return readFrame(source, behind).type === 'frame';
}

const SEARCH_BYTES = 1 << 20;

/**
 * Looks for the next frame behind damage. A hostile file can be full of markers, each of which
 * costs a check of the head that it claims, so the bytes that may be checked in vain are limited.
 */
class Search {
  #budget = SEARCH_BUDGET_BYTES;
  /** For one window after the other: new memory for each costs ten times as much as reading it. */
  #memory: Buffer | null = null;

  constructor(private readonly source: ByteSource) {}

  /**
   * The next offset from which a frame checks, or null. Frames begin at multiples of 8, but bytes
   * may also have been inserted or removed: every offset is looked at.
   */
  next(from: number): number | null {
    this.#memory ??= Buffer.allocUnsafe(SEARCH_BYTES + PREFIX_BYTES);
    for (let base = from; base < this.source.size; base += SEARCH_BYTES) {
      const window = this.source.read(base, SEARCH_BYTES + PREFIX_BYTES, this.#memory);
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
