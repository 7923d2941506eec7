import { VfrError } from '../../traces/index.js';

/** Where things are in a ring-buffer page; from `events/header_page`, which differs by kernel. */
export interface PageFormat {
  readonly littleEndian: boolean;
  /** Size of the commit word, a C long: 8 on 64-bit kernels, 4 on 32-bit ones. */
  readonly commitSize: 4 | 8;
  readonly commitOffset: number;
  /** Where the records start. */
  readonly dataOffset: number;
  /** Size of a whole page (since 6.8 a "sub-buffer" of one or more memory pages). */
  readonly pageSize: number;
}

const FIELD = /field:\s*[^;]*?(\w+);\s*offset:(\d+);\s*size:(\d+);/g;

/** Larger pages than this no kernel has: 2^9 memory pages of 64 KiB (`buffer_subbuf_size_kb`). */
const PAGE_LIMIT = 1 << 25;

function malformed(what: string, file: string): VfrError {
  return new VfrError('HEADER_PAGE', what, 'Record again; the file is damaged.', {
    file,
  });
}

/**
 * Reads the text of `events/header_page`.
 *
 * @param file Where the text is from, for messages.
 */
export function parsePageFormat(text: string, littleEndian: boolean, file: string): PageFormat {
  const fields = new Map<string, { offset: number; size: number }>();
  for (const [, name, offset, size] of text.matchAll(FIELD)) {
    fields.set(name!, { offset: Number(offset), size: Number(size) });
  }
  const [time, commit, data] = [fields.get('timestamp'), fields.get('commit'), fields.get('data')];
  if (!time || !commit || !data) throw malformed('no timestamp, commit or data field', file);
  if (time.offset !== 0 || time.size !== 8)
    throw malformed('the timestamp is not 8 bytes at 0', file);
  if (commit.size !== 4 && commit.size !== 8) throw malformed('the commit is not a long', file);
  const pageSize = data.offset + data.size;
  if (commit.offset + commit.size > data.offset || data.size === 0 || pageSize > PAGE_LIMIT) {
    throw malformed('the fields overlap or are too large', file);
  }
  return {
    littleEndian,
    commitSize: commit.size,
    commitOffset: commit.offset,
    dataOffset: data.offset,
    pageSize,
  };
}

/** Whether this machine stores the low byte first: a live buffer is in its own byte order. */
export function littleEndianMachine(): boolean {
  return new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
}
