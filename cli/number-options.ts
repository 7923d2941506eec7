/** Numbers as arguments and values of options. */
import { InvalidArgumentError } from 'commander';

/** The number of an event. */
export function parseSeq(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It has to be a sequence number.');
  return Number(text);
}

/** A number of things, at least one. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new InvalidArgumentError('Write a number from 1 on.');
}

/** A time in seconds, more than zero. @throws InvalidArgumentError */
export function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (/^\d{1,6}(\.\d+)?$/.test(text) && seconds > 0) return seconds;
  throw new InvalidArgumentError('It has to be a number of seconds.');
}
