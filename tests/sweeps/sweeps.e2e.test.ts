/**
 * Goal: the sweeps hold on a sample at every test run. Method: the sweeps themselves, with small
 * counts and fixed seeds; README.md tells of the full runs.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { importedCapturePath } from '../captures.js';
import { sweepCuts } from './cut.js';
import { sweepBursts, sweepSingleBits } from './flip.js';
import { MEMORY_BYTES_MAX, sweepMutants } from './fuzz.js';
import { sweepImports } from './import-fuzz.js';
import { shippedCaptures, sweepProbes } from './probes.js';
import { recordings, sweepReplays } from './replay-fuzz.js';
import { sweepSplices } from './splice.js';
import { sweepWorlds } from './worlds.js';

const DIST = join(import.meta.dirname, '..', '..', 'dist', 'tests', 'sweeps');

test('a trace cut anywhere gives its complete batches', () => {
  expect(sweepCuts(400).cuts).toBe(400);
});

test('flipped bits are detected and placed', () => {
  expect(sweepSingleBits(500)).toMatchObject({ detected: 500, placed: 500 });
});

test('bursts of flipped bits are detected and placed', () => {
  expect(sweepBursts(100, 5)).toMatchObject({ detected: 100, placed: 100 });
});

test('mutants of traces neither crash nor hang nor fill the memory', () => {
  const before = process.memoryUsage.rss();
  expect(sweepMutants(600, 7).memoryBytes - before).toBeLessThan(MEMORY_BYTES_MAX);
});

test('traces put together of others are one trace, or damage is told', () => {
  expect(sweepSplices(1_500, 11)).toMatchObject({ mutants: 1_500 });
});

test('events with any values in any columns are replayed, and their races told', () => {
  const before = process.memoryUsage.rss();
  const { memoryBytes } = sweepReplays(150, 11, recordings(['hotplug-r1', 'igb-sriov-r1']));
  expect(memoryBytes - before).toBeLessThan(MEMORY_BYTES_MAX);
});

test('mutants of recordings are imported or refused', () => {
  expect(sweepImports(600, 3)).toMatchObject({ mutants: 600, formats: 15 });
});

test('a killed recorder loses nothing that it had flushed', () => {
  const output = execFileSync(process.execPath, [join(DIST, 'kill.js'), '--count', '5'], {
    encoding: 'utf8',
  });
  expect(output).toContain('5 kills');
});

test('recordings with probes, their beginning or single records missing blame nobody', () => {
  const folders = shippedCaptures().filter((folder) => /dma-fault|sriov-off|hotplug/.test(folder));
  expect(folders).toHaveLength(3);
  expect(sweepProbes(folders, 20, 3)).toEqual([]);
});

test('recordings of another world, with names and functions that nobody knows, blame nobody', () => {
  const captures = ['sriov-off-r1', 'k612-vfio-client-r1', 'deferral-r1', 'mdev-mtty-r1'];
  for (const capture of captures) {
    expect(sweepWorlds(importedCapturePath(capture), 24, capture)).toEqual([]);
  }
});
