import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatBdf, parseBdf, parseShortBdf, SHORT_BDF_PATTERN } from './bdf.js';

const numbers = fc.tuple(fc.oneof(fc.nat(0xffff), fc.nat(0xffff_ffff)), fc.nat(0xff), fc.nat(0xff));

test('what is formatted is parsed, in any case and any domain', () => {
  fc.assert(
    fc.property(numbers, ([domain, bus, devfn]) => {
      const bdf = formatBdf(domain, bus, devfn);
      expect(parseBdf(bdf)).toBe(bdf);
      expect(parseBdf(bdf.toUpperCase())).toBe(bdf);
      expect(parseShortBdf(bdf)).toBe(bdf);
    }),
  );
});

test('a domain that is left out is 0', () => {
  expect(parseShortBdf('01:00.2')).toBe('0000:01:00.2');
  expect(parseShortBdf('AF:1f.7')).toBe('0000:af:1f.7');
  expect(parseBdf('01:00.2')).toBeNull();
});

test('domains of VMD have five digits', () => {
  expect(parseBdf('10000:e1:00.0')).toBe('10000:e1:00.0');
  expect(parseShortBdf('10000:e1:00.0')).toBe('10000:e1:00.0');
});

test.each([
  '',
  '0000:01:20.0',
  '0000:01:00.8',
  '000:01:00.0',
  '0000:01:00.0 ',
  '0000:1:00.0',
  '00:01:00.0',
])('%j is no address', (text) => {
  expect(parseBdf(text)).toBeNull();
  expect(parseShortBdf(text)).toBeNull();
});

test('the pattern finds addresses inside of text', () => {
  const found = 'vfio-pci 10000:e1:00.0: and 01:00.1'.match(new RegExp(SHORT_BDF_PATTERN, 'g'));
  expect(found).toEqual(['10000:e1:00.0', '01:00.1']);
});
