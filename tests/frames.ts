/**
 * Traces taken apart into frames and put together again, as docs/format.md has it and without the
 * code that is tested: with the CRCs that they had, with right ones, or all tied together anew.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { MemorySource, TraceReader } from '../traces/index.js';

/** One frame: its metadata and its body. */
export interface Part {
  readonly metadata: Buffer;
  readonly body: Buffer;
}

export const END_OF_STREAM = Buffer.from('ffffffff00000000', 'hex');

/** The frames of a sound trace. */
export function partsOf(trace: Buffer): Part[] {
  const { frames } = new TraceReader(new MemorySource(trace)).layout;
  return frames.map(({ offset, bodyOffset, end }) => ({
    metadata: trace.subarray(offset + 8, bodyOffset),
    body: trace.subarray(bodyOffset, end),
  }));
}

/** A file of frames as they are, and the end of stream. */
export const fileOf = (parts: readonly Part[]): Buffer =>
  Buffer.concat([...parts.map(frameOf), END_OF_STREAM]);

export const frameOf = ({ metadata, body }: Part): Buffer =>
  Buffer.concat([headOf(metadata), body]);

function headOf(metadata: Buffer): Buffer {
  const head = Buffer.alloc(8 + metadata.byteLength);
  head.writeUInt32LE(0xffff_ffff, 0);
  head.writeUInt32LE(metadata.byteLength, 4);
  head.set(metadata, 8);
  return head;
}

const COLUMN_CRCS = 'vfr.crcs';
const CRCS = /\x11\0\0\0[0-9a-f]{8}-[0-9a-f]{8}\0/;
const LINK = /\x2b\0\0\0[0-9a-f]{16}-[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}\0/;
const END = /\{"events":(\d+),"batches":(\d+),"lost":(\d+),"digest":"/;

/** A frame that was changed, with its CRCs made right if they can still be found. */
export function sealed({ metadata, body }: Part): Part {
  const head = headOf(metadata);
  // Without CRCs of their own, columns are reached by the body's CRC alone.
  const ownCrcs = head.indexOf(COLUMN_CRCS);
  if (ownCrcs >= 0) head.write('vfr.none', ownCrcs, 'latin1');
  const found = CRCS.exec(head.toString('latin1'));
  if (found !== null) {
    head.write(`????????-${hex8(crc32(body))}`, found.index + 4, 'latin1');
    head.write(hex8(crc32(head)), found.index + 4, 'latin1');
  }
  return { metadata: head.subarray(8), body };
}

/** Frames tied together anew, as a file by a hostile writer has them. */
export function forged(parts: readonly Part[]): Part[] {
  const all = createHash('sha256');
  const id = LINK.exec(parts[0]?.metadata.toString('latin1') ?? '')?.[0].slice(4, 20);
  let before = '00000000-00000000';
  return parts.map(({ metadata: old, body }, number) => {
    const metadata = Buffer.from(old);
    const text = metadata.toString('latin1');
    const [link, end] = [LINK.exec(text), END.exec(text)];
    if (link !== null && id !== undefined) {
      metadata.write(`${id}-${hex8(number)}-${before}`, link.index + 4, 'latin1');
    }
    if (end !== null) {
      const counts = end.slice(1, 4).join('/');
      const digest = all.copy().update(counts).digest('hex').slice(0, 16);
      metadata.write(digest, end.index + end[0].length, 'latin1');
    }
    const part = sealed({ metadata, body });
    const crcs = CRCS.exec(part.metadata.toString('latin1'));
    before = crcs?.[0].slice(4, 21) ?? before;
    const words = Buffer.from(before.replace('-', ''), 'hex');
    all.update(words.swap32());
    return part;
  });
}

/** The id of a trace, from the frames up to its first batch. */
export function idOf(opening: readonly Part[]): string {
  const hash = createHash('sha256');
  for (const { metadata, body } of opening) {
    const text = metadata.toString('latin1');
    const blank = text
      .replace(CRCS, (crcs) => crcs.replace(/[0-9a-f]/g, '?'))
      .replace(LINK, (link) => link.replace(/[0-9a-f]/g, '!'));
    hash.update(Buffer.from(blank, 'latin1')).update(body);
  }
  return hash.digest('hex').slice(0, 16);
}

const hex8 = (value: number) => value.toString(16).padStart(8, '0');
