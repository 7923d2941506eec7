import { getSystemErrorMap } from 'node:util';
import { expect, test } from 'vitest';
import { ERRNO, errnoName, errnoNumber } from './errno.js';

test('every error number that the system knows has the same name here', () => {
  // libuv has numbers of its own below -3000 for what is no errno of Linux.
  for (const [negative, [name]] of getSystemErrorMap())
    if (negative > -3000 && name !== 'EOF')
      expect([name, errnoNumber(name)]).toEqual([name, -negative]);
});

test('a name leads to its number and back', () => {
  for (const [name, number] of Object.entries(ERRNO)) {
    expect(errnoName(-number)).toBe(`-${name}`);
    expect(errnoNumber(name)).toBe(number);
  }
});

test('no number has two names, and 41 and 58 have none', () => {
  expect(new Set(Object.values(ERRNO)).size).toBe(Object.keys(ERRNO).length);
  expect(errnoName(-41)).toBe('-41');
  expect(errnoName(-58)).toBe('-58');
  for (let n = 1; n <= 133; n++) if (n !== 41 && n !== 58) expect(errnoName(-n)).toMatch(/^-E/);
});

test('what is no error stays a number', () => {
  expect(errnoName(0)).toBe('0');
  expect(errnoName(16)).toBe('16');
  expect(errnoName(-4096)).toBe('-4096');
});

test('other names of a number are read', () => {
  expect(errnoNumber('EWOULDBLOCK')).toBe(11);
  expect(errnoNumber('ENOTSUP')).toBe(95);
  expect(errnoNumber('EBANANA')).toBeUndefined();
});
