/** Runs the cases of BindBench, and reports which races were found. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { VfrError } from '../../traces/index.js';
import { publishedCaseSchema } from './case-form.js';
import { extract } from './extract-case.js';
import { EXAMPLE, pageOf } from './page.js';
import { isWritten, type ReadCase, readCases } from './read-case.js';
import { type Score, scoreCase } from './score-case.js';
import { totalsOf } from './totals.js';

const HELP = `Runs the cases of BindBench, and reports which races were found.

  npm run bindbench                        a table
  npm run bindbench -- --json              one JSON document
  npm run bindbench -- --cases DIR         the cases of another folder
  npm run bindbench -- --extract DIR       write scenarios and recordings of each case
  npm run bindbench -- --write             write docs/bindbench.md and docs/case.schema.json

Ends with 1 when explore or explain missed a race, or anything raised a false alarm, with 2 for a
wrong option, with 3 for a case that cannot be read.`;

/** The root of the repository: this program runs in dist/. */
const ROOT = join(import.meta.dirname, '../../..');

function optionsOf() {
  try {
    return parseArgs({
      options: {
        json: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
        cases: { type: 'string', default: join(ROOT, 'bench/bindbench/cases') },
        extract: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    console.error(`bindbench: ${(error as Error).message}\n\n${HELP}`);
    process.exit(2);
  }
}

function print(cases: readonly ReadCase[], scores: readonly Score[]): void {
  for (const { id, explore, explain, predictive, falseAlarms, ms, title, differences } of scores) {
    const columns = [explore, explain, predictive].map((found) => (found ?? '-').padEnd(6));
    console.log(`${id.padEnd(8)} ${columns.join(' ')} ${String(ms).padStart(6)} ms  ${title}`);
    if (falseAlarms > 0) console.log(`         ${falseAlarms} false alarms`);
    for (const difference of differences) console.log(`         ${difference}`);
  }
  const { found, missed, falseAlarms } = totalsOf(scores);
  const left = cases.length - scores.length;
  console.log(`${found} found, ${missed} missed, ${falseAlarms} false alarms; ${left} not written`);
}

function main(): void {
  const { help, json, write, cases: folder, extract: to } = optionsOf();
  if (help) {
    console.log(HELP);
    return;
  }
  const cases = readCases(folder);
  const written = cases.filter(isWritten);
  if (to !== undefined) {
    extract(written, to);
    return;
  }
  const scores = written.map(scoreCase);
  if (write) {
    const example = readFileSync(join(ROOT, EXAMPLE), 'utf8');
    writeFileSync(join(ROOT, 'docs/bindbench.md'), pageOf(cases, scores, example));
    writeFileSync(join(ROOT, 'docs/case.schema.json'), publishedCaseSchema());
  }
  const totals = totalsOf(scores);
  if (json) console.log(JSON.stringify({ cases: scores, ...totals }, null, 2));
  else print(cases, scores);
  if (totals.missed > 0 || totals.falseAlarms > 0) process.exitCode = 1;
}

try {
  main();
} catch (error) {
  if (!(error instanceof VfrError)) throw error;
  console.error(`bindbench: ${error.message}`);
  process.exitCode = 3;
}
