/**
 * Goal: who switches a recording off, or a part of it, does not go unnoticed.
 * Method: a folder laid out like an instance of tracefs, changed as tracing tools change it.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Watch } from './interference-watch.js';
import { TraceDirectory } from './tracefs.js';

let folder = '';
const set = (file: string, text: string) => writeFileSync(join(folder, 'vfr_1_2', file), text);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vfr-watch-'));
  mkdirSync(join(folder, 'vfr_1_2'));
  set('tracing_on', '1\n');
  set('set_event', 'vfr_1_2:bind_store\niommu:map\n');
  set('trace_clock', 'local [mono]\n');
  set('tracing_cpumask', '3\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

const watch = () => new Watch([new TraceDirectory(join(folder, 'vfr_1_2'))]);

test('nothing is told while nothing changes', () => {
  const all = watch();
  expect([all.look(0), all.look(1000), all.look(Number.POSITIVE_INFINITY)]).toEqual([[], [], []]);
});

test('tracing_on is told at once, once, and again when it happens again', () => {
  const all = watch();
  all.look(0);
  set('tracing_on', '0\n');
  expect(all.look(1)).toEqual(['another process switched tracing_on of vfr_1_2 off']);
  expect(all.look(2)).toEqual([]);
  set('tracing_on', '1\n');
  expect(all.look(3)).toEqual([]);
  set('tracing_on', '0\n');
  expect(all.look(4)).toHaveLength(1);
});

test('events that are off, and settings that leave records out, are told by name', () => {
  const all = watch();
  set('set_event', 'iommu:map\n');
  set('tracing_cpumask', '1\n');
  expect(all.look(1000)).toEqual([
    'another process switched events off: vfr_1_2:bind_store',
    'another process set tracing_cpumask of vfr_1_2: 1',
  ]);
  expect(all.look(2000)).toEqual([]);
});

test('the look at the end sees what changed just before', () => {
  const all = watch();
  all.look(0);
  set('set_event', '');
  expect(all.look(1)).toEqual([]);
  expect(all.look(Number.POSITIVE_INFINITY)).toHaveLength(1);
});
