/**
 * Goal: a disk that is full or fails, a short write and a closed pipe cost what was not written yet
 * and nothing else: neither what stands in the file nor the file that was there before.
 * Method: real faults where the machine offers them (/dev/full, a limit on file size that makes the
 * kernel write short, a pipe whose reader leaves), else a sink that fails.
 */
import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { scratchFolder } from '../tests/build-trace.js';
import {
  CELL,
  MemorySource,
  type OutputSink,
  openRecording,
  openSink,
  type Sink,
  type TraceMeta,
  TraceReader,
  TraceWriter,
} from './index.js';

const META: TraceMeta = { clock: 'mono', writer: 'test', notes: {} };

const made = (file: string) => openSink({ file, inputs: [] });
const recorded = (file: string) => openRecording({ file, inputs: [] });

function append({ events }: TraceWriter, count: number): void {
  const row = events.row('model');
  for (let i = 0; i < count; i++) {
    row.start(events.kind('mark'), events.phase('point'));
    row.time(1, i);
    row.setNumber(CELL.value, i);
    events.append(row);
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
  test('a file that fails leaves the old one, and nothing else', () => {
    const file = join(scratchFolder(), 'trace.arrows');
    writeFileSync(file, 'old');
    const sink = made(file);
    append(new TraceWriter(sink, META), 100);
    sink.discard();
    expect(readFileSync(file, 'utf8')).toBe('old');
    expect(readdirSync(dirname(file))).toEqual([basename(file)]);
  });

  test('a file on a full disk fails with what to do', () => {
    const writer = new TraceWriter(openSink({ file: '/dev/full', inputs: [] }), META);
    expect(() => writer.flush()).toThrow('no space left');
  });

  test('a file takes the place of what a killed command left, and of no recording', () => {
    const file = join(scratchFolder(), 'trace.arrows');
    for (const left of ['vfr-tmp', 'partial']) writeFileSync(`${file}.${left}`, 'left');
    const recording = recorded(file);
    expect(recording.partial).toBe(`${file}.2.partial`);
    const sinks: OutputSink[] = [made(file), recording];
    for (const sink of sinks) {
      new TraceWriter(sink, META).finish();
      sink.commit();
      expect(TraceReader.open(file).completeness.complete).toBe(true);
    }
    expect(readFileSync(`${file}.partial`, 'utf8')).toBe('left');
    expect(existsSync(`${file}.vfr-tmp`)).toBe(false);
  });

  test('a file that two write at once is whole, and one of them is told', () => {
    const file = join(scratchFolder(), 'trace.arrows');
    const [first, second] = [made(file), made(file)];
    for (const [i, sink] of [first, second].entries()) {
      const writer = new TraceWriter(sink, META);
      append(writer, 50 + i);
      writer.finish();
    }
    first.commit();
    expect(() => second.commit()).toThrow('another vfr writes this file');
    const { completeness, events } = TraceReader.open(file);
    expect({ complete: completeness.complete, events }).toEqual({ complete: true, events: 50 });
    expect(readdirSync(dirname(file))).toEqual([basename(file)]);
  });

  test('a file that two recorders write at once keeps both recordings whole', () => {
    const file = join(scratchFolder(), 'trace.arrows');
    const sinks = [recorded(file), recorded(file)];
    for (const [i, sink] of sinks.entries()) {
      const writer = new TraceWriter(sink, META);
      append(writer, 10 + i);
      writer.finish();
    }
    expect(sinks.map(({ partial }) => TraceReader.open(partial).events)).toEqual([10, 11]);
    for (const sink of sinks) sink.commit();
    expect(TraceReader.open(file).completeness.complete).toBe(true);
  });

  test('a file that is kept after a failure can be read', () => {
    const file = join(scratchFolder(), 'trace.arrows');
    const sink = recorded(file);
    const writer = new TraceWriter(sink, META);
    append(writer, 100);
    writer.flush();
    sink.keep();
    expect(TraceReader.open(sink.partial).events).toBe(100);
    expect(existsSync(file)).toBe(false);
  });

  test('a file appears under its name only when it is complete', () => {
    const file = join(scratchFolder(), 'trace.arrows');
    const sink = made(file);
    const writer = new TraceWriter(sink, META);
    append(writer, 10);
    writer.finish();
    expect(existsSync(file)).toBe(false);
    sink.commit();
    expect(TraceReader.open(file).completeness.complete).toBe(true);
    expect(readdirSync(dirname(file))).toEqual([basename(file)]);
  });

  test('a file is for its owner only, unless it replaces one or the user says otherwise', () => {
    const access = (file: string) => (statSync(file).mode & 0o7777).toString(8);
    for (const open of [openSink, openRecording]) {
      const file = join(scratchFolder(), 'trace.arrows');
      open({ file, inputs: [] }).commit();
      expect(access(file)).toBe('600');
      chmodSync(file, 0o640);
      open({ file, inputs: [] }).commit();
      expect(access(file)).toBe('640');
      open({ file, inputs: [], mode: 0o444 }).commit();
      expect(access(file)).toBe('444');
    }
  });

  test('a file of a link is the file behind it', () => {
    const folder = scratchFolder();
    const [file, link] = [join(folder, 'trace'), join(folder, 'link')];
    writeFileSync(file, 'old');
    symlinkSync('trace', link);
    made(link).commit();
    expect([readFileSync(file, 'utf8'), readFileSync(link, 'utf8')]).toEqual(['', '']);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
  });

  test.each([
    ['in the same folder', 'trace'],
    ['in another one', 'other/trace'],
    ['behind a link that leads nowhere itself', 'second'],
  ])('a file of a link that leads nowhere is the file that it leads to, %s', (_, target) => {
    const folder = scratchFolder();
    mkdirSync(join(folder, 'other'));
    symlinkSync('other/third', join(folder, 'second'));
    const [link, partly] = [join(folder, 'link'), join(folder, 'folder')];
    symlinkSync(target, link);
    symlinkSync('other', partly);
    for (const open of [made, recorded]) {
      open(link).commit();
      expect(lstatSync(link).isSymbolicLink()).toBe(true);
      expect(readFileSync(link, 'utf8')).toBe('');
      rmSync(realpathSync(link));
    }
    // What `..` means is said by where the folder really is.
    symlinkSync('../up', join(folder, 'other', 'link'));
    made(join(partly, 'link')).commit();
    expect(existsSync(join(folder, 'up'))).toBe(true);
  });

  test('a file of a link into a folder that is not there is an error', () => {
    const link = join(scratchFolder(), 'link');
    symlinkSync('missing/trace', link);
    for (const open of [made, recorded]) {
      expect(() => open(link)).toThrow(expect.objectContaining({ code: 'FILE_ENOENT' }));
    }
  });

  test('a file that a killed command was about to name is removed, that of a live one is not', () => {
    const file = join(scratchFolder(), 'trace');
    const start = readFileSync('/proc/self/stat', 'latin1').split(') ')[1].split(' ')[19];
    const live = `${file}.vfr-tmp-${process.pid}-${start}`;
    const others = [`${file}.vfr-tmp.txt`, `${file}2.vfr-tmp`, live];
    for (const other of others) writeFileSync(other, '');
    for (const stale of ['', '-1-1', `-${process.pid}-1`, '-999999999-5']) {
      writeFileSync(`${file}.vfr-tmp${stale}`, '');
    }
    made(file).discard();
    expect(readdirSync(dirname(file)).toSorted()).toEqual(
      others.map((o) => basename(o)).toSorted(),
    );
  });

  test('a file cannot be a folder', () => {
    const folder = join(scratchFolder(), 'folder');
    mkdirSync(folder);
    expect(() => made(folder)).toThrow('is a directory');
  });
});

describe('an input is never the output', () => {
  const folder = scratchFolder();
  const input = join(folder, 'input');
  const open = (file: string, inputs = [join(folder, 'other'), input]) =>
    openSink({ file, inputs });
  const refused = expect.objectContaining({ code: 'OUTPUT_IS_INPUT', kind: 'usage' });
  beforeEach(() => {
    writeFileSync(input, 'input');
    writeFileSync(join(folder, 'other'), 'other');
    for (const [name, make] of [
      ['hard', linkSync],
      ['soft', symlinkSync],
    ] as const) {
      rmSync(join(folder, name), { force: true });
      make(input, join(folder, name));
    }
  });
  afterEach(() => expect(readFileSync(input, 'utf8')).toBe('input'));

  test.each([
    'input',
    'other',
    'hard',
    'soft',
    './input',
    `../${basename(folder)}/soft`,
  ])('an input cannot be the output by another name: %s', (name) => {
    expect(() => open(`${folder}/${name}`)).toThrow(refused);
    expect(() =>
      openRecording({ file: `${folder}/${name}`, inputs: [input, join(folder, 'other')] }),
    ).toThrow(refused);
  });

  test('an input cannot be the output by a descriptor', () => {
    const fd = openSync(input, 'r');
    for (const path of [`/proc/self/fd/${fd}`, `/dev/fd/${fd}`])
      expect(() => open(path)).toThrow(refused);
    expect(() => open(input, [`/proc/self/fd/${fd}`])).toThrow(refused);
    closeSync(fd);
  });

  test('an input in a folder that is read cannot be the output', () => {
    expect(() => open(input, [folder])).toThrow(refused);
    const outside = join(scratchFolder(), 'link');
    linkSync(input, outside);
    expect(() => open(outside, [folder])).toThrow(refused);
    // What is not there yet takes nothing away.
    open(join(folder, 'new'), [folder]).discard();
  });

  test('an input that a killed command left is not removed', () => {
    const left = `${input}.vfr-tmp`;
    writeFileSync(left, 'left');
    open(input, [left]).discard();
    expect(readFileSync(left, 'utf8')).toBe('left');
  });
});
