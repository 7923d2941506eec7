/**
 * Goal: two repetitions of a test that acts at random differ by what its actors did, and by nothing
 * else.
 * Method: shipped recordings with the logs of their actors. For each write, what only one recording
 * has according to the comparison is what only one log has.
 */
import { expect, test } from 'vitest';
import { importedCapture } from '../../tests/captures.js';
import { rowsOf } from '../../tests/rewrite.js';
import { testData } from '../../tests/test-data.js';
import type { TraceReader } from '../../traces/index.js';
import { compare } from './index.js';

const counted = (writes: Iterable<string>): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const write of writes) counts.set(write, (counts.get(write) ?? 0) + 1);
  return counts;
};

/** How many more of each write the first has than the second. */
function surplus(a: Iterable<string>, b: Iterable<string>): Record<string, number> {
  const [first, second] = [counted(a), counted(b)];
  const names = [...new Set([...first.keys(), ...second.keys()])].sort();
  const more = names.map((name) => [name, (first.get(name) ?? 0) - (second.get(name) ?? 0)]);
  return Object.fromEntries(more.filter(([, count]) => count !== 0));
}

/** Attributes whose writes are no events of these recordings. */
const NOT_RECORDED = new Set(['remove', 'rescan']);

/** The writes that the actors logged; a file that was not there was not written to. */
function* logged(capture: string): Generator<string> {
  const text = testData(`captures/${capture}/actors.jsonl.zst`).toString();
  for (const line of text.trim().split('\n')) {
    const { op, path, value, errno } = JSON.parse(line);
    if (op !== 'write' || errno === 'ENOENT' || errno === 2) continue;
    const attribute = path.split('/').at(-1);
    if (!NOT_RECORDED.has(attribute)) yield `${attribute} ${value.trim()}`;
  }
}

/** The recorded writes, by sequence number. */
function recorded(reader: TraceReader): Map<number, string> {
  const writes = rowsOf(reader).flatMap(({ kind, phase, name, text }, seq): [number, string][] => {
    const isWrite = kind === 'sysfs.write' && phase !== 'end';
    return isWrite ? [[seq, `${name} ${String(text ?? '').trim()}`]] : [];
  });
  return new Map(writes);
}

test.each([
  ['sriov-tracecmd-r1', 'sriov-tracecmd-r2'],
  ['many-writers-r1', 'many-writers-r2'],
])('the writes in which two repetitions differ are those of the logs: %s and %s', (a, b) => {
  const [first, second] = [importedCapture(a), importedCapture(b)];
  const { groups } = compare(first, second);
  const [ofFirst, ofSecond] = [recorded(first), recorded(second)];
  const binding = groups.binding ?? [];
  const onlyFirst = binding.flatMap((one) => (one.b === null ? [ofFirst.get(one.a!.seq)] : []));
  const onlySecond = binding.flatMap((one) => (one.a === null ? [ofSecond.get(one.b!.seq)] : []));
  const isWrite = (write: string | undefined) => write !== undefined;
  const differing = surplus(onlyFirst.filter(isWrite), onlySecond.filter(isWrite));
  expect(Object.keys(differing).length).toBeGreaterThan(10);
  expect(differing).toEqual(surplus(logged(a), logged(b)));
});
