/** `vfr replay --at`, `--break`, `--watch` and `--state`: views of a replay at one event. */
import { type Change, stateAt, Timeline, watch } from '../replay/index.js';
import { type TraceReader, VfrError } from '../traces/index.js';
import { fullPath } from './device-names.js';
import { print, printJson, toJson, write } from './output.js';
import { printable } from './printable.js';
import { seqsWhere } from './seqs-where.js';

export interface ViewOptions {
  readonly kernel: string | undefined;
  readonly until?: number;
  readonly at?: number;
  /** Path of the part to show; true for all of it. */
  readonly state?: string | true;
  readonly watch?: string;
  /** SQL condition; the view is at the first event that satisfies it. */
  readonly break?: string;
  readonly json?: boolean;
}

/** Whether the options request a view instead of verdicts. */
export const isView = ({ at, state, watch, break: condition }: ViewOptions): boolean =>
  [at, state, watch, condition].some((option) => option !== undefined);

/**
 * Prints the requested view.
 * @throws VfrError when there is no such event
 */
export async function showView(
  file: string,
  reader: TraceReader,
  options: ViewOptions,
): Promise<void> {
  if (options.watch !== undefined) {
    return showChanges(reader, fullPath(options.watch), options);
  }
  const { kernel, state } = options;
  const seq = await placeOf(file, reader, options);
  const timeline = new Timeline(reader, { ...reader.meta, kernel });
  timeline.seek(seq + 1);
  const path = state === true || state === undefined ? '' : fullPath(state);
  const value = stateAt(timeline.engine, path);
  if (value === undefined) throw pathUnknown(timeline, path);
  await printJson(value);
}

/** The event whose state to show. */
async function placeOf(
  file: string,
  reader: TraceReader,
  { at, break: condition, until }: ViewOptions,
): Promise<number> {
  if (at !== undefined && at >= reader.seqEnd) {
    throw noSuch(`the trace has no event ${at}`);
  }
  if (at !== undefined) return at;
  if (condition === undefined) return (until ?? reader.seqEnd) - 1;
  const [first] = await seqsWhere(file, reader, condition);
  if (first === undefined) throw noSuch('no event satisfies the condition');
  return first;
}

const noSuch = (what: string) =>
  new VfrError('EVENT_UNKNOWN', what, 'Look for one with `vfr events TRACE`.');

/** The error for a path that does not exist: how far it exists, and what is there. */
function pathUnknown({ engine }: Timeline<TraceReader>, path: string): VfrError {
  const parts = path.split('/');
  let known = parts.length;
  while (known > 0 && stateAt(engine, parts.slice(0, known).join('/')) === undefined) known--;
  const [above, missing] = [parts.slice(0, known).join('/'), parts[known]];
  const value = stateAt(engine, above) as { readonly devices?: object } | null;
  const has = known === 0 ? { ...value?.devices, drivers: null } : value;
  const names = typeof has === 'object' && has !== null ? Object.keys(has) : [];
  const what = known === 0 ? `there is no state of ${missing}` : `${above} has no ${missing}`;
  const next = names.length === 0 ? 'It has no parts.' : `There is ${names.join(', ')}.`;
  return new VfrError('STATE_PATH_UNKNOWN', what, next);
}

async function showChanges(
  reader: TraceReader,
  path: string,
  { kernel, until, json }: ViewOptions,
): Promise<void> {
  const limit = until === undefined ? {} : { until };
  const changes = watch(reader.read(), path, { ...reader.meta, kernel, ...limit });
  const first = changes.next();
  if (first.done === true) refuseUnknown(reader, path, { kernel, ...limit });
  const all = first.done === true ? [] : startingWith(first.value, changes);
  await (json === true ? printDocument(path, all) : printLines(path, all, reader.seqEnd));
}

/** A path that never existed is a mistake, not something that did not change. */
function refuseUnknown(
  reader: TraceReader,
  path: string,
  { kernel, until }: Pick<ViewOptions, 'kernel' | 'until'>,
): void {
  const timeline = new Timeline(reader, { ...reader.meta, kernel });
  timeline.seek(until ?? reader.seqEnd);
  if (stateAt(timeline.engine, path) === undefined) throw pathUnknown(timeline, path);
}

function* startingWith<T>(first: T, rest: Iterable<T>): Generator<T> {
  yield first;
  yield* rest;
}

// There may be as many changes as events: each is printed as it comes, and none is kept.

async function printLines(path: string, changes: Iterable<Change>, seqEnd: number): Promise<void> {
  const width = String(Math.max(0, seqEnd - 1)).length;
  let count = 0;
  for (const { seq, after } of changes) {
    await print(`${String(seq).padEnd(width)}  ${toJson(after ?? null, null)}`);
    count++;
  }
  if (count === 0) await print(`${printable(path)} did not change`);
}

async function printDocument(path: string, changes: Iterable<Change>): Promise<void> {
  await write(`{\n  "path": ${toJson(path)},\n  "changes": [`);
  let separator = '';
  for (const change of changes) {
    await write(`${separator}\n    ${toJson(change, '    ')}`);
    separator = ',';
  }
  await write(separator === '' ? ']\n}\n' : '\n  ]\n}\n');
}
