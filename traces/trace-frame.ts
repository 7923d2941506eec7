/**
 * One frame of a trace file: an Arrow IPC message (https://arrow.apache.org/docs/format/IPC.html,
 * "Encapsulated message format") whose metadata carries two CRC-32 values, one over the prefix and
 * the metadata and one over the body.
 *
 *     0xFFFFFFFF | metadata length u32 LE | metadata (flatbuffer, padded to 8) | body (padded to 8)
 *
 * Writer and checker are in one file so that they stay consistent. Nothing here decodes a
 * flatbuffer: a damaged one must never reach a decoder.
 */
import { crc32 } from 'node:zlib';
import { assert } from './assert.js';
import { METADATA_BYTES_MAX } from './limits.js';
import { type Crcs, formatLink, hex8, LINK_PLACEHOLDER, type Link } from './message-link.js';

export const PREFIX_BYTES = 8;
export const CONTINUATION = 0xffff_ffff;
/** Arrow's end of stream: a continuation marker and a metadata length of zero. */
export const END_OF_STREAM = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);
/** Key of the message's custom metadata entry that holds the CRCs as `meta-body`, in hex. */
export const CRC_KEY = 'vfr.crc';
/** Key of a batch's custom metadata entry that holds a CRC per column, each as 8 hex digits. */
export const COLUMN_CRCS_KEY = 'vfr.crcs';
/** Placeholder for the CRCs while the metadata's own CRC is computed. */
export const CRC_PLACEHOLDER = '????????-????????';
const META_DIGITS = '????????';

/** A flatbuffer string: its length as u32 LE, its bytes, a NUL. */
const flatbufferString = (text: string) =>
  Buffer.from(`${String.fromCharCode(text.length)}\0\0\0${text}\0`, 'latin1');

/** A frame as written to the file, and its CRCs, which the next frame's link names. */
export interface SealedFrame {
  readonly bytes: Buffer;
  readonly crcs: Crcs;
}

/**
 * Makes a frame of encoded metadata (which holds the placeholders) and a body. Both are in one
 * buffer, so that a sink writes a frame with one call.
 */
export function sealFrame(metadata: Uint8Array, body: Uint8Array, link: Link): SealedFrame {
  assert(body.byteLength % 8 === 0, 'body is padded to 8 bytes');
  assert(metadata.byteLength <= METADATA_BYTES_MAX - 8, 'metadata is within its limit');
  const length = (metadata.byteLength + 7) & ~7;
  const frame = Buffer.alloc(PREFIX_BYTES + length + body.byteLength);
  const head = frame.subarray(0, PREFIX_BYTES + length);
  head.writeUInt32LE(CONTINUATION, 0);
  head.writeUInt32LE(length, 4);
  head.set(metadata, PREFIX_BYTES);
  frame.set(body, PREFIX_BYTES + length);
  head.write(formatLink(link), placeOf(LINK_PLACEHOLDER, head), 'latin1');
  const at = placeOf(CRC_PLACEHOLDER, head);
  const crcs = { body: crc32(body), head: 0 };
  head.write(`${META_DIGITS}-${hex8(crcs.body)}`, at, 'latin1');
  crcs.head = crc32(head);
  head.write(hex8(crcs.head), at, 'latin1');
  return { bytes: frame, crcs };
}

/** Offset of the only placeholder of its kind. */
function placeOf(placeholder: string, head: Buffer): number {
  const slot = flatbufferString(placeholder);
  const at = head.indexOf(slot);
  assert(at >= 0 && head.indexOf(slot, at + 1) < 0, 'metadata holds one placeholder of each kind');
  return at + 4;
}

const CRC_LENGTH = Buffer.from(`${String.fromCharCode(CRC_PLACEHOLDER.length)}\0\0\0`, 'latin1');
const CRC_STRING = /^([0-9a-f]{8})-([0-9a-f]{8})\0$/;
/**
 * Notes may happen to contain something that looks like the CRCs; a file full of such is hostile.
 */
const CANDIDATES_MAX = 4;

/**
 * Verifies prefix and metadata of a frame.
 * @param head prefix and metadata, unchanged afterwards
 * @returns its own CRC and the one that it states for the body; null when the metadata is damaged
 */
export function checkHead(head: Buffer): Crcs | null {
  let candidates = 0;
  for (let at = head.indexOf(CRC_LENGTH); at >= 0; at = head.indexOf(CRC_LENGTH, at + 1)) {
    const start = at + CRC_LENGTH.byteLength;
    const match = CRC_STRING.exec(head.toString('latin1', start, start + 18));
    if (match === null) continue;
    if (++candidates > CANDIDATES_MAX) return null;
    let crc = crc32(head.subarray(0, start));
    crc = crc32(META_DIGITS, crc);
    crc = crc32(head.subarray(start + META_DIGITS.length), crc);
    if (crc === Number.parseInt(match[1], 16)) {
      return { head: crc, body: Number.parseInt(match[2], 16) };
    }
  }
  return null;
}
