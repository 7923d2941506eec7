/**
 * Goal: the example in docs/replay.md works.
 * Method: its code is taken out of the document and run on a real recording.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { replay, Timeline } from '../replay/index.js';
import { TraceReader } from '../traces/index.js';
import { importedCapturePath } from './captures.js';

test('the library example of docs/replay.md runs', () => {
  const [, code] = /```ts\n([\s\S]*?)```/.exec(readFileSync('docs/replay.md', 'utf8')) ?? [];
  expect(code).toContain('timeline.backward');
  const body = code.replace(/^import .*$/gm, '');
  const lines: unknown[][] = [];
  const example = new Function('replay', 'Timeline', 'TraceReader', 'console', body);
  const open = { open: () => TraceReader.open(importedCapturePath('sriov-on-r1')) };
  example(replay, Timeline, open, { log: (...line: unknown[]) => lines.push(line) });
  // The last bind of this VF before event 22,000, as the recording has it.
  const [[position, state]] = lines;
  expect(position).toBeGreaterThan(10_000);
  expect(state).toMatchObject({ bound: true, physfn: '0000:01:00.0' });
});
