/**
 * Goal: a part of a file that the disk does not give is a damaged range like any other. Method: a
 * source that fails as a disk does, page by page; what is read is compared with the whole trace.
 */
import { describe, expect, test } from 'vitest';
import { buildTrace } from '../tests/build-trace.js';
import { type ByteSource, fileError, MemorySource, TraceReader, verifyTrace } from './index.js';
import { readOn } from './read-past-bad-disk.js';

const PAGE = 4096;
const ROWS = 3000;
const TRACE = buildTrace(
  Array.from({ length: ROWS }, (_, i) => ({
    kind: 'log' as const,
    value: BigInt((i * 2_654_435_761) % 4_294_967_291),
    text: `event ${i} ${(i * 48_271) % 65_537}`,
  })),
  { batchRows: 300 },
);

/** Fails as the system does when one of its pages cannot be read. */
class BadDisk implements ByteSource {
  readonly name = 'bad.arrows';
  readonly size = TRACE.length;
  tries = 0;

  constructor(
    private readonly page: number,
    private readonly code = 'EIO',
  ) {}

  read(offset: number, length: number): Buffer {
    const [first, last] = [offset, Math.min(offset + length, this.size) - 1].map((at) =>
      Math.floor(at / PAGE),
    );
    if (first > this.page || last < this.page) return TRACE.subarray(offset, offset + length);
    this.tries++;
    const error = Object.assign(new Error(this.code), { code: this.code });
    throw fileError(error, this.name, 'reading');
  }

  close(): void {}
}

const PAGES = Math.ceil(TRACE.length / PAGE);

describe('a page that cannot be read', () => {
  test.each(Array.from({ length: PAGES }, (_, i) => i))('page %i costs what is on it', (page) => {
    const disk = new BadDisk(page);
    const reader = new TraceReader(readOn(disk));
    const found = verifyTrace(reader);
    expect(found.length).toBeGreaterThan(0);
    expect(found[0].what).toContain('cannot be read');
    expect(reader.completeness.complete).toBe(false);
    expect(reader.events).toBeGreaterThanOrEqual(ROWS - 2 * 300);
    for (const batch of reader.read()) {
      expect(batch.column('text').text(0)).toMatch(new RegExp(`^event ${batch.seqFirst} `));
    }
    // A disk that fails takes seconds for each try.
    expect(disk.tries).toBeLessThanOrEqual(2);
  });

  test('a page that cannot be read is an error of its own where it can mean nothing else', () => {
    const small = new BadDisk(0);
    Object.assign(small, { size: 100 });
    expect(() => new TraceReader(readOn(small))).toThrow('reading failed with EIO');
    expect(() => new TraceReader(readOn(new BadDisk(1, 'EACCES')))).toThrow('permission denied');
  });

  test('a page that cannot be read is not taken for zeros by who does not ask for it', () => {
    expect(() => new TraceReader(new BadDisk(1))).toThrow('reading failed with EIO');
    expect(new TraceReader(new MemorySource(TRACE)).completeness.complete).toBe(true);
  });
});
