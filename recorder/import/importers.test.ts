/**
 * Goal: what an importer declares is enough: in the list it is detected, listed, documented, and
 * survives what is broken.
 * Method: every importer of the list with the sample that it names; fast-check breaks them; a toy
 * importer that is in no list.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { importBytes, inputOf, rowsOf } from '../../tests/import-bytes.js';
import { scratchFolder } from '../../tests/scratch.js';
import { testData } from '../../tests/test-data.js';
import { CELL, VfrError } from '../../traces/index.js';
import { IMPORTERS } from './formats.js';
import { importInput } from './import-input.js';
import type { Importer } from './importer.js';
import { LineReader } from './lines.js';
import { recognise } from './recognise.js';

/** Enough of a sample for its format to be known and its events to be of several kinds. */
const PART_BYTES = 400_000;
const nameOf = ({ sample }: Importer) => basename(sample, '.zst');
const bytesOf = (importer: Importer) => {
  const bytes = testData(importer.sample);
  return importer.needs === 'seek' ? bytes : bytes.subarray(0, PART_BYTES);
};

test('each importer has a name of its own', () => {
  const names = IMPORTERS.map(({ format }) => format);
  expect(new Set(names).size).toBe(names.length);
});

test('docs/import.md has their table, made of what they declare', () => {
  const rows = IMPORTERS.map((i) => `| \`${i.format}\` | ${i.describe} | ${i.clock} |`);
  const table = ['| format | what it is | clock of the trace |', '|---|---|---|', ...rows];
  expect(readFileSync('docs/import.md', 'utf8')).toContain(`\n\n${table.join('\n')}\n\n`);
});

describe.each(
  IMPORTERS.map((importer) => [importer.format, importer] as const),
)('%s', (_, importer) => {
  const bytes = bytesOf(importer);

  test('an importer is the one that its sample is recognised by', () => {
    expect(recognise(inputOf(bytes, undefined, nameOf(importer)), undefined).importer).toBe(
      importer,
    );
  });

  test('an importer gives events of its sample', () => {
    const { rows } = importBytes(importer, bytes, undefined, nameOf(importer));
    expect(rows.length).toBeGreaterThan(0);
    expect(new Set(rows.map(({ source }) => source)).size).toBe(1);
  });

  test('an importer takes any part of its sample in chunks of any size, damaged anywhere, or says why not', () => {
    const small = importer.needs === 'seek' ? bytes : bytes.subarray(0, 20_000);
    const edit = fc.record({
      at: fc.nat(small.byteLength - 1),
      bytes: fc.uint8Array({ maxLength: 8 }),
    });
    const edits = fc.array(edit, { maxLength: 5 });
    fc.assert(
      fc.property(
        fc.nat(small.byteLength),
        edits,
        fc.integer({ min: 1, max: 9000 }),
        (end, all, chunk) => {
          const broken = Buffer.from(small.subarray(0, Math.max(1, end)));
          for (const { at, bytes: put } of all)
            broken.set(put.slice(0, Math.max(0, broken.length - at)), Math.min(at, broken.length));
          importer.detect(broken.subarray(0, 1 << 16), 'input');
          try {
            const { rows, report } = importBytes(importer, broken, chunk);
            expect(report.unparsed).toBeLessThanOrEqual(rows.length);
          } catch (error) {
            expect(error).toBeInstanceOf(VfrError);
          }
        },
      ),
      { numRuns: importer.needs === 'seek' ? 5 : 15 },
    );
  });
});

/** A format of lines `DEVICE reset`; all that docs/contributing/importer.md asks for. */
const toy: Importer = {
  format: 'toy',
  describe: 'a toy',
  clock: '`none`',
  needs: 'stream',
  sample: '',
  detect: (head) => (head.toString('latin1', 0, 4) === 'toy\n' ? 1 : 0),
  meta: () => ({ clock: 'none' }),
  read(input, events) {
    const lines = new LineReader(input);
    const row = events.row('vfr');
    let count = 0;
    while (lines.next()) {
      const device = /^(\S+) reset$/.exec(lines.text())?.[1];
      if (device === undefined) continue;
      count++;
      row.start(events.kind('reset'), events.phase('point'));
      row.time(0, 0);
      row.set(CELL.device, events.id('device', device));
      events.append(row);
    }
    return { records: { reset: count }, unparsed: 0, lost: 0 };
  },
};

test('an importer that is declared by one value is detected and makes a trace', () => {
  const folder = scratchFolder();
  const [input, output] = [join(folder, 'input'), join(folder, 'out.arrows')];
  writeFileSync(input, 'toy\n0000:03:00.0 reset\n');
  expect(() => importInput({ input, output })).toThrow(/of no format/);
  const result = importInput({ input, output, importers: [...IMPORTERS, toy] });
  expect(result).toMatchObject({ format: 'toy', events: 1, records: { reset: 1 } });
  expect(rowsOf(readFileSync(output))).toMatchObject([{ kind: 'reset', device: '0000:03:00.0' }]);
});
