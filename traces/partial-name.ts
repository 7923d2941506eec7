/** Names of recordings that are not complete yet: `FILE.partial`, `FILE.2.partial` and so on. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** @param n from 1; the others are for when earlier recordings to the same file were left */
export const partialName = (file: string, n: number): string =>
  n === 1 ? `${file}.partial` : `${file}.${n}.partial`;

const ENDING = /(\.\d+)?\.partial$/;

export const isPartial = (name: string): boolean => ENDING.test(name);

/** Returns the file in which a recording to `file` is: of its names the one written to last. */
export function recordedTo(file: string): string {
  const isOne = (name: string) => isPartial(name) && finalNames(name).includes(basename(file));
  const folder = dirname(file);
  const writtenAt = (name: string) => statSync(name, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return namesIn(folder)
    .filter(isOne)
    .map((name) => join(folder, name))
    .reduce((last, name) => (writtenAt(name) > writtenAt(last) ? name : last), file);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Opening the file says what is wrong.
    return [];
  }
}

/** Returns the name that a recording has now, which is another one when it is complete. */
export function nameNow(name: string): string {
  if (!isPartial(name) || existsSync(name)) return name;
  return finalNames(name).find((final) => existsSync(final)) ?? name;
}

/** What a recording may be called when it is complete: `t.2.partial` is one to `t` or to `t.2`. */
const finalNames = (name: string): string[] => [
  name.replace(ENDING, ''),
  name.replace(/\.partial$/, ''),
];
