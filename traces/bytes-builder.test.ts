/**
 * Goal: the bytes of one event cannot end in another: a caller that mixes two rows is stopped.
 * Method: each wrong order of calls, once.
 */
import { expect, test } from 'vitest';
import { BytesBuilder } from './bytes-builder.js';

test('a second text of one row is an assertion failure', () => {
  const builder = new BytesBuilder(4);
  builder.setText(1, 'first');
  expect(() => builder.setText(1, 'second')).toThrow('each once');
});

test('a text of a row before the last one is an assertion failure', () => {
  const builder = new BytesBuilder(4);
  builder.setText(2, 'later');
  expect(() => builder.setText(1, 'earlier')).toThrow('in ascending order');
});
