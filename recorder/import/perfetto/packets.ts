/** The packets of a trace, one in memory at a time; compressed ones hold packets of their own. */
import { inflateSync } from 'node:zlib';
import { ZstdDecoder } from '../../../traces/index.js';
import { ByteStream } from '../byte-stream.js';
import type { Input } from '../input-stream.js';
import { PACKET } from './field-numbers.js';
import { Wire } from './wire.js';

/** Field 1 of the trace, a message. */
const TAG = 0x0a;
const LENGTH_BYTES_MAX = 5;
/** Packets have at most half a megabyte, but for those that a service wrote for itself. */
const PACKET_BYTES_MAX = 1 << 26;
/** A compressed packet within a compressed one makes no sense. */
const DEPTH_MAX = 2;

export class Packets {
  stopped: { readonly offset: number; readonly why: string } | null = null;
  readonly #stream: ByteStream;

  constructor(input: Pick<Input, 'chunks'>) {
    this.#stream = new ByteStream(input);
  }

  /** Each packet; valid until the next one. */
  *all(): Generator<Wire, undefined> {
    const stream = this.#stream;
    while (stream.need(1)) {
      const { offset } = stream;
      stream.need(1 + LENGTH_BYTES_MAX);
      const { bytes, at } = stream;
      const length = lengthAt(bytes, at + 1);
      if (bytes[at] !== TAG || length === null) return this.#stop(offset, 'here is no packet');
      if (length.value > PACKET_BYTES_MAX)
        return this.#stop(offset, `a packet of ${length.value} bytes`);
      const start = 1 + length.bytes;
      if (!stream.need(start + length.value)) return this.#stop(offset, 'the last packet is cut');
      const from = stream.at + start;
      const packet = stream.bytes.subarray(from, from + length.value);
      stream.at = from + length.value;
      yield* this.#within(new Wire(packet), offset, 0);
    }
  }

  *#within(packet: Wire, offset: number, depth: number): Generator<Wire, undefined> {
    const compressed = new Wire(packet.bytes);
    while (compressed.next()) {
      const { field } = compressed;
      if (!compressed.isBytes) continue;
      if (field !== PACKET.compressed && field !== PACKET.compressedZstd) continue;
      const data = packet.bytes.subarray(compressed.start, compressed.end);
      const plain = depth < DEPTH_MAX ? decompressed(field, data) : null;
      if (plain === null) return this.#stop(offset, 'a compressed packet is damaged');
      const trace = new Wire(plain);
      while (trace.next()) {
        if (trace.field !== 1 || !trace.isBytes) continue;
        const inner = new Wire(plain.subarray(trace.start, trace.end));
        yield* this.#within(inner, offset, depth + 1);
      }
      return;
    }
    yield packet;
  }

  #stop(offset: number, why: string): undefined {
    this.stopped ??= { offset, why };
  }
}

/** The packets that are whole within the first bytes of a trace. */
export function* packetsOf(head: Buffer): Generator<Wire, undefined> {
  yield* new Packets({ chunks: () => [head] }).all();
}

/** Whether bytes begin with a packet, followed by another one if the bytes reach that far. */
export function beginsWithPackets(head: Buffer): boolean {
  let at = 0;
  for (let count = 0; count < 3 && at < head.byteLength; count++) {
    const length = lengthAt(head, at + 1);
    if (head[at] !== TAG || length === null || length.value > PACKET_BYTES_MAX) return false;
    const end = at + 1 + length.bytes + length.value;
    const packet = new Wire(head.subarray(at + 1 + length.bytes, end));
    while (packet.next()) if (packet.field === 0 || packet.field > 2000) return false;
    if (end <= head.byteLength && packet.isDamaged) return false;
    at = end;
  }
  return at > 0;
}

function lengthAt(bytes: Buffer, at: number): { value: number; bytes: number } | null {
  let value = 0;
  for (let i = 0; i < LENGTH_BYTES_MAX && at + i < bytes.byteLength; i++) {
    value += (bytes[at + i] & 0x7f) * 2 ** (7 * i);
    if (bytes[at + i] < 0x80) return { value, bytes: i + 1 };
  }
  return null;
}

function decompressed(field: number, data: Buffer): Buffer | null {
  try {
    if (field === PACKET.compressed)
      return inflateSync(data, { maxOutputLength: PACKET_BYTES_MAX });
    const pieces: Buffer[] = [];
    let size = 0;
    for (const piece of new ZstdDecoder().push(data)) {
      size += piece.byteLength;
      if (size > PACKET_BYTES_MAX) return null;
      pieces.push(Buffer.from(piece));
    }
    return Buffer.concat(pieces);
  } catch {
    return null;
  }
}
