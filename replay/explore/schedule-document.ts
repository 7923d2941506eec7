/**
 * One order of the steps of a run as a document, so that it can be repeated elsewhere: the run, how
 * many steps each actor does one after the other, and the state at the end. A model that has
 * changed since refuses it: the order would mean something else.
 */
import { VfrError } from '../../traces/index.js';
import { boot, type Kernel, nameOfThread, type RunSpec, World } from '../kernel/index.js';
import { kernelRules } from '../model/kernel-rules.js';
import { textHash } from './text-hash.js';

/** Steps of one thread without one of another in between, within one operation. */
export interface ScheduleStep {
  readonly actor: string;
  /** Number of the operation of the actor, from 1; null for a worker of the kernel. */
  readonly operation: number | null;
  readonly steps: number;
}

/** What the scenario of a run says about its ends. */
export interface Named {
  readonly scenario: string;
  /** The kernel that its outcomes hold for. */
  readonly kernel: string;
  readonly outcomes: readonly object[];
  readonly never: readonly string[];
}

export interface ScheduleDocument {
  /** Version of the form. */
  readonly schedule: 1;
  /** What the steps of the model are, as a hash. */
  readonly tables: string;
  readonly run: RunSpec;
  readonly named: Named | null;
  /** The seed by which the order was chosen; null if a search found it. */
  readonly seed: number | null;
  readonly steps: readonly ScheduleStep[];
  /** Hash of the state at the end. */
  readonly hash: string;
  /** Hash of all other members: the document was not edited. */
  readonly check: string;
}

/** Makes the document of an order. @param schedule the thread of each step */
export function scheduleDocument(
  run: RunSpec,
  schedule: readonly number[],
  { named, seed }: Pick<ScheduleDocument, 'named' | 'seed'>,
): ScheduleDocument {
  const k = boot(new World(run));
  const steps: ScheduleStep[] = [];
  for (let at = 0; at < schedule.length; ) {
    const thread = schedule[at];
    const from = at;
    const operation = operationAt(k, thread);
    do k.step(schedule[at++]);
    while (schedule[at] === thread && operationAt(k, thread) === operation);
    steps.push({ actor: nameOfThread(k, thread), operation, steps: at - from });
  }
  const tables = tablesOf(k);
  const body = { schedule: 1, tables, run, named, seed, steps, hash: k.cells.hash } as const;
  return { ...body, check: hashOf(body) };
}

const operationAt = (k: Kernel, thread: number): number | null =>
  thread < k.world.actors.length ? k.get(k.progressOf(thread)) + 1 : null;

/** The document as a text of one line. */
export const scheduleText = (document: ScheduleDocument): string =>
  JSON.stringify(document, packed);

export interface Repeated {
  readonly document: ScheduleDocument;
  /** The thread of each step. */
  readonly schedule: readonly number[];
}

/**
 * Reads a document and verifies that the model does what it did when the document was made.
 * @throws VfrError `SCHEDULE_INVALID` for what is no such document or was edited,
 * `SCHEDULE_VERSION` when the form or the model is another one
 */
export function readSchedule(text: string, file: string): Repeated {
  const document = parsed(text, file);
  const { run, steps, hash } = document;
  const k = boot(new World(run));
  if (document.tables !== tablesOf(k)) throw otherModel(file, 'its steps are others');
  const schedule: number[] = [];
  const threads = new Map<string, number>();
  for (let thread = 0; thread < k.threads; thread++) threads.set(nameOfThread(k, thread), thread);
  for (const [i, { actor, operation, steps: count }] of steps.entries()) {
    const thread = threads.get(actor) ?? -1;
    for (let n = 0; n < count; n++) {
      if (thread < 0 || operationAt(k, thread) !== operation || !k.canRun(thread)) {
        throw otherModel(file, `${actor} cannot do what entry ${i + 1} of the schedule says`);
      }
      k.step(thread);
      schedule.push(thread);
    }
  }
  if (k.cells.hash !== hash) throw otherModel(file, 'the state at the end differs');
  return { document, schedule };
}

function parsed(text: string, file: string): ScheduleDocument {
  const invalid = (what: string) =>
    new VfrError(
      'SCHEDULE_INVALID',
      what,
      'Make one by `vfr explore SOURCE --witness N --schedule FILE`.',
      { file },
    );
  let document: Partial<ScheduleDocument> | null;
  try {
    document = JSON.parse(text, unpacked);
  } catch {
    throw invalid('it is no JSON document');
  }
  if (typeof document !== 'object' || document === null || !('schedule' in document)) {
    throw invalid('it is no schedule: the member "schedule" is missing');
  }
  if (document.schedule !== 1) throw otherModel(file, 'its form is not version 1');
  const { check, ...body } = document;
  if (check !== hashOf(body)) throw invalid('it is cut or was edited: its check does not fit');
  return document as ScheduleDocument;
}

const otherModel = (file: string, what: string): VfrError =>
  new VfrError(
    'SCHEDULE_VERSION',
    `it was made by another version of the model: ${what}`,
    'Use the vfr that made it, or explore again and make a new one.',
    { file },
  );

/** The procedures with their steps, and the rules of the kernel. */
function tablesOf(k: Kernel): string {
  const steps = k.program.steps.map(({ procedure, labels }) => [procedure, [...labels.keys()]]);
  return hashOf({ steps, rules: kernelRules(k.world.spec.machine.kernel) });
}

const hashOf = (value: object): string => textHash(JSON.stringify(value, packed));

/** Bytes of structs, which JSON has no form for. */
const PACKED = '$bytes';

const packed = (_: string, value: unknown): unknown =>
  value instanceof Uint8Array ? { [PACKED]: Buffer.from(value).toString('hex') } : value;

function unpacked(_: string, value: unknown): unknown {
  const bytes =
    value !== null && typeof value === 'object' ? Reflect.get(value, PACKED) : undefined;
  return typeof bytes === 'string' ? Uint8Array.from(Buffer.from(bytes, 'hex')) : value;
}
