/**
 * Goal: what people do to a kernel log before they send it changes nothing that it says, and what
 * happens to one line changes no event of another.
 * Method: slices of real logs and one of reports, edited by fast-check: lines put in, taken out and
 * damaged; quoted, indented, wrapped and put behind prompts.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ImportedRow, importBytes, inputOf } from '../../../tests/import-bytes.js';
import { testData } from '../../../tests/test-data.js';
import { isCertain } from '../../kernel-text/index.js';
import { recognise } from '../recognise.js';
import { dmesg } from './index.js';

const LINES = 60;
const LOG = ['dma-fault-r1', 'hotplug-r1', 'sriov-on-r1']
  .flatMap((name) => testData(`dmesg/${name}.txt.zst`).toString().split('\n'))
  .filter((line) => /^\[ *\d+\.\d+\] \S/.test(line));

/** Kind and columns, which no edit may change. */
const facts = ({ seq, ts, text, ...rest }: ImportedRow) =>
  JSON.stringify(rest, (_, value) => (typeof value === 'bigint' ? `${value}` : value));
const slice = fc.nat(LOG.length - LINES).map((from) => LOG.slice(from, from + LINES));
const importLines = (lines: readonly string[]) =>
  importBytes(dmesg, Buffer.from(`${lines.join('\n')}\n`));
/** As the program does it: with the marks of a quoted text taken away. */
function recognised(lines: readonly string[]) {
  const { importer, text } = recognise(inputOf(Buffer.from(`${lines.join('\n')}\n`)), undefined);
  return importBytes(importer, Buffer.concat([...text.chunks()]));
}

describe('the times', () => {
  /** Events of messages that are certainly the kernel's: without times, no other lines are. */
  const tells = (rows: readonly ImportedRow[]) => rows.filter(({ text }) => isCertain(text ?? ''));

  test('the times taken away from all lines take away the times of the events, and nothing else', () => {
    fc.assert(
      fc.property(slice, (lines) => {
        const bare = lines.map((line) => line.replace(/^\[ *\d+\.\d+\] /, ''));
        const [timed, timeless] = [importLines(lines), importLines(bare)];
        expect(tells(timeless.rows).map(facts)).toEqual(tells(timed.rows).map(facts));
        expect(timeless.rows.every(({ ts }) => ts === 0n)).toBe(true);
        const { message, continued = 0 } = timeless.report.records;
        expect(message + continued + timeless.report.unparsed).toBe(LINES);
      }),
      { numRuns: 60 },
    );
  });
});

describe('one line', () => {
  const other = fc.constantFrom(
    'x',
    'then the guest stopped',
    'root@host:~# dmesg | tail',
    '[  OK  ] Started Journal Service.',
    'Mar 04 10:11:14 host systemd[1]: Started x.',
  );
  test('one line that is put in takes nothing from the others', () => {
    fc.assert(
      fc.property(slice, fc.nat(LINES), other, (lines, at, line) => {
        const { rows, report } = importLines(lines.toSpliced(at, 0, line));
        const kept = rows.filter((row) => row.text !== line);
        expect(kept.map(facts)).toEqual(importLines(lines).rows.map(facts));
        const { message, continued = 0 } = report.records;
        expect(message + continued + report.unparsed).toBe(LINES + 1);
      }),
      { numRuns: 40 },
    );
  });

  test('one line that is damaged or gone changes no other', () => {
    fc.assert(
      fc.property(slice, fc.nat(LINES - 1), fc.nat(), fc.nat(60), (lines, at, from, count) => {
        const start = from % lines[at].length;
        const damaged = lines[at].slice(0, start) + lines[at].slice(start + count);
        const { rows, report } = importLines(lines.with(at, damaged));
        const sound = importLines(lines).rows.map(facts);
        const found = rows.map(facts);
        // A line that lost its time may be read as more of the one before it.
        expect(found.slice(0, Math.max(0, at - 1))).toEqual(sound.slice(0, Math.max(0, at - 1)));
        expect(found.slice(found.length - (LINES - at - 1))).toEqual(sound.slice(at + 1));
        const { message, continued = 0 } = report.records;
        const isEmpty = damaged.trim() === '';
        expect(message + continued + report.unparsed).toBe(LINES - (isEmpty ? 1 : 0));
      }),
      { numRuns: 40 },
    );
  });
});

describe('a whole log', () => {
  const marks = fc.oneof(
    fc.integer({ min: 1, max: 6 }).map((depth) => '> '.repeat(depth)),
    fc.integer({ min: 1, max: 6 }).map((depth) => `${'>'.repeat(depth)} `),
    fc.integer({ min: 1, max: 30 }).map((blanks) => ' '.repeat(blanks)),
    fc.integer({ min: 1, max: 4 }).map((tabs) => '\t'.repeat(tabs)),
  );
  test('a whole log says the same when it is quoted or indented', () => {
    fc.assert(
      fc.property(slice, marks, (lines, mark) => {
        const { rows } = recognised(lines.map((line) => mark + line));
        expect(rows.map(facts)).toEqual(importLines(lines).rows.map(facts));
      }),
      { numRuns: 40 },
    );
  });

  test('a whole log says the same behind prompts', () => {
    const prompt = fc.constantFrom('# ', '$ ', 'host login: ', 'root@host:~# ');
    fc.assert(
      fc.property(slice, fc.nat(LINES - 1), prompt, (lines, at, text) => {
        const { rows } = importLines(lines.with(at, text + lines[at]));
        expect(rows.map(facts)).toEqual(importLines(lines).rows.map(facts));
      }),
      { numRuns: 40 },
    );
  });

  test('a whole log says the same when it is wrapped between words', () => {
    fc.assert(
      fc.property(slice, fc.integer({ min: 60, max: 100 }), (lines, width) => {
        const { rows } = importLines(lines.flatMap((line) => wrapped(line, width)));
        // What no rule knows says nothing that a break could take away.
        const known = (all: readonly ImportedRow[]) =>
          all.filter((row) => row.name !== undefined).map(facts);
        expect(known(rows)).toEqual(known(importLines(lines).rows));
      }),
      { numRuns: 40 },
    );
  });
});

function wrapped(line: string, width: number): string[] {
  const lines: string[] = [];
  let rest = line;
  while (rest.length > width) {
    const at = rest.lastIndexOf(' ', width);
    if (at < 30) break;
    lines.push(rest.slice(0, at));
    rest = rest.slice(at + 1);
  }
  return [...lines, rest];
}
