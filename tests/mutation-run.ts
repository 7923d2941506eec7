/** Replays mutants of a recording, and tells how each came to light. */
import { type Checkpoint, EventCursor, Replayer, type Verdict } from '../replay/index.js';
import type { TraceReader } from '../traces/index.js';
import {
  type Alternatives,
  Events,
  FIELDS,
  type Field,
  type Mutation,
  mutatedBatch,
  otherCell,
  randomNumbers,
} from './mutation.js';

/**
 * How a mutant came to light: a divergence at that very event, or directly after it; or the event,
 * or one directly after it, became unknown; or not at all.
 */
export const OUTCOMES = ['exact', 'later', 'unknown', 'silent'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** A mutant of a judged event, and what became of it. */
export interface Tried {
  readonly capture: string;
  readonly seq: number;
  /** Kind, phase and function of the event. */
  readonly what: string;
  /** Changed field, or what else was done. */
  readonly how: Field | 'deleted' | 'doubled' | 'swapped';
  readonly outcome: Outcome;
  readonly mutation: Mutation;
}

/** Events between two checkpoints of the survey. */
const INTERVAL = 256;
/** Judged events of the same thread or device that are directly after an event. */
const DIRECTLY = 8;
/** Events that are replayed after the mutated one. */
const WINDOW = 3000;

interface Judged {
  readonly seq: number;
  readonly what: string;
  /** No such event of the same driver, ioctl or region came before it in the recording. */
  readonly first: boolean;
}

interface Survey {
  readonly judged: readonly Judged[];
  readonly checkpoints: readonly Checkpoint[];
  /** Type of the verdict by event. */
  readonly verdicts: readonly Verdict['type'][];
  readonly alternatives: Alternatives;
}

/** Functions are told apart by name, ioctls and attributes by who serves them. */
export function whatOf(e: EventCursor): string {
  const { kind, phase, path, name } = e;
  if (kind === 'ioctl') return `${kind} ${phase} (${path})`;
  if (kind === 'probe' && !/^(?:really_probe|pci_device_probe|vfio_pci_core_)/.test(name)) {
    return `${kind} ${phase} of a driver`;
  }
  if (kind === 'unbind' && name.endsWith('_remove') && name !== 'pci_device_remove') {
    return `${kind} ${phase} of a driver`;
  }
  if (kind.startsWith('config.') && path === 'hardware') return `${kind} ${phase} (hardware)`;
  return `${kind} ${phase} ${name}`;
}

function survey(reader: TraceReader, events: Events): Survey {
  const judged: Judged[] = [];
  const verdicts: Verdict['type'][] = [];
  const shown = new Set<string>();
  const alternatives = new Map<string, Map<Field, number[]>>();
  const replayer = new Replayer({
    kernel: reader.meta.kernel,
    observe: (e, verdict) => {
      verdicts[e.seq] = verdict.type;
      const what = whatOf(e);
      const detail = `${what} ${e.driver} ${e.region} ${e.kind === 'ioctl' ? e.name : ''}`;
      if (verdict.type === 'match') judged.push({ seq: e.seq, what, first: !shown.has(detail) });
      shown.add(detail);
      noteStrings(alternatives, e);
    },
  });
  const checkpoints: Checkpoint[] = [];
  for (const batch of events.batches) {
    const end = batch.seqFirst + batch.rows;
    for (let from: number = batch.seqFirst; from < end; from += INTERVAL) {
      checkpoints.push(replayer.checkpoint());
      replayer.feed(batch, from + INTERVAL);
    }
  }
  return { judged, checkpoints, verdicts, alternatives };
}

/** Directions are the other kind; of the rest, what stands in events of the same kind. */
function noteStrings(all: Map<string, Map<Field, number[]>>, e: EventCursor): void {
  let fields = all.get(e.kind);
  if (fields === undefined) {
    fields = new Map();
    all.set(e.kind, fields);
  }
  const ids = { device: e.deviceId, driver: e.driverId, name: e.nameId, kind: e.kindId } as const;
  for (const [field, id] of Object.entries(ids) as [Field, number][]) {
    const kind = field === 'kind' ? DIRECTIONS.get(e.kind) : e.kind;
    if (id < 0 || kind === undefined) continue;
    let known = all.get(kind);
    if (known === undefined) {
      known = new Map();
      all.set(kind, known);
    }
    const list = known.get(field);
    if (list === undefined) known.set(field, [id]);
    else if (!list.includes(id)) list.push(id);
  }
}

const DIRECTIONS: ReadonlyMap<string, string> = new Map([
  ['config.read', 'config.write'],
  ['config.write', 'config.read'],
  ['region.read', 'region.write'],
  ['region.write', 'region.read'],
]);

/** The events of the same thread or device that come directly after one, it included. */
function directlyAfter(
  events: Events,
  seq: number,
  verdicts: readonly Verdict['type'][],
): ReadonlySet<number> {
  const [tid, device] = [events.tid(seq), events.device(seq)];
  const near = new Set([seq]);
  let judged = 0;
  for (let s = seq + 1; s < Math.min(events.count, seq + WINDOW) && judged < DIRECTLY; s++) {
    if (events.tid(s) !== tid && (device === null || events.device(s) !== device)) continue;
    near.add(s);
    if (verdicts[s] !== 'stimulus') judged++;
  }
  return near;
}

/** Where an event of the recording stands in a mutant. */
function placeIn(mutation: Mutation, seq: number): number {
  if (seq <= mutation.seq) return seq;
  if (mutation.type === 'deleted') return seq - 1;
  return mutation.type === 'doubled' ? seq + 1 : seq;
}

function outcomeOf(
  reader: TraceReader,
  events: Events,
  { checkpoints, verdicts }: Survey,
  mutation: Mutation,
): Outcome {
  const { seq } = mutation;
  const from = checkpoints.findLast((c) => c.seq <= seq) ?? checkpoints[0];
  const near = directlyAfter(events, seq, verdicts);
  const places = new Set([...near].map((s) => placeIn(mutation, s)));
  const exact = exactPlaces(mutation, near);
  let found: Outcome | null = null;
  let doubted = false;
  const replayer = new Replayer(
    {
      kernel: reader.meta.kernel,
      observe: (e, verdict) => {
        if (verdict.type === 'diverge') {
          if (exact.has(e.seq)) found ??= 'exact';
          else if (places.has(e.seq) || e.seq === seq) found ??= 'later';
        }
        const before = verdicts[mutation.type === 'deleted' && e.seq >= seq ? e.seq + 1 : e.seq];
        if (verdict.type === 'unknown' && places.has(e.seq) && before !== 'unknown') doubted = true;
      },
    },
    from,
  );
  const until = Math.max(...near, seq) + 2;
  replayer.feed(mutatedBatch(events, from.seq, until, mutation));
  return found ?? (doubted ? 'unknown' : 'silent');
}

/** Of an event that is gone, what takes its place; of others, they themselves. */
function exactPlaces(mutation: Mutation, near: ReadonlySet<number>): ReadonlySet<number> {
  const { seq } = mutation;
  if (mutation.type === 'swapped') return new Set([seq, mutation.with]);
  if (mutation.type === 'doubled') return new Set([seq, seq + 1]);
  const next = [...near][1];
  return new Set(mutation.type === 'deleted' && next !== undefined ? [next - 1] : [seq]);
}

/** All that can be done to an event. */
function mutationsOf(
  events: Events,
  { seq, first }: Judged,
  { alternatives, verdicts }: Survey,
  random: (below: number) => number,
): Mutation[] {
  const { batch, row } = events.at(seq);
  const cursor = new EventCursor();
  cursor.open(batch);
  cursor.moveTo(row);
  const mutations: Mutation[] = [{ seq, type: 'doubled' }];
  const later = [...directlyAfter(events, seq, verdicts)].filter(
    (s) => s > seq && events.tid(s) === events.tid(seq),
  );
  // Nothing shows yet that the first of a kind is recorded, nor that a thread's last is missing.
  if (!first && later.length > 0) mutations.push({ seq, type: 'deleted' });
  const other = later.find((s) => events.span(s) !== seq);
  if (!first && other !== undefined) mutations.push({ seq, type: 'swapped', with: other });
  for (const field of FIELDS) {
    const to = otherCell(cursor, batch, field, alternatives, random);
    if (to !== null) mutations.push({ seq, type: 'changed', field, to });
  }
  return mutations;
}

/**
 * Mutants of a recording: every kind of judged event, and of each every field.
 * @param most events of each kind that are mutated
 */
export function tryMutants(
  capture: string,
  reader: TraceReader,
  most: number,
  seed: number,
): Tried[] {
  const events = new Events([...reader.read()]);
  const surveyed = survey(reader, events);
  const random = randomNumbers(seed);
  const byWhat = new Map<string, Judged[]>();
  for (const one of surveyed.judged) {
    const all = byWhat.get(one.what);
    if (all === undefined) byWhat.set(one.what, [one]);
    else all.push(one);
  }
  const tried: Tried[] = [];
  for (const [what, all] of byWhat) {
    for (let left = Math.min(most, all.length); left > 0; left--) {
      const [one] = all.splice(random(all.length), 1);
      const { seq } = one;
      for (const mutation of mutationsOf(events, one, surveyed, random)) {
        const how = mutation.type === 'changed' ? mutation.field : mutation.type;
        const outcome = outcomeOf(reader, events, surveyed, mutation);
        tried.push({ capture, seq, what, how, outcome, mutation });
      }
    }
  }
  return tried;
}
