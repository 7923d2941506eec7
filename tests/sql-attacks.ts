/** Queries written to break what bounds them, by what they go for. For the tests. */
import { testData } from './test-data.js';

const lines = (name: string): string[] =>
  testData(`sql/${name}.txt`)
    .toString()
    .split('\n')
    .filter((line) => line !== '');

/** Joins each with itself: 2 to the power of 2 to the power of `depth` rows. */
function doublings(depth: number): string {
  const more = Array.from({ length: depth }, (_, i) => `t${i + 1} AS (FROM t${i} a, t${i} b)`);
  return `WITH ${['t0 AS (FROM range(2))', ...more].join(', ')} SELECT count(*) FROM t${depth}`;
}

/** What breaks programs by its size or depth. */
const SHAPES = [
  `SELECT ${'('.repeat(20_000)}1${')'.repeat(20_000)}`,
  `SELECT ${'['.repeat(5000)}1${']'.repeat(5000)}`,
  `SELECT ${'-'.repeat(1)} ${'+ '.repeat(100_000)}1`,
  `SELECT ${'NOT '.repeat(50_000)}true`,
  `SELECT 1${' + 1'.repeat(200_000)}`,
  `SELECT ${'abs('.repeat(3000)}1${')'.repeat(3000)}`,
  `SELECT ${'(SELECT '.repeat(2000)}1${')'.repeat(2000)}`,
  `SELECT 1${' UNION ALL SELECT 1'.repeat(5000)}`,
  `FROM ${'(FROM '.repeat(2000)}events${')'.repeat(2000)}`,
  `SELECT CASE ${'WHEN 1 = 2 THEN 3 '.repeat(50_000)} END`,
  `SELECT ${'"a".'.repeat(10_000)}"b"`,
  `SELECT 1 AS "${'x'.repeat(10_000_000)}"`,
  `SELECT '${'x'.repeat(40_000_000)}'`,
  `SELECT ${Array.from({ length: 100_000 }, (_, i) => i).join(',')}`,
  `SELECT * FROM events ${Array.from({ length: 60 }, (_, i) => `, events e${i}`).join('')}`,
  doublings(30),
  `SELECT CAST(NULL AS ${'STRUCT(a '.repeat(3000)}INTEGER${')'.repeat(3000)})`,
  `SELECT CAST('${'['.repeat(100_000)}' AS JSON)`,
  `SELECT CAST('${'['.repeat(100_000)}${']'.repeat(100_000)}' AS JSON)`,
  `SELECT regexp_matches('x', '${'('.repeat(20_000)}')`,
  `SELECT regexp_matches('x', '${'(x'.repeat(900)}${')'.repeat(900)}')`,
  `SELECT 'x' IN (${"'y',".repeat(100_000)}'z')`,
  'SELECT \0 1',
  "SELECT 'a\0b'",
  '\u{feff}SELECT 1',
  'SELECT 💥',
  "SELECT U&'\\d800'",
  `SELECT '\\xff'::BLOB::VARCHAR`,
  '/* */ -- nothing',
  '',
  ';',
];

/** By what they go for: doors must all be refused, the others may also be answered. */
export const ATTACKS = {
  memory: lines('memory'),
  time: lines('time'),
  doors: lines('doors'),
  shapes: SHAPES,
} as const;
