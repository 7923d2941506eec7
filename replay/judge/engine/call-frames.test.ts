/**
 * Goal: the three lists of open frames cannot disagree: a frame is on all of them or on none.
 * Method: the uses that would make them disagree, once each.
 */
import { expect, test } from 'vitest';
import { Frames, newFrames, type RegisterFrame } from './call-frames.js';

const frame = (seq: number): RegisterFrame => ({
  type: 'register',
  seq,
  tid: 7,
  device: null,
  overlapped: false,
});

test('a second frame for one event is an assertion failure', () => {
  const frames = new Frames(newFrames());
  frames.push(frame(3));
  expect(() => frames.push(frame(3))).toThrow('an event opens one frame');
});

test('a frame that its thread does not have cannot be closed', () => {
  const data = newFrames();
  const frames = new Frames(data);
  frames.push(frame(3));
  data.byTid.set(7, [frame(4)]);
  expect(() => frames.pop(3)).toThrow('an open frame is on the stack of its thread');
});
