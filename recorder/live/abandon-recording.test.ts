/**
 * Goal: whatever ends a recording badly, what was recorded stays, and the error says where.
 * Method: a real file in which something stands; errors of each sort.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scratchFolder } from '../../tests/build-trace.js';
import { openRecording, VfrError } from '../../traces/index.js';
import { abandon } from './abandon-recording.js';

function begun() {
  const sink = openRecording({ file: join(scratchFolder(), 'trace.arrows'), inputs: [] });
  sink.write(Buffer.from('recorded'));
  return sink;
}

test('a full disk costs nothing that was recorded, and the error names the file', () => {
  const sink = begun();
  const full = new VfrError('FILE_ENOSPC', 'no space', 'Free some.');
  const told = abandon(sink, full) as VfrError;
  expect(readFileSync(sink.partial, 'utf8')).toBe('recorded');
  expect(told).toMatchObject({ kind: 'input', code: 'FILE_ENOSPC', what: 'no space' });
  expect(told.next).toBe(`Free some. What was recorded before is in ${sink.partial}.`);
});

test('a bug costs nothing that was recorded', () => {
  const sink = begun();
  const bug = new TypeError('undefined is not a function');
  expect(abandon(sink, bug)).toBe(bug);
  expect(readFileSync(sink.partial, 'utf8')).toBe('recorded');
});

test('a recording that was asked for wrongly leaves no file', () => {
  const sink = begun();
  const usage = new VfrError('RECORD_OPTION', 'no such program', 'Name one.');
  expect(abandon(sink, usage)).toBe(usage);
  expect(existsSync(sink.partial)).toBe(false);
});
