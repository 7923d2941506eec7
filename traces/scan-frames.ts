/**
 * Finds the frames of a trace without reading their bodies. After a frame that fails its checks, it
 * searches for the next position where one passes.
 */

import { type DecodedMessage, decodeMessage } from './arrow-message.js';
import type { ByteSource } from './byte-source.js';
import { END_KEY } from './end-mark.js';
import type { ColumnName } from './event-schema.js';
import { METADATA_BYTES_MAX } from './limits.js';
import type { Crcs } from './message-link.js';
import { CONTINUATION, checkHead, PREFIX_BYTES } from './trace-frame.js';

/** A frame with verified metadata; its body has not been read yet. */
export interface Frame {
  readonly offset: number;
  readonly bodyOffset: number;
  readonly end: number;
  /** Its CRCs: that of the head has been verified, that of the body not yet. */
  readonly crcs: Crcs;
  readonly message: DecodedMessage;
}

/** A range of bytes that differs from what was written, and what is known about it. */
export interface Damage {
  readonly offset: number;
  readonly end: number;
  readonly what: string;
  /** First and last seq of the events that it loses, if known. */
  readonly seq?: readonly [first: number, last: number];
  /** Damaged columns, when the other columns of the batch are intact. */
  readonly columns?: readonly ColumnName[];
  /** Offset of another trace, when its bytes follow this one. */
  readonly anotherAt?: number;
}

export interface Scan {
  readonly frames: readonly Frame[];
  readonly damage: readonly Damage[];
  /** Offset where the file stops in the middle of a frame, or null. */
  readonly cutAt: number | null;
  /** Offsets of Arrow's end of stream after a frame. */
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
 * Whether bytes that look like an end of stream are one. It has no CRC, and damaged or cut data can
 * look like it. So it counts only directly after a frame, and only if the file ends there or
 * continues the way a file of several traces does.
 */
function endsStream(source: ByteSource, offset: number, before: Frame | undefined): boolean {
  if (before?.end !== offset) return false;
  const behind = offset + PREFIX_BYTES;
  if (behind === source.size || isEndMarker(before)) return true;
  return readFrame(source, behind).type === 'frame';
}

const SEARCH_BYTES = 1 << 20;

/**
 * Searches for the next frame after damage. A hostile file can be full of markers, and each costs a
 * check of the head that it claims, so the number of bytes checked in vain is limited.
 */
class Search {
  #budget = SEARCH_BUDGET_BYTES;
  /** Reused for every window: allocating it costs ten times as much as reading it. */
  #memory: Buffer | null = null;

  constructor(private readonly source: ByteSource) {}

  /**
   * The next offset where a frame passes its checks, or null. Frames begin at multiples of 8, but
   * bytes may also have been inserted or removed, so every offset is tried.
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
/** Cost of trying one marker, in bytes checked. */
const CANDIDATE_COST = 64;

/** Length of the metadata that a marker at `at` claims, or null when no frame can have it. */
function claimedBytes(window: Buffer, at: number): number | null {
  if (at + PREFIX_BYTES > window.byteLength) return null;
  const length = window.readUInt32LE(at + 4);
  return length <= METADATA_BYTES_MAX && length % 8 === 0 ? length : null;
}
