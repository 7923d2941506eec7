/**
 * A recording as a run of the kernel: the machine, what each thread did, and the order of all
 * steps. Drivers answer as they did in the recording, whatever comes first, so that other orders
 * can be run.
 */
import type { Batch, Nanos, Seq } from '../../traces/index.js';
import {
  type Answer,
  boot,
  defaultHardware,
  oneAfterTheOther,
  type RunSpec,
  World,
} from '../kernel/index.js';
import { vfAddressOf } from '../model/binding/vf-address.js';
import type { Actors } from './actors.js';
import { enacted, releaseOf } from './enact.js';
import { follow } from './follow.js';
import type { ProbeAnswer } from './noted-drivers.js';
import { type RecordedEvent, RecordingReader } from './recording.js';

/** An operation, and where it is in the recording. */
export interface PlacedOperation {
  /** Its first and last event. */
  readonly from: Seq;
  readonly to: Seq;
  readonly began: Nanos;
  /** The result of the call; null if the recording does not show it. */
  readonly ret: number | null;
}

export interface RunThread {
  /** Name in the specification of the run. */
  readonly name: string;
  readonly task: string;
  readonly tid: number;
  readonly operations: readonly PlacedOperation[];
}

export interface RecordedRun {
  readonly spec: RunSpec;
  /** Actors of the run, by their number. */
  readonly threads: readonly RunThread[];
  /** The thread of each step in the recorded order. */
  readonly schedule: readonly number[];
}

/** Recordings with more than this are not run. */
export interface RunLimits {
  /** Events that operations make. */
  readonly events: number;
  readonly operations: number;
  /** Steps that are tried to find the recorded order, after the furthest event. */
  readonly steps: number;
}

/** There is no run: the recording is longer than the limits, or does not come out as recorded. */
export type NoRun = 'tooLong' | 'different';

/** Reads a recording as a run, batch by batch. */
export class RunReader {
  readonly #recording = new RecordingReader();

  constructor(private readonly limits: RunLimits) {}

  add(batch: Batch): void {
    if (!this.#isTooLong) this.#recording.read(batch);
  }

  get #isTooLong(): boolean {
    return this.#recording.events.length > this.limits.events;
  }

  /** @param kernel release of the recorded kernel; `unknown`: what its functions show */
  run(kernel: string): RecordedRun | NoRun {
    const { operations, steps } = this.limits;
    if (this.#isTooLong) return 'tooLong';
    const options = { operationsMax: operations, follow: { ...RECORDED, stepsMax: steps } };
    const found = enacted(this.#recording, releaseOf(this.#recording, kernel), options);
    if (found === null) return 'tooLong';
    const { events, spec, known, actors, followed } = found;
    if (followed.stuck !== null) return 'different';
    const threads = threadsOf(events, actors);
    const answered = withResets(withAnswers(named(spec, threads), followed.probes), events);
    for (const one of [withoutClaims(answered), answered]) {
      const { stuck, schedule } = follow(one, known, actors, { ...SPECIFIED, stepsMax: steps });
      if (stuck === null) return { spec: one, threads, schedule: toTheEnd(one, schedule) };
    }
    return 'different';
  }
}

const RECORDED = { answers: 'recorded' } as const;
const SPECIFIED = { answers: 'specified' } as const;

function threadsOf(events: readonly RecordedEvent[], { begins, owners }: Actors): RunThread[] {
  const ownEvents = begins.map((): number[] => []);
  for (const [i, owner] of owners.entries()) if (owner >= 0) ownEvents[owner].push(i);
  const names = new Set<string>();
  return begins.map((list, actor) => {
    const { task, tid } = events[list[0]];
    const name = names.has(task) ? `${task}-${tid}` : task;
    names.add(name);
    const operations = list.map((at, i): PlacedOperation => {
      const next = list[i + 1] ?? events.length;
      const last = events[ownEvents[actor].findLast((own) => own < next) ?? at];
      const { seq: to, ret } = last;
      // An exit that closes nothing has no event of its own.
      const first = events[at] ?? last;
      const { seq: from, ts: began } = first;
      return { from, to, began, ret: last.phase === 'begin' ? null : ret };
    });
    return { name, task, tid, operations };
  });
}

const named = (spec: RunSpec, threads: readonly RunThread[]): RunSpec => ({
  ...spec,
  actors: spec.actors.map((actor, i) => ({ ...actor, name: threads[i].name })),
});

/** Resets that always failed fail in every order. */
function withResets(spec: RunSpec, events: readonly RecordedEvent[]): RunSpec {
  const resultsOf = (address: string) =>
    events.flatMap(({ kind, phase, device, ret }) =>
      kind === 'reset' && phase === 'end' && device === address && ret !== null ? [ret] : [],
    );
  const functions = spec.machine.functions.map((one) => {
    const [first = 0, ...others] = resultsOf(one.address);
    const fails = first < 0 && others.every((ret) => ret === first);
    if (!fails) return one;
    return { ...one, hardware: { ...(one.hardware ?? defaultHardware), reset: first } };
  });
  return { ...spec, machine: { ...spec.machine, functions } };
}

/** Whether a device can be bound to an iommufd depends on the order, and not on its hardware. */
const withoutClaims = (spec: RunSpec): RunSpec => ({
  ...spec,
  actors: spec.actors.map((actor) => ({
    ...actor,
    operations: actor.operations.map((operation) => {
      const { action } = operation;
      if (action.type !== 'ioctl' || action.name !== 'VFIO_DEVICE_BIND_IOMMUFD') return operation;
      const { answer: _, ...open } = action;
      return { ...operation, action: open };
    }),
  })),
});

/** Steps without events that a recording does not show come at its end. */
function toTheEnd(spec: RunSpec, schedule: readonly number[]): number[] {
  const k = boot(new World(spec));
  for (const thread of schedule) k.step(thread);
  const rest: number[] = [];
  for (let thread = oneAfterTheOther(k); thread >= 0; thread = oneAfterTheOther(k)) {
    k.step(thread);
    k.cells.forgetUndo();
    rest.push(thread);
  }
  return [...schedule, ...rest];
}

/** Drivers answer to each function as they did; to others as they mostly did. */
function withAnswers(spec: RunSpec, probes: readonly ProbeAnswer[]): RunSpec {
  const { machine } = spec;
  const vfs = vfsOf(spec);
  const drivers = machine.drivers.map((driver) => {
    const own = probes.filter((probe) => probe.driver === driver.name);
    const kinds = (['pf', 'vf'] as const).flatMap((kind): Answer[] => {
      const of = own.filter(({ device }) => vfs.has(device) === (kind === 'vf'));
      return of.length === 0 ? [] : [{ to: kind, results: [mostOf(of.map(({ ret }) => ret))] }];
    });
    const devices = [...new Set(own.map(({ device }) => device))];
    const each = devices.map((device): Answer => {
      const results = own.filter((probe) => probe.device === device).map(({ ret }) => ret);
      return { to: device, results };
    });
    return { ...driver, answers: [...each, ...kinds] };
  });
  return { ...spec, machine: { ...machine, drivers } };
}

function vfsOf({ machine }: RunSpec): ReadonlySet<string> {
  const vfs = new Set<string>();
  for (const { address, sriov } of machine.functions) {
    if (sriov === null) continue;
    const { totalVfs, offset, stride } = sriov;
    for (let i = 0; i < totalVfs; i++) vfs.add(vfAddressOf(address, offset, stride, i));
  }
  return vfs;
}

/** The most frequent number. */
function mostOf(numbers: readonly number[]): number {
  const count = (one: number) => numbers.filter((other) => other === one).length;
  return numbers.reduce((a, b) => (count(b) > count(a) ? b : a));
}
