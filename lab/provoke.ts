import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ProvokedCase, provokedCases } from './provoked-cases.js';
import { type OrderEntry, ordersOf } from './witness-order.js';

export interface Prediction {
  readonly device: string;
  /** The driver that the device has at the end, or the cycle of a deadlock. */
  readonly driver: string | null;
  readonly deadlock: string | null;
  readonly orders: readonly (readonly OrderEntry[])[];
}

const folderOf = (out: string): string => join(out, 'provoke');
const fileOf = (out: string, name: string, what: string): string =>
  join(folderOf(out), `${name}.${what}`);

/** Puts the cases into the guest's folder, in the order in which it does them. */
export function prepareProvocations(out: string): void {
  mkdirSync(folderOf(out), { recursive: true });
  const wanted = process.env.VFR_LAB_CASES?.split(',');
  for (const { name, document, order } of provokedCases()) {
    if (wanted !== undefined && !wanted.includes(name)) continue;
    writeFileSync(fileOf(out, name, 'clean.json'), JSON.stringify({ ...document, order }, null, 2));
  }
}

/**
 * While the guest runs: predicts from each clean recording what another order leads to, and answers
 * with that order. @returns stops it
 */
export function answerPredictions(project: string, out: string): () => void {
  const cases = provokedCases();
  const begun = new Set<string>();
  const timer = setInterval(() => {
    for (const one of cases) {
      const isReady = existsSync(fileOf(out, one.name, 'clean.done')) && !begun.has(one.name);
      if (!isReady) continue;
      begun.add(one.name);
      void answer(project, out, one);
    }
  }, 500);
  return () => clearInterval(timer);
}

async function answer(project: string, out: string, one: ProvokedCase): Promise<void> {
  const { name, document } = one;
  const trace = fileOf(out, name, 'clean.arrows');
  const clean = lastLine(fileOf(out, name, 'clean.log'));
  const explore = (args: readonly string[]) => vfr(project, ['explore', '--whole', trace, ...args]);
  const driver = clean?.drivers[one.device] ?? null;
  const prediction = await predict(one, driver, explore, fileOf(out, name, 'bad.schedule'));
  writeFileSync(fileOf(out, name, 'predicted.json'), JSON.stringify({ prediction }, null, 2));
  const { orders = [], ...expected } = prediction ?? {};
  for (const [i, order] of orders.entries()) {
    const tried = { ...document, order, seconds: one.isDeadlock ? 8 : 20, expected };
    writeFileSync(fileOf(out, name, `${i + 1}.json`), JSON.stringify(tried, null, 2));
  }
  writeFileSync(fileOf(out, name, 'answered'), '');
}

function vfr(project: string, args: readonly string[]): string {
  const program = [join(project, 'dist/vfr/main.js'), ...args];
  return spawnSync(process.execPath, program, { encoding: 'utf8', maxBuffer: 1 << 28 }).stdout;
}

interface ExploredOutcome {
  readonly drivers: Readonly<Record<string, string | null>>;
  readonly deadlock: string | null;
  readonly faults: readonly string[];
}

/**
 * The most frequent other end of a clean recording: one in which the function has another driver, or a
 * deadlock where the case is about one.
 * @param recorded the driver that the function has at the end of the recording
 * @param explore what `vfr explore --whole RECORDING` prints with more arguments
 * @param file where it writes the schedule of that end
 */
export async function predict(
  one: Pick<ProvokedCase, 'device' | 'isDeadlock' | 'document' | 'order'>,
  recorded: string | null,
  explore: (args: readonly string[]) => string | Promise<string>,
  file: string,
): Promise<Prediction | null> {
  const { device, isDeadlock } = one;
  const { outcomes } = JSON.parse(await explore(['--json'])) as { outcomes: ExploredOutcome[] };
  const number = outcomes.findIndex(({ drivers, deadlock, faults }) =>
    isDeadlock
      ? deadlock !== null
      : deadlock === null && faults.length === 0 && (drivers[device] ?? null) !== recorded,
  );
  if (number < 0) return null;
  const { drivers, deadlock } = outcomes[number];
  await explore(['--witness', `${number + 1}`, '--schedule', file]);
  const orders = ordersOf(one, readFileSync(file, 'utf8'), file);
  return { device, driver: drivers[device] ?? null, deadlock, orders };
}

interface Ended {
  readonly ended: boolean;
  readonly drivers: Readonly<Record<string, string | null>>;
  readonly stacks: readonly { readonly task: string; readonly stack: readonly string[] }[];
}

const lastLine = (file: string): Ended | null =>
  existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8').trimEnd().split('\n').at(-1)!) as Ended)
    : null;

/** Prints what was predicted, and how the real kernel ended. @returns exit code */
export function checkProvocations(out: string): number {
  const done = provokedCases().filter(({ name }) => existsSync(fileOf(out, name, 'clean.json')));
  const results = done.map((one): boolean => {
    const { name, device } = one;
    const clean = lastLine(fileOf(out, name, 'clean.log'));
    const file = fileOf(out, name, 'predicted.json');
    const { prediction } = existsSync(file)
      ? (JSON.parse(readFileSync(file, 'utf8')) as { prediction: Prediction | null })
      : { prediction: null };
    const tries = readdirSync(folderOf(out))
      .flatMap((entry) => new RegExp(`^${name}\\.(\\d+)\\.log$`).exec(entry)?.[1] ?? [])
      .map(Number);
    const last = Math.max(0, ...tries);
    const ended = lastLine(fileOf(out, name, `${last}.log`));
    const isSo = ended !== null && prediction !== null && endedSo(ended, prediction);
    const end = ended === null ? '' : endText(ended, device);
    const wanted = prediction === null ? 'nothing' : (prediction.deadlock ?? prediction.driver);
    const first = clean === null ? '' : endText(clean, device);
    process.stdout.write(`| ${name} | ${first} | ${wanted} | ${last} | ${end} | ${isSo} |\n`);
    return isSo;
  });
  const right = results.filter((isSo) => isSo).length;
  process.stdout.write(`${right} of ${results.length} cases ended as predicted\n`);
  return right === results.length ? 0 : 1;
}

const endedSo = (ended: Ended, { device, driver, deadlock }: Prediction): boolean =>
  deadlock === null
    ? ended.ended && (ended.drivers[device] ?? null) === driver
    : !ended.ended && ended.stacks.filter(({ stack }) => stack.length > 0).length > 1;

function endText({ ended, drivers, stacks }: Ended, device: string): string {
  if (ended) return device in drivers ? (drivers[device] ?? 'no driver') : 'not there';
  return stacks.map(({ task, stack }) => `${task} in ${stack.slice(0, 3).join(' < ')}`).join('; ');
}
