/** Goal: a recording is found by the name that it will have, whatever earlier ones have left. */
import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scratchFolder } from '../tests/build-trace.js';
import { nameNow, recordedTo } from './partial-name.js';

/** A folder of files, each written to a second after the one before; as a path in it. */
function folderOf(...files: readonly string[]): (name: string) => string {
  const folder = scratchFolder();
  const path = (name: string) => join(folder, name);
  for (const [second, file] of files.entries()) {
    writeFileSync(path(file), '');
    utimesSync(path(file), second, second);
  }
  return path;
}

test.each([
  [['t', 't.partial'], 't.partial'],
  [['t.partial', 't.2.partial'], 't.2.partial'],
  [['t.2.partial', 't.partial'], 't.partial'],
  [['t.partial', 't'], 't'],
  [['t', 'other.partial', 't.old.partial', 'xt.partial'], 't'],
  [[], 't'],
])('the recording to t is, of the files %j, %s', (files, expected) => {
  const path = folderOf(...files);
  expect(recordedTo(path('t'))).toBe(path(expected));
});

test('the recording to a file whose folder is not there is that file', () => {
  expect(recordedTo('/no/such/folder/t')).toBe('/no/such/folder/t');
});

test.each([
  ['t.partial', ['t.partial'], 't.partial'],
  ['t.partial', ['t'], 't'],
  ['t.2.partial', ['t'], 't'],
  ['t.2.partial', ['t.2'], 't.2'],
  ['t.partial', [], 't.partial'],
  ['t', [], 't'],
])('the recording that was called %s is, of the files %j, called %s', (name, files, expected) => {
  const path = folderOf(...files);
  expect(nameNow(path(name))).toBe(path(expected));
});
