/**
 * Goal: a wrong use of the cells stops the run where it is made, before the state is wrong.
 * Method: each wrong use, once.
 */
import { expect, test } from 'vitest';
import { Cells } from './cells.js';

test('a write to a cell that was never allocated is an assertion failure', () => {
  const cells = new Cells();
  const cell = cells.allocate(2);
  cells.set(cell + 1, 5);
  expect(() => cells.set(cell + 2, 5)).toThrow('a cell was allocated');
  expect(() => cells.set(-1, 5)).toThrow('a cell was allocated');
});

test('undoing to a moment that the log no longer holds is an assertion failure', () => {
  const cells = new Cells();
  cells.set(cells.allocate(1), 5);
  const { moment } = cells;
  cells.forgetUndo();
  expect(() => cells.undo(moment)).toThrow('the writes since a moment are in the log');
});
