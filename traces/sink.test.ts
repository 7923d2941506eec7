/**
 * Goal: a disk that is full or fails, a short write and a closed pipe cost what was not written yet
 * and nothing else: neither what stands in the file nor the file that was there before.
 * Method: real faults where the machine offers them (/dev/full, a limit on file size that makes the
 * kernel write short, a pipe whose reader leaves), else a sink that fails.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { scratchFolder } from '../tests/build-trace.js';
import { makeTrace } from '../tests/sweeps/corpus.js';
import { PROGRAM } from '../tests/vfr.js';
import {
  FileSink,
  MemorySource,
  openSink,
  type Sink,
  type TraceMeta,
  TraceReader,
  TraceWriter,
} from './index.js';

const META: TraceMeta = { clock: 'mono', writer: 'test', notes: {} };

function append({ events }: TraceWriter, count: number): void {
  events.source('model');
  for (let i = 0; i < count; i++) {
    events.begin(events.kind('mark'), 'point');
    events.time(1, i);
    events.word('value', i);
    events.commit();
  }
}

/** Takes `room` bytes, then fails as a disk would, in the middle of a write. */
class FailingSink implements Sink {
  readonly chunks: Buffer[] = [];
  calls = 0;
  #room: number;

  constructor(
    room: number,
    private readonly code: string,
  ) {
    this.#room = room;
  }

  write(bytes: Uint8Array): void {
    this.calls++;
    this.chunks.push(Buffer.from(bytes.subarray(0, Math.max(0, this.#room))));
    this.#room -= bytes.byteLength;
    if (this.#room < 0) throw Object.assign(new Error(this.code), { code: this.code });
  }
}

describe('a writer whose sink fails', () => {
  test.each(['ENOSPC', 'EIO'])('%s: keeps all batches before it, and writes no more', (code) => {
    for (let room = 8_000; room < 20_000; room += 517) {
      const sink = new FailingSink(room, code);
      const writer = new TraceWriter(sink, META, { batchRows: 10 });
      expect(() => append(writer, 1_000)).toThrow(code);
      const { calls } = sink;
      expect(() => writer.finish()).toThrow(code);
      expect(sink.calls).toBe(calls);
      const reader = new TraceReader(new MemorySource(Buffer.concat(sink.chunks)));
      expect(reader.events).toBe(writer.batches * 10);
      expect(reader.completeness).toMatchObject({ truncated: true, damaged: 0 });
    }
  });
});

describe('a file', () => {
  test('that fails leaves the old one, and nothing else', () => {
    const file = join(scratchFolder(), 'trace.arrows');
    writeFileSync(file, 'old');
    const sink = new FileSink(file);
    append(new TraceWriter(sink, META), 100);
    sink.discard();
    expect(readFileSync(file, 'utf8')).toBe('old');
    expect(readdirSync(dirname(file))).toEqual([basename(file)]);
  });

  test('on a full disk fails with what to do', () => {
    const writer = new TraceWriter(openSink('/dev/full'), META);
    expect(() => writer.flush()).toThrow('no space left');
  });

  test('takes the place of what a killed command left, and of no recording', () => {
    const file = join(scratchFolder(), 'trace.arrows');
    for (const left of ['vfr-tmp', 'partial']) writeFileSync(`${file}.${left}`, 'left');
    const [made, recorded] = [new FileSink(file), new FileSink(file, 'recording')];
    expect(recorded.partial).toBe(`${file}.2.partial`);
    for (const sink of [made, recorded]) {
      new TraceWriter(sink, META).finish();
      sink.commit();
      expect(TraceReader.open(file).completeness.complete).toBe(true);
    }
    expect(readFileSync(`${file}.partial`, 'utf8')).toBe('left');
    expect(existsSync(`${file}.vfr-tmp`)).toBe(false);
  });

  test('that two write at once is whole, and one of them is told', () => {
    const file = join(scratchFolder(), 'trace.arrows');
    const [first, second] = [new FileSink(file), new FileSink(file)];
    const writers = [first, second].map((sink) => new TraceWriter(sink, META));
    for (const writer of writers) append(writer, 50);
    for (const writer of writers) writer.finish();
    expect(() => first.commit()).toThrow('another vfr writes this file');
    first.discard();
    second.commit();
    expect(TraceReader.open(file).completeness.complete).toBe(true);
    expect(readdirSync(dirname(file))).toEqual([basename(file)]);
  });

  test('that two recorders write at once keeps both recordings whole', () => {
    const file = join(scratchFolder(), 'trace.arrows');
    const sinks = [new FileSink(file, 'recording'), new FileSink(file, 'recording')];
    for (const [i, sink] of sinks.entries()) {
      const writer = new TraceWriter(sink, META);
      append(writer, 10 + i);
      writer.finish();
    }
    expect(sinks.map(({ partial }) => TraceReader.open(partial).events)).toEqual([10, 11]);
    for (const sink of sinks) sink.commit();
    expect(TraceReader.open(file).completeness.complete).toBe(true);
  });

  test('that is kept after a failure can be read', () => {
    const file = join(scratchFolder(), 'trace.arrows');
    const sink = new FileSink(file);
    const writer = new TraceWriter(sink, META);
    append(writer, 100);
    writer.flush();
    sink.keep();
    expect(TraceReader.open(sink.partial).events).toBe(100);
    expect(existsSync(file)).toBe(false);
  });

  test('appears under its name only when it is complete', () => {
    const file = join(scratchFolder(), 'trace.arrows');
    const sink = new FileSink(file);
    const writer = new TraceWriter(sink, META);
    append(writer, 10);
    writer.finish();
    expect(existsSync(file)).toBe(false);
    sink.commit();
    expect(TraceReader.open(file).completeness.complete).toBe(true);
    expect(existsSync(sink.partial)).toBe(false);
  });

  test('cannot be a folder', () => {
    const folder = join(scratchFolder(), 'folder');
    mkdirSync(folder);
    expect(() => new FileSink(folder)).toThrow('is a directory');
  });
});

describe('the program', () => {
  const input = join(scratchFolder(), 'in.arrows');
  writeFileSync(input, makeTrace({ seed: 5, events: 20_000, batchRows: 2_000 }));
  const shell = (command: string) =>
    spawnSync('bash', ['-c', `vfr() { "${process.execPath}" "${PROGRAM}" "$@"; }; ${command}`], {
      encoding: 'utf8',
    });

  test('told of a short write gives up and leaves the old file', () => {
    const output = join(scratchFolder(), 'out.arrows');
    writeFileSync(output, 'old');
    // The kernel writes up to the limit (a short write), then refuses.
    const { status, stderr } = shell(`ulimit -f 64; vfr cat "${input}" -o "${output}"`);
    expect(status).toBe(3);
    expect(stderr).toContain('FILE_EFBIG');
    expect(readFileSync(output, 'utf8')).toBe('old');
    expect(readdirSync(dirname(output))).toEqual([basename(output)]);
  });

  test('holds a pipe in memory up to 1 GiB, also one that gives few bytes at a time', () => {
    const many = shell(`head -c 1100M /dev/zero | vfr info -`);
    expect(many).toMatchObject({ status: 4, stderr: expect.stringContaining('PIPE_TOO_LARGE') });
    const slow = shell(`dd if="${input}" bs=97 status=none | vfr verify --json -`);
    expect(JSON.parse(slow.stdout)).toMatchObject({ events: 20_000, damage: [], cutAtByte: null });
  });

  test('writes to a pipe that has a name', () => {
    const { status, stdout } = shell(`vfr cat "${input}" -o >(wc -c) | cat`);
    expect(status).toBe(0);
    expect(Number(stdout)).toBeGreaterThan(1000);
  });

  test('whose reader has gone ends without a word about it', () => {
    const { stderr, stdout } = shell(`vfr cat "${input}" | head -c 1000 | wc -c`);
    expect(stdout.trim()).toBe('1000');
    expect(stderr).not.toMatch(/EPIPE|internal|^\s+at /m);
  });

  test('passes a trace through pipes', () => {
    const { status, stdout } = shell(`cat "${input}" | vfr cat - | vfr verify --json -`);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ events: 20_000, damage: [], cutAtByte: null });
  });
});
