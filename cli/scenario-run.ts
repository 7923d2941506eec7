/** Finds scenarios by name or in a file, and records runs of them. */
import { readFileSync } from 'node:fs';
import type { Named, Outcome, ScenarioDocument, Vmm, World } from '../replay/index.js';
import { reportFinding } from './exit-codes.js';
import { note, printJson } from './output.js';
import { plural } from './plural.js';
import { refuseStreams } from './shell-streams.js';
import { type OutputOption, writerName, writeTrace } from './trace-output.js';

interface RunOptions extends OutputOption {
  readonly seed?: number;
  readonly kernel?: string;
  /** Another driver of VFIO than the scenario's. */
  readonly driver?: string;
  /** A VMM in place of the scenario's actors. */
  readonly vmm?: Vmm;
}

/** A scenario that comes with vfr, or one from a file. A name with a slash or a dot is a file. */
export async function findScenario(nameOrFile: string): Promise<ScenarioDocument> {
  const { SCENARIOS, readScenario } = await import('../replay/index.js');
  const found = SCENARIOS.find(({ name }) => name === nameOrFile);
  if (found !== undefined) return found;
  if (!/[/.]/.test(nameOrFile)) throw await unknownScenario(nameOrFile);
  return readScenario(await readText(nameOrFile), nameOrFile);
}

export async function readText(file: string): Promise<string> {
  await refuseStreams([file]);
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { fileError } = await import('../traces/index.js');
    throw fileError(error, file, 'reading');
  }
}

async function unknownScenario(name: string): Promise<Error> {
  const { VfrError } = await import('../traces/index.js');
  const what = `no scenario is called "${name}"`;
  const next = '`vfr scenarios` lists them; a file is named with its folder, such as ./my.json.';
  return new VfrError('SCENARIO_UNKNOWN', what, next);
}

/** Runs a scenario with one schedule and writes what a recorder would have recorded. */
export async function recordScenario(nameOrFile: string, options: RunOptions): Promise<void> {
  const { boot, kindOf, randomly, scheduleOf } = await import('../replay/index.js');
  const document = await chosenScenario(nameOrFile, options);
  const { seed = 1, kernel = document.kernel } = options;
  const world = await worldOn(document, kernel);
  const { name } = document;
  const notes = { scenario: name, seed: String(seed) };
  const named = namedBy(document);
  const schedule = scheduleOf(boot(world), randomly(seed));
  const outcome = await writeRun(
    { nameOrFile, world, schedule, named, seed, notes },
    options,
    (ended) => ({ scenario: name, seed, kernel, outcome: ended }),
  );
  await printOutcome(outcome);
  // What its outcomes name is only of the scenario itself.
  const isChanged = options.driver !== undefined || options.vmm !== undefined;
  if (isChanged || kernel !== document.kernel || kindOf(outcome, document.outcomes) >= 0) return;
  note('this is not an outcome that the scenario names');
  reportFinding();
}

/** The scenario with another driver of VFIO, and with a VMM as its actor, where these are given. */
async function chosenScenario(
  nameOrFile: string,
  { driver, vmm }: RunOptions,
): Promise<ScenarioDocument> {
  const { MODELS, withDriver, withVmm, isVfioDriver } = await import('../replay/index.js');
  const { VfrError } = await import('../traces/index.js');
  const document = await findScenario(nameOrFile);
  if (driver !== undefined && !isVfioDriver(driver)) {
    const names = MODELS.map(({ name }) => name).filter(isVfioDriver);
    const next = `Name one of ${names.join(', ')}.`;
    throw new VfrError('SCENARIO_DRIVER', `${driver} is not a driver of VFIO with a model`, next);
  }
  const driven = driver === undefined ? document : withDriver(document, driver);
  const used = vmm === undefined ? driven : withVmm(driven, vmm);
  if (used !== null) return used;
  const what = `no driver of VFIO has a device at the start of ${nameOrFile}`;
  const next = 'Choose another scenario, such as assigned-device.';
  throw new VfrError('SCENARIO_DRIVER', what, next);
}

/** What a scenario says about the ends of its runs. */
export const namedBy = ({ name, kernel, outcomes, never = [] }: ScenarioDocument): Named => ({
  scenario: name,
  kernel,
  outcomes,
  never,
});

/** One order of the steps of a run, and how its trace is described. */
interface RecordedRun {
  readonly nameOrFile: string;
  readonly world: World;
  /** The thread of each step. */
  readonly schedule: readonly number[];
  readonly named: Named | null;
  readonly seed: number | null;
  readonly notes: Readonly<Record<string, string>>;
}

/** The note of a trace with the order of the steps of its run, so that the run can be repeated. */
export const SCHEDULE_NOTE = 'schedule';

/**
 * Does a run and writes what a recorder would have recorded.
 * @param facts of the run, for `--json`
 */
export async function writeRun(
  { nameOrFile, world, schedule, named, seed, notes }: RecordedRun,
  options: OutputOption,
  facts: (outcome: Outcome) => object,
): Promise<Outcome> {
  const { boot, run, SCENARIOS, scheduled, scheduleDocument, scheduleText, TraceRecorder } =
    await import('../replay/index.js');
  const reads = SCENARIOS.some(({ name }) => name === nameOrFile) ? [] : [nameOrFile];
  const document = scheduleDocument(world.spec, schedule, { named, seed });
  const { kernel } = world.spec.machine;
  const allNotes = { ...notes, [SCHEDULE_NOTE]: scheduleText(document) };
  return writeTrace(
    { ...options, reads },
    [],
    { clock: 'mono', kernel, writer: writerName(), notes: allNotes },
    ({ events }) => run(boot(world, new TraceRecorder(world, events)), scheduled(schedule)),
    facts,
  );
}

/** The machine and the actors of a scenario on a kernel, which has to be one that is modelled. */
async function worldOn(document: ScenarioDocument, kernel: string): Promise<World> {
  await refuseUnmodelled(kernel);
  const { specOf, World } = await import('../replay/index.js');
  return new World(specOf(document, kernel));
}

/** Throws for a kernel release that the simulated kernel does not support. */
export async function refuseUnmodelled(kernel: string): Promise<void> {
  const { runsKernel } = await import('../replay/index.js');
  if (runsKernel(kernel)) return;
  const { VfrError } = await import('../traces/index.js');
  const what = `kernel ${kernel} is not modelled`;
  throw new VfrError('SCENARIO_KERNEL', what, 'Name one from 5.15 on.');
}

/** Repeats the order of steps of a schedule, and prints how it ends. */
export async function repeatSchedule(
  file: string,
  { json = false }: { readonly json?: boolean },
): Promise<void> {
  const { endOf, readSchedule, World } = await import('../replay/index.js');
  const { document, schedule } = readSchedule(await readText(file), file);
  const { run, named, steps, seed } = document;
  const outcome = endOf(new World(run), schedule);
  const { kernel } = run.machine;
  if (json) return printJson({ scenario: named?.scenario ?? null, kernel, seed, steps, outcome });
  note(`${plural(schedule.length, 'step')} repeated, on kernel ${kernel}`);
  await printOutcome(outcome);
}

async function printOutcome({ drivers, deadlock, faults, notDone }: Outcome): Promise<void> {
  const { describeDeadlock } = await import('../replay/index.js');
  for (const [address, driver] of Object.entries(drivers)) {
    note(`${address}: ${driver ?? 'no driver'}`);
  }
  if (deadlock !== null) note(`deadlock: ${describeDeadlock(deadlock)}`);
  for (const fault of faults) note(`a bug of the kernel was hit: ${fault}`);
  for (const [actor, operations] of Object.entries(notDone)) {
    note(`${actor} did not reach its last ${plural(operations, 'operation')}`);
  }
}
