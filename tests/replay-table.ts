/**
 * Verdicts of recordings, as the tables that docs/replay.md carries: all, and by kind.
 *
 *   node dist/tests/replay-table.js TRACE...
 */
import { basename } from 'node:path';
import { type Counts, replay } from '../replay/index.js';
import { TraceReader } from '../traces/index.js';

const KEYS = [
  'events',
  'responses',
  'computed',
  'order',
  'passed',
  'default',
  'diverged',
  'unmodelled',
  'unknown',
] as const;

const results = process.argv.slice(2).map((file) => {
  const reader = TraceReader.open(file);
  const result = replay(reader.read(), reader.meta);
  reader.close();
  return { name: basename(file, '.arrows'), result };
});

const row = (cells: readonly (string | number)[]) => console.log(`| ${cells.join(' | ')} |`);
const rule = (columns: number) => console.log(`${'|---'.repeat(columns)}|`);

row(['capture', ...KEYS]);
rule(KEYS.length + 1);
for (const { name, result } of results) row([name, ...KEYS.map((key) => result[key])]);

console.log();
const kinds = [...new Set(results.flatMap(({ result }) => Object.keys(result.kinds)))].sort();
row(['kind', ...results.map(({ name }) => name)]);
rule(results.length + 1);
for (const kind of kinds) row([kind, ...results.map(({ result }) => matched(result.kinds[kind]))]);

/** Matched responses of a kind, unknown ones in parentheses. */
function matched(counts: Counts | undefined): string {
  if (counts === undefined) return '';
  return counts.unknown === 0 ? `${counts.matched}` : `${counts.matched} (${counts.unknown})`;
}
