/**
 * The protocol between a session and its process: frames of a length (4 bytes, little endian) and a
 * value in the format of `v8.serialize`, which preserves 64-bit integers, bytes and dates.
 */
import { deserialize, serialize } from 'node:v8';
import type { ErrorCode, ErrorLocation } from '../../traces/index.js';
import type { TraceError } from '../trace-tables.js';

/** Where the process finds a trace: in an inherited file, or in bytes sent to it. */
export interface SentTrace {
  readonly name: string;
  /** Name of the source, for messages. */
  readonly source: string;
  readonly size: number;
  /** Number of the inherited file; null when `bytes` follow, in the order of the traces. */
  readonly fd: number | null;
}

export interface OpenRequest {
  readonly type: 'open';
  readonly traces: readonly SentTrace[];
  /** What DuckDB may use by its own accounting. */
  readonly memory: string;
  readonly errors: readonly TraceError[];
}

export type Request =
  | OpenRequest
  | { readonly type: 'bytes'; readonly trace: number; readonly bytes: Uint8Array }
  | { readonly type: 'query'; readonly sql: string }
  | { readonly type: 'condition'; readonly sql: string };

type Row = readonly unknown[];

/** A query is answered by its columns, its rows, and the end; other requests only by the end. */
export type Reply =
  | { readonly type: 'columns'; readonly columns: readonly string[] }
  | { readonly type: 'rows'; readonly rows: readonly Row[] }
  | { readonly type: 'end' }
  | { readonly type: 'error'; readonly error: SentError };

export interface SentError {
  readonly code: ErrorCode;
  readonly what: string;
  readonly next: string;
  readonly place: ErrorLocation;
}

const HEAD_BYTES = 4;

/** The most bytes of a frame of rows: what the session holds of a result at a time. */
export const ROWS_BYTES_MAX = 32 * 2 ** 20;

/** No frame is larger; a sender of a larger one is broken. */
const FRAME_BYTES_MAX = 2 * ROWS_BYTES_MAX;

/** Bytes of a trace that are sent at a time. */
export const PIECE_BYTES = 2 ** 20;

export function encode(message: Request | Reply): Buffer {
  const body = serialize(message);
  const frame = Buffer.allocUnsafe(HEAD_BYTES + body.byteLength);
  frame.writeUInt32LE(body.byteLength);
  frame.set(body, HEAD_BYTES);
  return frame;
}

/**
 * Yields the messages of a stream as they arrive.
 * @throws Error when the bytes are not a frame
 */
export async function* decode<M extends Request | Reply>(
  stream: AsyncIterable<Buffer>,
): AsyncGenerator<M, void> {
  let parts: Buffer[] = [];
  let held = 0;
  let wanted = HEAD_BYTES;
  for await (const part of stream) {
    parts.push(part);
    held += part.byteLength;
    while (held >= wanted) {
      const all = parts.length === 1 ? parts[0] : Buffer.concat(parts, held);
      const end = HEAD_BYTES + all.readUInt32LE();
      if (end > FRAME_BYTES_MAX) throw new Error(`a frame of ${end} bytes`);
      parts = [all];
      wanted = end;
      if (held < end) break;
      yield deserialize(all.subarray(HEAD_BYTES, end)) as M;
      parts = [all.subarray(end)];
      held -= end;
      wanted = HEAD_BYTES;
    }
  }
}
