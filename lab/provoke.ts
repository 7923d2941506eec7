import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ProvokedCase, provokedCases } from './provoked-cases.js';
import { type OrderEntry, ordersOf, type Race } from './witness-order.js';

interface Prediction {
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
  const timer = setInterval(() => {
    for (const one of cases) {
      const isAsked = existsSync(fileOf(out, one.name, 'clean.done'));
      if (isAsked && !existsSync(fileOf(out, one.name, 'answered'))) answer(project, out, one);
    }
  }, 500);
  return () => clearInterval(timer);
}

function answer(project: string, out: string, one: ProvokedCase): void {
  const { name, document } = one;
  const races = racesIn(project, fileOf(out, name, 'clean.arrows'));
  const prediction = predictionOf(one, races);
  writeFileSync(
    fileOf(out, name, 'predicted.json'),
    JSON.stringify({ prediction, races }, null, 2),
  );
  const { orders = [], ...expected } = prediction ?? {};
  for (const [i, order] of orders.entries()) {
    const tried = { ...document, order, seconds: one.isDeadlock ? 8 : 20, expected };
    writeFileSync(fileOf(out, name, `${i + 1}.json`), JSON.stringify(tried, null, 2));
  }
  writeFileSync(fileOf(out, name, 'answered'), '');
}

function racesIn(project: string, trace: string): readonly Race[] {
  const args = [join(project, 'dist/vfr/main.js'), 'races', '--json', trace];
  const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  return (JSON.parse(stdout) as { races: Race[] }).races;
}

/** The first race that leads to another driver, or to a deadlock where the case is about one. */
function predictionOf(one: ProvokedCase, races: readonly Race[]): Prediction | null {
  const race = races.find(({ device, deadlock, drivers }) =>
    one.isDeadlock
      ? deadlock !== null
      : deadlock === null && device === one.device && drivers.other !== drivers.recorded,
  );
  if (race === undefined) return null;
  const { device, deadlock, drivers } = race;
  return { device, driver: drivers.other, deadlock, orders: ordersOf(one, race) };
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
