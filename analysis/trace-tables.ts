/**
 * Tables of a session whose rows are not events: what a trace is, what it lost, what a replay and
 * the search for races found in it. Each is computed when a query first names it.
 */
import type { Divergence } from '../replay/index.js';
import type { ErrorCode } from '../traces/index.js';
import { aerAgentOf } from './aer-agent-of.js';
import { type Append, type ComputedTable, computedTable, type Value } from './computed-table.js';
import { configLayouts } from './config/config-layout.js';
import { DeviceTimeline, type Known } from './device-timeline.js';
import type { ScanFunction, SqlColumn, SqlType } from './duckdb.js';
import { eventsOfKind } from './events-of-kind.js';
import { gaps } from './lost-places.js';
import { races } from './races/index.js';
import type { NamedTrace } from './scan-source.js';
import { lostEvents, timeRange } from './trace-summary.js';

/** Why a trace cannot be used, or only in part. */
export interface TraceError {
  /** As the user named it. */
  readonly trace: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly next: string;
}

/** The table functions of a session, besides `events_of`. */
export function traceTables(
  traces: readonly NamedTrace[],
  errors: readonly TraceError[],
): readonly ScanFunction[] {
  const replays = new Map<NamedTrace, DeviceTimeline>();
  const replayOf = (trace: NamedTrace) => {
    const known = replays.get(trace) ?? replayed(trace);
    replays.set(trace, known);
    return known;
  };
  const tables: readonly PerTrace[] = [
    traceInfo,
    gapTable,
    layoutTable,
    agentTable,
    raceTable,
    { ...STATES, rows: (trace, append) => addStates(replayOf(trace), append) },
    { ...DIVERGENCES, rows: (trace, append) => addDivergences(replayOf(trace), append) },
  ];
  const perTrace = tables.map((table) => overTraces(table, traces));
  return [...perTrace, errorTable(errors)].map(computedTable);
}

const errorTable = (errors: readonly TraceError[]): ComputedTable => ({
  name: 'errors_of',
  columns: ['trace', 'code', 'message', 'next'].map((name) => ({ name, type: 'text' })),
  compute: (append) => {
    for (const { trace, code, message, next } of errors) append([trace, code, message, next]);
  },
});

/** A table whose rows come from one trace at a time; the column `trace` is added. */
interface PerTrace {
  readonly name: string;
  readonly columns: Readonly<Record<string, SqlType>>;
  readonly rows: (trace: NamedTrace, append: Append) => void;
}

function overTraces({ name, columns, rows }: PerTrace, traces: readonly NamedTrace[]) {
  const own = Object.entries(columns).map(([column, type]): SqlColumn => ({ name: column, type }));
  const table: ComputedTable = {
    name,
    columns: [{ name: 'trace', type: 'text' }, ...own],
    compute: (append) => {
      for (const trace of traces) rows(trace, (row) => append([trace.name, ...row]));
    },
  };
  return table;
}

function replayed({ reader }: NamedTrace): DeviceTimeline {
  const timeline = new DeviceTimeline(reader.meta);
  for (const batch of reader.read()) timeline.feed(batch);
  return timeline;
}

const traceInfo: PerTrace = {
  name: 'trace_info_of',
  columns: {
    events: 'u64',
    seq_end: 'u64',
    bytes: 'u64',
    clock: 'text',
    start_ts: 'u64',
    end_ts: 'u64',
    wall_offset: 'i64',
    kernel: 'text',
    writer: 'text',
    complete: 'bool',
    truncated: 'bool',
    damaged: 'u64',
    lost: 'u64',
    notes: 'text',
  },
  rows: ({ reader }, append) => {
    const { meta, source, completeness } = reader;
    const time = timeRange(reader);
    append([
      reader.events,
      reader.seqEnd,
      source.size,
      meta.clock,
      time?.start ?? null,
      time?.end ?? null,
      meta.wallOffsetNs ?? null,
      meta.kernel ?? null,
      meta.writer,
      completeness.complete,
      completeness.truncated,
      completeness.damaged,
      lostEvents(reader),
      JSON.stringify(meta.notes),
    ]);
  },
};

const gapTable: PerTrace = {
  name: 'gaps_of',
  columns: { seq: 'u64', events: 'u64', what: 'text' },
  rows: ({ reader }, append) => {
    for (const { seq, events } of gaps(reader)) append([seq, events, 'unreadable']);
    if (reader.completeness.truncated) {
      append([reader.seqEnd, null, 'truncated']);
    }
  },
};

const layoutTable: PerTrace = {
  name: 'config_layout_of',
  columns: { device: 'text', offset: 'u64', first: 'u64', register: 'text' },
  rows: ({ reader }, append) => {
    for (const { device, offset, first, register } of configLayouts(reader)) {
      append([device, offset, first, register]);
    }
  },
};

const agentTable: PerTrace = {
  name: 'aer_agents_of',
  columns: { seq: 'u64', agent: 'text' },
  rows: ({ reader }, append) => {
    for (const { batch, row } of eventsOfKind(reader, 'fault.aer')) {
      append([batch.seqFirst + row, aerAgentOf(batch, row, reader.meta.kernel)]);
    }
  },
};

const SIDE = ['seq', 'ts', 'tid', 'task', 'what'] as const;
const SIDE_TYPES = { seq: 'u64', ts: 'u64', tid: 'u32', task: 'text', what: 'text' } as const;
const sideColumns = (side: string) =>
  Object.fromEntries(SIDE.map((column) => [`${side}_${column}`, SIDE_TYPES[column]]));

const raceTable: PerTrace = {
  name: 'races_of',
  columns: {
    device: 'text',
    class: 'text',
    decided: 'bool',
    ...sideColumns('first'),
    ...sideColumns('second'),
    window_ns: 'i64',
    outcome: 'text',
    advice: 'text',
    reason: 'text',
  },
  rows: ({ reader }, append) => {
    const found = races(reader);
    const add = (pair: (typeof found.untold)[number] | (typeof found.races)[number]) => {
      const sides = [pair.first, pair.second].flatMap(({ seq, ts, actor, what }): Value[] => [
        seq,
        ts,
        actor.tid,
        actor.task,
        what,
      ]);
      const isRace = 'outcome' in pair;
      const ends = isRace ? [pair.outcome, pair.advice, null] : [null, null, pair.reason];
      append([pair.device, pair.class, isRace, ...sides, pair.windowNs, ...ends]);
    };
    for (const pair of [...found.races, ...found.untold]) add(pair);
  },
};

const STATES = {
  name: 'states_of',
  columns: {
    device: 'text',
    seq: 'u64',
    ts: 'u64',
    state: 'text',
    driver: 'text',
    driver_override: 'text',
    bound: 'bool',
    physfn: 'text',
    iommu_group: 'u32',
    num_vfs: 'u32',
    autoprobe: 'bool',
  },
} as const satisfies Omit<PerTrace, 'rows'>;

function addStates(timeline: DeviceTimeline, append: Append): void {
  for (const { device, seq, ts, state } of timeline.changes()) {
    append([device, seq, ts, ...stateValues(state)]);
  }
}

function stateValues(state: Known): Value[] {
  if (state === null || state === 'absent') {
    return [state ?? 'unknown', null, null, null, null, null, null, null];
  }
  const { driver, override, bound, physfn, group, numVfs, autoprobe } = state;
  return ['present', driver, override, bound, physfn, group, numVfs, autoprobe];
}

const DIVERGENCES = {
  name: 'divergences_of',
  columns: {
    seq: 'u64',
    kind: 'text',
    phase: 'text',
    name: 'text',
    device: 'text',
    path: 'text',
    expected: 'text',
    actual: 'text',
    cause: 'text',
    touched: 'text',
  },
} as const satisfies Omit<PerTrace, 'rows'>;

function addDivergences(timeline: DeviceTimeline, append: Append): void {
  for (const d of timeline.divergences()) append(divergenceValues(d));
}

const divergenceValues = (d: Divergence): Value[] => [
  d.seq,
  d.kind,
  d.phase,
  d.name,
  d.device,
  d.path,
  d.expected,
  d.actual,
  d.cause,
  d.touched.join(' '),
];
