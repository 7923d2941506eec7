import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RunSpec, replay, SCENARIOS, type ScenarioDocument, specOf } from '../replay/index.js';
import type { EventRow } from '../tests/build-trace.js';
import { traceOf } from '../tests/cross-judge.js';
import { rowsOf } from '../tests/rewrite.js';
import { openSource, TraceReader } from '../traces/index.js';
import { type Comparison, compareLanes, lanesOf } from './compare-runs.js';
import { say } from './host.js';
import { forGuest, obstacle, onLab, taskName } from './lab-scenario.js';

/** Schedules of vfr's kernel that are tried before a real run counts as different. */
const SEEDS = 1500;

const folderOf = (out: string): string => join(out, 'scenarios');

/** Puts the scenarios that the lab can run into the guest's folder. */
export function prepareScenarios(out: string, series: string): void {
  mkdirSync(folderOf(out), { recursive: true });
  const wanted = process.env.VFR_LAB_SCENARIOS?.split(',');
  const possible = SCENARIOS.filter((one) => obstacle(one, series) === null);
  for (const scenario of possible) {
    if (wanted !== undefined && !wanted.includes(scenario.name)) continue;
    const document = JSON.stringify(forGuest(onLab(scenario)), null, 2);
    writeFileSync(join(folderOf(out), `${scenario.name}.json`), document);
  }
  say(`${possible.length} of ${SCENARIOS.length} scenarios can be run here`);
}

interface Row extends Comparison {
  readonly name: string;
  /** By which schedule vfr's kernel does the same. */
  readonly seed: number | null;
}

/** Compares each run with runs of the same document, and prints a table. @returns exit code */
export function checkScenarios(out: string): number {
  const reader = new TraceReader(openSource(join(out, 'trace.arrows')));
  const real = rowsOf(reader);
  const documents = readdirSync(folderOf(out))
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(join(folderOf(out), file), 'utf8')) as ScenarioDocument);
  // What the procedures of vfr's kernel make at all; the rest comes from outside of them. What has no
  // event in the whole recording cannot be probed on this kernel.
  const made = documents.flatMap((one) => rowsOf(traceOf(specOf(one), 1)));
  const recorded = new Set(real.map(({ name }) => name));
  const names = new Set(made.flatMap(({ name = '' }) => (recorded.has(name) ? [name] : [])));
  const calls = new Set(made.flatMap(({ name, phase }) => (phase === 'begin' ? [name] : [])));
  const single = real.filter(({ name, phase }) => phase === 'point' && calls.has(name));
  const compared = { names, points: new Set(single.map(({ name = '' }) => name)) };
  // The kernel has the spinlock of 7.1 for overrides: Debian's 6.12 does.
  const rules = recorded.has('driver_set_override') ? {} : { overrideTakesDeviceLock: false };
  const rows = documents.map((one) => {
    const { machine, actors } = specOf(one);
    const spec = { machine: { ...machine, rules }, actors };
    return checkOne(one, spec, { span: spanOf(out, one.name), recording: real, compared });
  });
  for (const { name, compared: n, equal, first } of rows) {
    process.stdout.write(`| ${name} | ${n} | ${equal} |\n`);
    if (first === null) continue;
    const { actor, model, real } = first;
    process.stdout.write(`  ${actor}\n    model  ${model}\n    real   ${real}\n`);
  }
  const equal = rows.filter(({ first }) => first === null).length;
  const { diverged, matched } = replay(reader.read(), reader.meta);
  process.stdout.write(
    `${equal} of ${rows.length} scenarios come out equal; replay: ${matched} matched, ${diverged} diverged\n`,
  );
  return equal === rows.length && diverged === 0 ? 0 : 1;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** When the run began and ended; null if it was not done. */
function spanOf(out: string, name: string): Span | null {
  const file = join(folderOf(out), `${name}.log`);
  if (!existsSync(file)) return null;
  return JSON.parse(readFileSync(file, 'utf8').trimEnd().split('\n').at(-1)!) as Span;
}

interface Recorded {
  readonly span: Span | null;
  readonly recording: readonly EventRow[];
  readonly compared: Parameters<typeof lanesOf>[2];
}

function checkOne(
  document: ScenarioDocument,
  spec: RunSpec,
  { span, recording, compared }: Recorded,
): Row {
  const nothing = { name: document.name, seed: null, compared: 0, equal: 0 };
  if (span === null) return { ...nothing, first: { actor: '', model: '', real: 'it was not run' } };
  const actors = document.actors.map((actor) => taskName(actor.name));
  const own = recording.filter(({ ts }) => Number(ts) >= span.from && Number(ts) <= span.to);
  const real = lanesOf(own, actors, compared);
  const seeds = document.actors.length === 1 ? 1 : SEEDS;
  let best: Row = { ...nothing, first: null, equal: -1 };
  for (let seed = 1; seed <= seeds; seed++) {
    const found = compareLanes(real, lanesOf(rowsOf(traceOf(spec, seed)), actors, compared));
    if (found.equal > best.equal) best = { ...best, ...found, seed };
    if (found.first === null) break;
  }
  return best;
}
