/**
 * Goal: no page, however damaged, makes the decoder crash, hang or read outside the page.
 * Method: bytes of real pages are changed at random and pages are cut; every record must lie
 * inside.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { testData } from '../../tests/test-data.js';
import { PageCursor, parseEventFormat, parsePageFormat, readField, readText } from './index.js';

const format = parsePageFormat(testData('ring-buffer/header_page.txt').toString(), true, 'page');
const pages = testData('ring-buffer/cpu1.raw.zst');
const [text] = testData('ring-buffer/formats.txt.zst')
  .toString()
  .split(/^(?=name: )/m);
const event = parseEventFormat(text!, 'formats');

test('mutated and cut pages stay inside their bytes', () => {
  const { pageSize, dataOffset } = format;
  const change = fc.tuple(fc.nat(pageSize - 1), fc.nat(255));
  const property = fc.property(
    fc.nat(pages.length / pageSize - 1),
    fc.array(change, { minLength: 1, maxLength: 30 }),
    fc.integer({ min: dataOffset, max: pageSize }),
    (index, changes, size) => {
      const page = Buffer.from(pages.subarray(index * pageSize, index * pageSize + size));
      for (const [at, value] of changes) if (at < size) page[at] = value;
      const cursor = new PageCursor(format);
      cursor.load(new DataView(page.buffer, page.byteOffset, size), 0);
      let records = 0;
      while (cursor.next()) {
        expect(cursor.offset).toBeGreaterThanOrEqual(dataOffset);
        expect(cursor.offset + cursor.length).toBeLessThanOrEqual(size);
        for (const field of event.fields) {
          readField(cursor, field, true);
          readText(cursor, field, true);
        }
        records++;
      }
      expect(records).toBeLessThanOrEqual(size / 4);
    },
  );
  fc.assert(property, { numRuns: 500 });
});
