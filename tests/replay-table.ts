/**
 * Verdicts of recordings, as the table that docs/replay.md carries.
 *
 *   node dist/tests/replay-table.js TRACE...
 */
import { basename } from 'node:path';
import { replay } from '../replay/index.js';
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

console.log(`| capture | ${KEYS.join(' | ')} |\n|---${'|---'.repeat(KEYS.length)}|`);
for (const file of process.argv.slice(2)) {
  const reader = TraceReader.open(file);
  const result = replay(reader.read(), { kernel: reader.meta.kernel });
  reader.close();
  console.log(`| ${basename(file, '.arrows')} | ${KEYS.map((key) => result[key]).join(' | ')} |`);
}
