/** Goal: a line is edited as in a shell. Method: keys on lines; the cursor is written as `|`. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { edited, type LineEdit, lineOf } from './line-edit.js';

const read = (text: string): LineEdit => ({ text: text.replace('|', ''), at: text.indexOf('|') });
const written = ({ text, at }: LineEdit) => `${text.slice(0, at)}|${text.slice(at)}`;

test.each([
  ['ab|', 'left', 'a|b'],
  ['|ab', 'left', '|ab'],
  ['a|b', 'right', 'ab|'],
  ['a|b', 'x', 'ax|b'],
  ['ab|c', 'backspace', 'a|c'],
  ['a|bc', 'delete', 'a|c'],
  ['one two|', 'ctrl-w', 'one |'],
  ['one  |two', 'ctrl-w', '|two'],
  ['one two|', 'alt-b', 'one |two'],
  ['|one two', 'alt-f', 'one| two'],
  ['one| two', 'ctrl-k', 'one|'],
  ['one |two', 'ctrl-u', '|two'],
  ['one |two', 'home', '|one two'],
  ['one |two', 'ctrl-e', 'one two|'],
  ['e\u0301|', 'backspace', '|'],
  ['👩‍👧|', 'left', '|👩‍👧'],
  ['|', '漢', '漢|'],
])('the line %s becomes with the key %s the line %s', (before, key, after) => {
  expect(written(edited(read(before), key)!)).toBe(after);
});

test('the line leaves keys to others that do not edit', () => {
  expect(edited(lineOf('a'), 'pageup')).toBeNull();
});

test('the line keeps its cursor inside of it whatever is typed', () => {
  const key = fc.constantFrom(
    'a',
    ' ',
    'é',
    'left',
    'right',
    'ctrl-w',
    'alt-b',
    'alt-f',
    'ctrl-k',
    'backspace',
    'delete',
  );
  fc.assert(
    fc.property(fc.array(key, { maxLength: 30 }), (keys) => {
      const line = keys.reduce((one, name) => edited(one, name) ?? one, lineOf('ab cd'));
      expect(line.at).toBeGreaterThanOrEqual(0);
      expect(line.at).toBeLessThanOrEqual(line.text.length);
    }),
  );
});
