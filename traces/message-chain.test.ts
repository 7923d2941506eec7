/**
 * Goal: what is read of a trace are its own events, or it is told that they are not: messages of
 * another trace, messages moved, doubled, left out or exchanged are found even though each has the
 * right CRCs. Method: traces whose messages are put together in every wrong way; format version 1,
 * which ties nothing together, by a trace of that version.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildTrace, type EventRow } from '../tests/build-trace.js';
import {
  END_OF_STREAM,
  fileOf,
  forged,
  idOf,
  type Part,
  partsOf,
  sealed,
} from '../tests/frames.js';
import { testData } from '../tests/test-data.js';
import {
  MemorySink,
  MemorySource,
  rewriteTrace,
  TraceReader,
  TraceWriter,
  verifyTrace,
} from './index.js';

const rows = (mark: string, count = 30): EventRow[] =>
  Array.from({ length: count }, (_, i) => ({
    kind: 'log',
    device: `0000:0${i % 3}:00.0`,
    task: `${mark}-${i}`,
    text: `${mark} ${i}`,
  }));
const trace = (mark: string) => buildTrace(rows(mark), { batchRows: 5 });
const [A, B] = [trace('a'), trace('b')];
const open = (bytes: Buffer) => new TraceReader(new MemorySource(bytes));

const textsOf = (reader: TraceReader, column: 'text' | 'task' = 'text') =>
  [...reader.read()].flatMap((batch) =>
    Array.from({ length: batch.rows }, (_, row) =>
      column === 'text' ? batch.column('text').text(row) : batch.column('task').at(row),
    ),
  );
const EVENTS = textsOf(open(A));

/** Every event that is read is the one that was written, and anything else is told. */
function expectTrue(bytes: Buffer): TraceReader {
  const reader = open(bytes);
  const mark = reader.id === open(B).id ? 'b' : 'a';
  for (const { batch, row } of eventsOf(reader)) {
    const seq = batch.seqFirst + row;
    expect(batch.column('text').text(row)).toBe(`${mark} ${seq}`);
    expect([`${mark}-${seq}`, '(damaged)']).toContain(batch.column('task').at(row));
  }
  return reader;
}

function* eventsOf(reader: TraceReader) {
  for (const batch of reader.read()) {
    for (let row = 0; row < batch.rows; row++) yield { batch, row };
  }
}

function repaired(reader: TraceReader): TraceReader {
  const sink = new MemorySink();
  const writer = new TraceWriter(sink, reader.meta);
  rewriteTrace(reader, writer, {});
  writer.finish();
  return open(sink.bytes());
}

describe('another trace behind a trace', () => {
  const V1 = testData('golden/v1-sriov.arrows');
  test.each([
    ['whole', A, B],
    ['of another version', A, V1],
    ['that is the same once more', A, A],
    ['of which the first bytes are gone', A, B.subarray(40)],
  ])('%s: nothing of it is read, nor used', (_, first, second) => {
    const reader = expectTrue(Buffer.concat([first, second]));
    expect(textsOf(reader)).toEqual(EVENTS);
    expect(reader.cutAt).toBeNull();
    expect(reader.damage).toMatchObject([
      { offset: first.length, end: first.length + second.length },
    ]);
    expect(reader.completeness.complete).toBe(false);
    expect(repaired(reader).completeness.complete).toBe(false);
  });

  test('another trace after a trace is told with its place', () => {
    const [{ anotherAt, what }] = open(Buffer.concat([A, B])).damage;
    expect(anotherAt).toBe(A.length);
    expect(what).toBe(`another trace begins at byte ${A.length}`);
  });

  test('another trace after a trace of version 1 does not give its strings to the first', () => {
    const every = testData('golden/v1-every-column.arrows');
    const reader = open(Buffer.concat([V1, every]));
    expect(textsOf(reader, 'task')).toEqual(textsOf(open(V1), 'task'));
    expect(reader.damage).toMatchObject([{ anotherAt: V1.length, offset: V1.length }]);
  });

  test.each([
    ['version 2', A, B],
    ['version 1', V1, testData('golden/v1-every-column.arrows')],
  ])('another trace after a trace does not go on with a trace that was cut, %s', (_, first, second) => {
    const { batches } = open(first);
    const { offset } = batches.at(-1)!.frame;
    const before = open(first.subarray(0, offset));
    const reader = open(Buffer.concat([first.subarray(0, offset + 100), second]));
    expect(textsOf(reader)).toEqual(textsOf(before));
    expect(reader.cutAt).not.toBeNull();
    expect(reader.damage.some(({ anotherAt }) => anotherAt === offset + 100)).toBe(true);
    expect(reader.end).toBeNull();
  });
});

describe('messages that are not where they were written', () => {
  const [parts, others] = [partsOf(A), partsOf(B)];
  const at = fc.nat(parts.length - 1);
  const wrong: Record<string, (list: Part[], i: number, j: number) => void> = {
    'left out': (list, i) => list.splice(i, 1),
    doubled: (list, i, j) => list.splice(j, 0, list[i]),
    'changed places': (list, i, j) => list.splice(i, 1, ...list.splice(j, 1, list[i])),
    'of another trace': (list, i) => list.splice(i, 1, others[i]),
    'of another trace, put in': (list, i, j) => list.splice(j, 0, others[i]),
    'with the body of another': (list, i, j) =>
      list.splice(i, 1, { metadata: list[i].metadata, body: list[j].body }),
    'all from one on of another trace': (list, i) =>
      list.splice(i, list.length, ...others.slice(i)),
  };

  test.each(Object.entries(wrong))('%s: told, and nothing wrong is read', (_, change) => {
    fc.assert(
      fc.property(at, at, (i, j) => {
        const list = [...parts];
        change(list, i, j);
        const bytes = fileOf(list);
        if (bytes.equals(A)) return;
        const reader = expectTrue(bytes);
        if (bytes.equals(B)) return;
        expect(reader.damage.length > 0 || reader.cutAt !== null).toBe(true);
        expect(reader.completeness.complete).toBe(false);
      }),
      { numRuns: 150 },
    );
  });

  test('messages that are not where they were written cost no event as long as each is somewhere in order', () => {
    for (let i = 1; i < parts.length; i++) {
      const doubled = fileOf([...parts.slice(0, i), parts[i - 1], ...parts.slice(i)]);
      expect(textsOf(open(doubled))).toEqual(EVENTS);
      const foreign = fileOf([...parts.slice(0, i), others[i], ...parts.slice(i)]);
      expect(textsOf(open(foreign))).toEqual(EVENTS);
    }
  });
});

describe('a message that was changed and given new CRCs', () => {
  test('a message that was changed and given new CRCs is found by the one behind it, and not read', () => {
    const parts = partsOf(A);
    const bytes = fc.tuple(fc.nat(parts.length - 2), fc.nat(), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(bytes, ([i, at, change]) => {
        const { metadata, body } = parts[i];
        const whole = Buffer.concat([metadata, body]);
        whole[at % whole.length] ^= change;
        const changed = {
          metadata: whole.subarray(0, metadata.length),
          body: whole.subarray(metadata.length),
        };
        const reader = expectTrue(fileOf(parts.with(i, sealed(changed))));
        expect(reader.damage.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['events', '"events":30', '"events":29'],
    ['events', '"events":30', '"events":31'],
    ['batches', '"batches":6', '"batches":7'],
    ['lost', '"lost":0', '"lost":7'],
    ['the digest', '"digest":"', '"digest":"f'],
  ])('a message that was changed and given new CRCs is found when it is the end marker and counts other %s', (_, from, to) => {
    const parts = partsOf(A);
    const text = parts[parts.length - 1].metadata.toString('latin1');
    expect(text).toContain(from);
    const longer = text.replace(from, to).slice(0, text.length);
    const marker = { ...parts[parts.length - 1], metadata: Buffer.from(longer, 'latin1') };
    const reader = expectTrue(fileOf(parts.with(-1, sealed(marker))));
    expect(reader.completeness.complete).toBe(false);
    expect(reader.damage.length).toBeGreaterThan(0);
  });
});

describe('a trace that is tied together anew', () => {
  test('a trace with new links is another one, and sound, as docs/format.md says how', () => {
    expect(verifyTrace(open(fileOf(forged(partsOf(A)))))).toEqual([]);
  });

  test('a trace with new links is not sound when its dictionaries contradict each other', () => {
    const [parts, others] = [partsOf(A), partsOf(B)];
    const mixed = [...parts.slice(0, -9), ...others.slice(-9, -1), ...parts.slice(-1)];
    const reader = expectTrue(fileOf(forged(mixed)));
    expect(reader.damage.map(({ what }) => what)).toEqual([
      'the dictionary of column task: it changes strings that were given before',
    ]);
  });
});

describe('a trace of version 1', () => {
  const parts = partsOf(testData('golden/v1-every-column.arrows'));
  const is = (type: 'dictionary' | 'batch' | 'schema') => {
    const { frames } = open(fileOf(parts)).layout;
    return frames.map(({ message }) => message.type === type);
  };
  const told = (list: readonly Part[]) => open(fileOf(list)).damage.map(({ what }) => what);

  test('a trace of version 1 is whole', () => {
    expect(told(parts)).toEqual([]);
    expect(open(fileOf(parts)).isLinked).toBe(false);
  });

  test('a trace of version 1 without its opening is not sound, and what is saved of it not complete', () => {
    const reader = open(fileOf(parts.slice(1)));
    expect(reader.damage.map(({ what }) => what)).toEqual(['the opening is missing']);
    expect(repaired(reader).completeness.complete).toBe(false);
  });

  test('a trace of version 1 without dictionaries is not complete, and reads on', () => {
    const dictionaries = is('dictionary');
    const reader = open(fileOf(parts.filter((_, i) => !dictionaries[i])));
    expect(reader.completeness.complete).toBe(false);
    expect(reader.stringsMissing).toContain('phase');
    expect(reader.batch(reader.batches[0]).column('kind').at(0)).toBe('(damaged)');
    expect(repaired(reader).completeness.complete).toBe(false);
  });

  test('a trace of version 1 with two end markers is not sound, and costs no event', () => {
    const early = [...parts.slice(0, -10), parts[parts.length - 1], ...parts.slice(-10)];
    expect(told(early)).toEqual(['an end marker before the end']);
    expect(open(fileOf(early)).events).toBe(open(fileOf(parts)).events);
    expect(told([...parts, parts[parts.length - 1]])).toEqual(['bytes after the end of the trace']);
  });

  test('a trace of version 1 with a message of version 2 is not sound', () => {
    const list = [...parts.slice(0, 12), partsOf(A)[9], ...parts.slice(12)];
    expect(told(list)).toEqual(['messages that are of another trace']);
  });

  test('a trace of version 1 whose end marker counts too few is not sound', () => {
    const marker = parts[parts.length - 1];
    const text = marker.metadata.toString('latin1').replace(/"events":\d/, '"events":1');
    const changed = { ...marker, metadata: Buffer.from(text, 'latin1') };
    const [what] = open(fileOf(parts.with(-1, sealed(changed)))).damage.map((d) => d.what);
    expect(what).toMatch(/^the end marker counts/);
  });

  test('a trace of version 1 uses a dictionary only if it extends the one before', () => {
    const other = partsOf(testData('golden/v1-sriov.arrows'));
    const list = [...parts.slice(0, -9), ...other.slice(-9, -1), ...parts.slice(-1)];
    const reader = open(fileOf(list));
    expect(textsOf(reader, 'task')).toEqual(textsOf(open(fileOf(parts)), 'task'));
    expect(reader.damage[0].what).toContain('changes strings that were given before');
  });
});

describe('the id of a trace', () => {
  test('the id of a trace is the same for the same events, and another for others', () => {
    expect(trace('a')).toEqual(A);
    const parts = partsOf(A);
    const firstBatch = open(A).layout.frames.findIndex(({ message }) => message.type === 'batch');
    expect(open(A).id).toBe(idOf(parts.slice(0, firstBatch + 1)));
    expect(open(B).id).not.toBe(open(A).id);
  });

  test('the id of a trace does not hold back the opening of a recording in which nothing happens yet', () => {
    const sink = new MemorySink();
    const writer = new TraceWriter(sink, { clock: 'mono', writer: 'test', notes: {} });
    writer.flush();
    expect(() => open(sink.bytes())).not.toThrow();
    writer.finish();
    expect(verifyTrace(open(sink.bytes()))).toEqual([]);
    expect(sink.bytes().subarray(-8)).toEqual(END_OF_STREAM);
  });
});
