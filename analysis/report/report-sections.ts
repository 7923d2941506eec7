/** The sections of a report: a sentence, a figure, a table, and the SQL of the table. */

import {
  driverColors,
  type Edge,
  edgeWords,
  isEventful,
  type Lane,
  type Span,
} from '../lanes/index.js';
import type { Race, RaceSide } from '../races/index.js';
import { counted, duration, visible } from '../shown-text.js';
import {
  BUCKETS_PER_DECADE,
  type CountRow,
  countFigure,
  type HeatRow,
  heatFigure,
  type LatencyRow,
  latencyFigure,
  type ValueRow,
  valueFigure,
} from './chart-figures.js';
import { laneFigure } from './lane-figure.js';
import { seconds, shownLanes } from './lane-shapes.js';
import type { Row, TraceReport } from './report-data.js';

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

export interface Section {
  /** Unique within the sections of a trace. */
  readonly id: string;
  readonly title: string;
  readonly words: string;
  /** SVG, which is drawn from the rows of the table or what they sum up. */
  readonly figure: string | null;
  readonly table: Table | null;
  readonly sql: string | null;
}

/** Devices whose lanes are drawn. */
const LANES_MAX = 40;
/** Bindings that are listed; all are drawn. */
const BINDINGS_MAX = 200;
/** Races that have a figure, those with the shortest window first. */
const INCIDENTS_MAX = 12;

/** Every section that has something to show. */
export function sectionsOf(report: TraceReport): Section[] {
  return [
    lanesSection(report),
    ...incidentSections(report),
    blockedSection(report),
    latencySection(report),
    failedSection(report),
    faultsSection(report),
    registersSection(report),
    pinnedSection(report),
    lossesSection(report),
  ].flatMap((section) => section ?? []);
}

const tableOf = (rows: readonly Row[]): Table | null =>
  rows.length === 0
    ? null
    : { columns: Object.keys(rows[0]), rows: rows.map((row) => Object.values(row)) };

function lanesSection({ lanes }: TraceReport): Section | null {
  const eventful = lanes.devices.filter(isEventful);
  if (eventful.length === 0) return null;
  const shown = shownLanes(eventful, LANES_MAX);
  const bars = shown.flatMap(({ device, bars: all }) => all.map((bar) => ({ device, ...bar })));
  const label = `The driver of ${counted(shown.length, 'device')} over time, by lanes`;
  const more = eventful.length - shown.length + Math.max(0, bars.length - BINDINGS_MAX);
  return {
    id: 'lanes',
    title: 'Who had which device',
    words:
      `${counted(bars.length, 'binding')} on ${counted(shown.length, 'device')}.` +
      `${more > 0 ? ' Not all are in the table; the SQL lists them.' : ''}`,
    figure: laneFigure({
      label,
      lanes: shown,
      losses: lanes.losses,
      span: { from: 0, to: Math.max(1, lanes.end) },
      colors: driverColors(lanes.devices),
    }),
    table: {
      columns: ['device', 'driver', 'from', 'to'],
      rows: bars
        .slice(0, BINDINGS_MAX)
        .map(({ device, driver, from, to }) => [
          device,
          driver,
          text('from', from),
          text('to', to),
        ]),
    },
    sql: 'FROM bindings',
  };
}

const text = (word: 'from' | 'to', edge: Edge | null): string =>
  edgeWords(word, edge).replace(/^\w+ /, '');

function incidentSections({ lanes }: TraceReport): Section[] {
  const { races } = lanes.races;
  const closest = races.toSorted((a, b) => Number(a.windowNs - b.windowNs));
  return closest.slice(0, INCIDENTS_MAX).map((race, i) => {
    const lane = lanes.devices.find(({ device }) => device === race.device) as Lane;
    const left = races.length - INCIDENTS_MAX;
    const more = i === INCIDENTS_MAX - 1 && left > 0 ? ` ${left} more: \`vfr races\`.` : '';
    return {
      id: `race-${i + 1}`,
      title: `Race ${race.class} on ${race.device}, ${duration(Number(race.windowNs))} apart`,
      words: `It happened: ${race.outcome}. Avoid it: ${race.advice}${more}`,
      figure: laneFigure({
        label: `The lane of ${race.device} around a race ${race.class}`,
        lanes: [lane],
        losses: lanes.losses,
        span: windowOf(race, lanes.zero),
        colors: driverColors(lanes.devices),
      }),
      table: {
        columns: ['side', 'seq', 'time', 'task', 'what'],
        rows: [
          sideRow('first', race.first, lanes.zero),
          sideRow('second', race.second, lanes.zero),
        ],
      },
      sql: `FROM events WHERE seq BETWEEN ${race.first.seq} AND ${race.second.seq}`,
    };
  });
}

const sideRow = (name: string, { seq, ts, actor, what }: RaceSide, zero: bigint) => [
  name,
  seq,
  `${seconds(Number(ts - zero)).toFixed(6)} s`,
  `${actor.task}-${actor.tid}`,
  what,
];

/** The time of both sides, with as much around them as lies between, 20 ms at least. */
function windowOf({ first, second }: Race, zero: bigint): Span {
  const times = [first, second].map(({ ts }) => Number(ts - zero));
  const around = Math.max(2e7, Math.abs(times[1] - times[0]) * 0.75);
  return { from: Math.min(...times) - around, to: Math.max(...times) + around };
}

function blockedSection({ answers, findings }: TraceReport): Section | null {
  const { rows, sql } = answers.blocked;
  if (rows.length === 0) return null;
  return {
    id: 'blocked',
    title: 'Calls that did not return',
    words:
      `${counted(findings.blocked, 'call')} had no end when the recording ended, ` +
      'or the end was lost.',
    figure: null,
    table: tableOf(rows.map(({ since, ...row }) => ({ ...row, since: duration(Number(since)) }))),
    sql,
  };
}

function latencySection({ answers }: TraceReport): Section | null {
  const { rows, sql } = answers.latency;
  if (rows.length === 0) return null;
  const names = rows.map(({ name }) => String(name));
  const buckets = answers.latencyBuckets.rows
    .filter(({ name }) => names.includes(String(name)))
    .map((row): LatencyRow => {
      return {
        name: visible(String(row.name)),
        bucket: Number(row.bucket),
        calls: Number(row.calls),
      };
    });
  const ordered = names.flatMap((name) => buckets.filter((row) => row.name === visible(name)));
  const time = (value: unknown) => (value === null ? '' : duration(Number(value)));
  return {
    id: 'latency',
    title: 'Latency of ioctls',
    words:
      `How long calls took, by ioctl; a cell is a ${BUCKETS_PER_DECADE}th of a decade, ` +
      'stronger where more calls took that long.',
    figure: ordered.length === 0 ? null : latencyFigure('Latencies of ioctls, by ioctl', ordered),
    table: {
      columns: ['name', 'calls', 'errors', 'unfinished', 'p50', 'p95', 'p99', 'max'],
      rows: rows.map((r) => [
        ...[r.name, r.calls, r.errors, r.unfinished],
        ...[r.p50, r.p95, r.p99, r.max].map(time),
      ]),
    },
    sql,
  };
}

/** The rows of a figure of counts; equal names are made different. */
function countRows(rows: readonly Row[], name: (row: Row) => string, count: string): CountRow[] {
  const sums = new Map<string, number>();
  for (const row of rows) {
    const key = visible(name(row));
    sums.set(key, (sums.get(key) ?? 0) + Number(row[count]));
  }
  return [...sums].map(([key, sum]) => ({ name: key, count: sum }));
}

function failedSection({ answers, findings }: TraceReport): Section | null {
  const { rows, sql } = answers.failed;
  if (rows.length === 0) return null;
  return {
    id: 'failed',
    title: 'Calls that failed',
    words: `${counted(findings.failed, 'write or ioctl', 'writes and ioctls')} returned an error.`,
    figure: countFigure(
      'Failed calls, by call and error',
      countRows(rows, ({ call, error }) => `${call} ${error}`, 'times'),
    ),
    table: tableOf(rows),
    sql,
  };
}

function faultsSection({ answers, findings }: TraceReport): Section | null {
  const { rows, sql } = answers.faults;
  if (rows.length === 0) return null;
  return {
    id: 'faults',
    title: 'Faults by cause',
    words: `${counted(findings.faults, 'fault')}, ${findings.refused} of them refused.`,
    figure: countFigure(
      'Faults, by kind and cause',
      countRows(rows, ({ kind, cause }) => `${kind}: ${cause}`, 'faults'),
    ),
    table: tableOf(rows),
    sql,
  };
}

function registersSection({ answers, lanes }: TraceReport): Section | null {
  const { rows, sql } = answers.registers;
  if (rows.length === 0) return null;
  const offsets = new Map(rows.map((row) => [row.register, Number(row.first_offset)]));
  const cells = answers.heat.rows.flatMap(({ register, from, to, accesses }): HeatRow[] => {
    const offset = offsets.get(register);
    if (offset === undefined) return [];
    const number = Number(accesses);
    return [
      { register: String(register), offset, from: Number(from), to: Number(to), accesses: number },
    ];
  });
  return {
    id: 'registers',
    title: 'Configuration space',
    words: `Accesses to the ${counted(rows.length, 'register')} accessed most, over time.`,
    figure: heatFigure('Accesses to registers over time', cells, seconds(lanes.end)),
    table: tableOf(rows),
    sql,
  };
}

function pinnedSection({ answers, lanes }: TraceReport): Section | null {
  const { rows } = answers.pinned;
  if (rows.length === 0) return null;
  // What was mapped before the recording began is not known: the lowest sum counts as nothing.
  const low = Math.min(0, ...rows.map(({ last }) => Number(last)));
  const values = rows.map(({ at, last }): ValueRow => {
    return { at: Number(at), value: Number(last) - low };
  });
  const most = Math.max(...rows.map((row) => Number(row.most))) - low;
  return {
    id: 'dma',
    title: 'Memory mapped for DMA',
    words:
      `At most ${most} bytes were mapped at once, ` +
      'beyond what was mapped before the recording.',
    figure: valueFigure('Bytes mapped for DMA over time', 'bytes', values, seconds(lanes.end)),
    table: tableOf(
      answers.mappings.rows.map(({ median_lifetime: life, ...row }) => ({
        ...row,
        median_lifetime: life === null ? '' : duration(Number(life)),
      })),
    ),
    sql: answers.mappings.sql,
  };
}

function lossesSection({ lanes }: TraceReport): Section | null {
  const { losses } = lanes;
  if (losses.length === 0) return null;
  return {
    id: 'losses',
    title: 'Losses',
    words: `${counted(losses.length, 'loss', 'losses')}; the lanes show them as bands.`,
    figure: null,
    table: {
      columns: ['seq', 'from', 'to', 'events', 'source', 'cpu', 'text'],
      rows: losses
        .slice(0, BINDINGS_MAX)
        .map((loss) => [
          ...[loss.seq, duration(loss.from), duration(loss.to), loss.events ?? 'unknown'],
          ...[loss.source, loss.cpu, loss.text],
        ]),
    },
    sql: "FROM events WHERE kind = 'lost'",
  };
}
