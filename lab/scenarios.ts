import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { replay, SCENARIOS, type ScenarioDocument, specOf } from '../replay/index.js';
import type { RunSpec } from '../replay/kernel/index.js';
import type { EventRow } from '../tests/build-trace.js';
import { runOf, traceOf } from '../tests/cross-judge.js';
import { rowsOf } from '../tests/rewrite.js';
import { openSource, TraceReader } from '../traces/index.js';
import { type Compared, type Comparison, compareLanes, lanesOf } from './compare-runs.js';
import { say } from './host.js';
import { forGuest, isOfPower, obstacle, onLab, taskName } from './lab-scenario.js';
import { onHardware } from './recorded-hardware.js';

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
    const { machine, actors } = isOfPower(one) ? onHardware(specOf(one), real) : specOf(one);
    const powered = new Set(isOfPower(one) ? machine.functions.map(({ address }) => address) : []);
    const spec = { machine: { ...machine, rules }, actors };
    const log = logOf(out, one.name);
    return checkOne(one, spec, { log, recording: real, compared: { ...compared, powered } });
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

/** What the guest says of a run. */
interface Log {
  /** When it began and ended. */
  readonly from: number;
  readonly to: number;
  /** What its actors remember at the end, by the name of the variable. */
  readonly variables: ReadonlyMap<string, string | null>;
}

interface Line {
  readonly from?: number;
  readonly to?: number;
  readonly variables?: Readonly<Record<string, string | null>>;
}

/** Null if the scenario was not run. */
function logOf(out: string, name: string): Log | null {
  const file = join(folderOf(out), `${name}.log`);
  if (!existsSync(file)) return null;
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const said = lines.map((line) => JSON.parse(line) as Line);
  const variables = new Map(said.flatMap((one) => Object.entries(one.variables ?? {})));
  const { from = 0, to = 0 } = said.at(-1)!;
  return { from, to, variables };
}

interface Recorded {
  readonly log: Log | null;
  readonly recording: readonly EventRow[];
  readonly compared: Compared;
}

/** What actors remember at the end is compared as one more lane. */
const withVariables = (
  lanes: ReadonlyMap<string, readonly string[]>,
  variables: Iterable<readonly [string, string | null]>,
) => {
  const texts = [...variables]
    .filter(([, text]) => text !== null)
    .map(([v, text]) => `${v}=${text}`);
  return new Map([...lanes, ['variables', texts.sort()]]);
};

function checkOne(
  document: ScenarioDocument,
  spec: RunSpec,
  { log, recording, compared }: Recorded,
): Row {
  const nothing = { name: document.name, seed: null, compared: 0, equal: 0 };
  if (log === null) return { ...nothing, first: { actor: '', model: '', real: 'it was not run' } };
  const actors = document.actors.map((actor) => taskName(actor.name));
  const own = recording.filter(({ ts }) => Number(ts) >= log.from && Number(ts) <= log.to);
  const real = withVariables(lanesOf(own, actors, compared), log.variables);
  const seeds = document.actors.length === 1 && !isOfPower(document) ? 1 : SEEDS;
  let best: Row = { ...nothing, first: null, equal: -1 };
  for (let seed = 1; seed <= seeds; seed++) {
    const { reader, outcome } = runOf(spec, seed);
    const lanes = lanesOf(rowsOf(reader), actors, compared);
    const found = compareLanes(real, withVariables(lanes, Object.entries(outcome.variables)));
    if (found.equal > best.equal) best = { ...best, ...found, seed };
    if (found.first === null) break;
  }
  return best;
}
