/**
 * One frame of a trace file: an Arrow IPC message (https://arrow.apache.org/docs/format/IPC.html,
 * "Encapsulated message format") whose metadata carries two CRC-32 values, one over the prefix and
 * the metadata and one over the body.
 *
 *     0xFFFFFFFF | metadata length u32 LE | metadata (flatbuffer, padded to 8) | body (padded to 8)
 *
 * Writer and checker live in one file so that they cannot drift apart. Nothing here decodes a
 * flatbuffer: a damaged one must never reach a decoder.
 */
import { crc32 } from 'node:zlib';
import { assert } from './assert.js';
import { METADATA_BYTES_MAX } from './limits.js';

export const PREFIX_BYTES = 8;
export const CONTINUATION = 0xffff_ffff;
/** Arrow's end of stream: a continuation marker and a metadata length of zero. */
export const END_OF_STREAM = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);
/** Key of the message's custom metadata entry that holds the CRCs as `meta-body`, in hex. */
export const CRC_KEY = 'vfr.crc';
/** Key of a batch's custom metadata entry that holds a CRC per column, each as 8 hex digits. */
export const COLUMN_CRCS_KEY = 'vfr.crcs';
/** What stands in place of the CRCs while the metadata's own CRC is computed. */
export const CRC_PLACEHOLDER = '????????-????????';
const META_DIGITS = '????????';

/** A flatbuffer string: its length as u32 LE, its bytes, a NUL. */
const flatbufferString = (text: string) =>
  Buffer.from(`${String.fromCharCode(text.length)}\0\0\0${text}\0`, 'latin1');

/** A CRC as eight hexadecimal digits. */
export const hex8 = (value: number): string => value.toString(16).padStart(8, '0');

/**
 * Makes a frame of encoded metadata (which holds the placeholder) and a body. Both go into one
 * buffer, so that a sink takes a frame by one call.
 */
export function sealFrame(metadata: Uint8Array, body: Uint8Array): Buffer {
  assert(body.byteLength % 8 === 0, 'body is padded to 8 bytes');
  assert(metadata.byteLength <= METADATA_BYTES_MAX - 8, 'metadata is within its limit');
  const length = (metadata.byteLength + 7) & ~7;
  const frame = Buffer.alloc(PREFIX_BYTES + length + body.byteLength);
  const head = frame.subarray(0, PREFIX_BYTES + length);
  head.writeUInt32LE(CONTINUATION, 0);
  head.writeUInt32LE(length, 4);
  head.set(metadata, PREFIX_BYTES);
  frame.set(body, PREFIX_BYTES + length);
  const slot = flatbufferString(CRC_PLACEHOLDER);
  const at = head.indexOf(slot);
  assert(at >= 0 && head.indexOf(slot, at + 1) < 0, 'metadata holds one CRC placeholder');
  head.write(`${META_DIGITS}-${hex8(crc32(body))}`, at + 4, 'latin1');
  head.write(hex8(crc32(head)), at + 4, 'latin1');
  return frame;
}

/** The CRC of the body that a frame's verified metadata promises. */
export interface CheckedHead {
  readonly bodyCrc: number;
}

const CRC_LENGTH = Buffer.from(`${String.fromCharCode(CRC_PLACEHOLDER.length)}\0\0\0`, 'latin1');
const CRC_STRING = /^([0-9a-f]{8})-([0-9a-f]{8})\0$/;
/** Notes may hold by chance what looks like the CRCs; a file full of it is hostile. */
const CANDIDATES_MAX = 4;

/**
 * Verifies prefix and metadata of a frame.
 * @param head prefix and metadata, unchanged afterwards
 * @returns null when the metadata is not what was written
 */
export function checkHead(head: Buffer): CheckedHead | null {
  let candidates = 0;
  for (let at = head.indexOf(CRC_LENGTH); at >= 0; at = head.indexOf(CRC_LENGTH, at + 1)) {
    const start = at + CRC_LENGTH.byteLength;
    const match = CRC_STRING.exec(head.toString('latin1', start, start + 18));
    if (match === null) continue;
    if (++candidates > CANDIDATES_MAX) return null;
    let crc = crc32(head.subarray(0, start));
    crc = crc32(META_DIGITS, crc);
    crc = crc32(head.subarray(start + META_DIGITS.length), crc);
    if (crc === Number.parseInt(match[1], 16)) return { bodyCrc: Number.parseInt(match[2], 16) };
  }
  return null;
}

export function checkBody(body: Uint8Array, promised: CheckedHead): boolean {
  return crc32(body) === promised.bodyCrc;
}
