/**
 * Goal: a kernel log gives the same events whichever way dmesg and the journal write its records.
 * Method: one journal as journalctl printed it in each form, against what it printed as plain text;
 * the same messages as `dmesg -J` lays them out; damage by fast-check.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ImportedRow, importBytes, inputOf } from '../../../tests/import-bytes.js';
import { testData } from '../../../tests/test-data.js';
import { dmesg } from '../dmesg/index.js';
import { recognise } from '../recognise.js';
import { journalExport } from './journal-export.js';
import { journalVerbose } from './journal-verbose.js';
import { kernelJson } from './log-json.js';

const printed = (form: string) => testData(`journal/${form}.txt.zst`);
const plain = importBytes(dmesg, printed('short-monotonic'));
const facts = (row: ImportedRow) => ({ ...row, seq: 0, ts: 0n });
/** What other programs logged, which plain text does not keep apart from a damaged line. */
const kernelRows = (rows: readonly ImportedRow[]) =>
  rows.filter(({ text }) => !text?.includes('libvirtd') && !text?.startsWith('another'));

const FORMS = [
  ['export', journalExport],
  ['verbose', journalVerbose],
  ['json-pretty', kernelJson],
] as const;

describe.each(FORMS)('journalctl -o %s', (form, importer) => {
  const bytes = printed(form);
  const { rows, report } = importBytes(importer, bytes);

  test('the output of journalctl is recognised', () => {
    expect(recognise(inputOf(bytes), undefined).importer).toBe(importer);
  });

  test('the output of journalctl has the messages that the journal prints as text', () => {
    expect(kernelRows(rows).map(facts)).toEqual(kernelRows(plain.rows).map(facts));
    expect(rows.filter(({ kind }) => kind === 'fault.dma')).toHaveLength(6);
  });

  test('the output of journalctl has the times that the kernel gave, as -o json does', () => {
    const json = importBytes(dmesg, printed('json'));
    expect(kernelRows(rows).map(({ ts }) => ts)).toEqual(kernelRows(json.rows).map(({ ts }) => ts));
  });

  test('the output of journalctl keeps entries of other programs, and counts them as not understood', () => {
    expect(report.unparsed).toBe(5);
    expect(rows.filter(({ text }) => text?.includes('libvirtd')).map(({ kind }) => kind)).toEqual(
      Array(5).fill('log'),
    );
  });

  test('the output of journalctl cut anywhere gives the messages before the cut, and nothing else as a message', () => {
    const whole = new Set(rows.map(({ text }) => text));
    fc.assert(
      fc.property(fc.nat(bytes.byteLength - 1), fc.integer({ min: 1, max: 4096 }), (end, chunk) => {
        const cut = importBytes(importer, bytes.subarray(0, end), chunk);
        const messages = cut.rows.length - cut.report.unparsed;
        for (const row of cut.rows.slice(0, messages)) expect(whole).toContain(row.text);
      }),
      { numRuns: 30 },
    );
  });
});

/** As util-linux's ul_jsonwrt lays a log out. */
function dmesgJson(messages: readonly { readonly us: number; readonly text: string }[]): string {
  const objects = messages.map(({ us, text }) => {
    const time = `${String(Math.floor(us / 1e6)).padStart(5)}.${String(us % 1e6).padStart(6, '0')}`;
    return `{\n         "pri": 6,\n         "time": ${time},\n         "msg": ${JSON.stringify(text)}\n      }`;
  });
  return `{\n   "dmesg": [\n      ${objects.join(',')}\n   ]\n}\n`;
}

describe('dmesg -J', () => {
  const messages = kernelRows(importBytes(dmesg, printed('json')).rows).map(({ ts, text }) => ({
    us: Number(ts / 1000n),
    text: text ?? '',
  }));
  const json = dmesgJson(messages);
  const importText = (text: string) => importBytes(kernelJson, Buffer.from(text));
  const sound = importText(json);

  test('dmesg -J is recognised, also with facility, as one line, and from its first object', () => {
    const line = JSON.stringify(JSON.parse(json));
    const named = json.replaceAll('"pri": 6', '"fac": "kern",\n         "pri": "info"');
    for (const text of [json, line, named])
      expect(recognise(inputOf(Buffer.from(text)), undefined).importer).toBe(kernelJson);
  });

  test('dmesg -J has the messages and times of the log', () => {
    expect(sound.report).toMatchObject({ unparsed: 0, lost: plain.report.lost });
    expect(sound.rows.map(facts)).toEqual(kernelRows(plain.rows).map(facts));
    expect(sound.rows.map(({ ts }) => ts)).toEqual(messages.map(({ us }) => BigInt(us) * 1000n));
  });

  test('dmesg -J laid out as one line says the same', () => {
    expect(importText(`${JSON.stringify(JSON.parse(json))}\n`).rows).toEqual(sound.rows);
  });

  test('a line that is put in, damaged or gone changes only the messages beside it', () => {
    const lines = json.split('\n');
    const own = sound.rows.map(facts).map((row) => JSON.stringify(row, replacer));
    const edit = fc.constantFrom<(line: string) => string[]>(
      () => [],
      (line) => [line, 'root@host:~# dmesg -J'],
      (line) => [line.slice(0, Math.floor(line.length / 2))],
      (line) => [line.replaceAll('"', '')],
      (line) => [`${line}{`],
    );
    fc.assert(
      fc.property(fc.integer({ min: 2, max: lines.length - 4 }), edit, (at, change) => {
        const edited = lines.toSpliced(at, 1, ...change(lines[at])).join('\n');
        const found = importText(edited).rows.map(facts);
        const texts = new Set(found.map((row) => JSON.stringify(row, replacer)));
        const missing = own.filter((row) => !texts.has(row));
        expect(missing.length).toBeLessThanOrEqual(2);
      }),
      { numRuns: 100 },
    );
  });
});

const replacer = (_: string, value: unknown) => (typeof value === 'bigint' ? `${value}` : value);
