/** Draws tables of numbers: histograms, a heat map, values over time, bars. */
import { draw, Plot } from './plot.js';

export interface LatencyRow {
  readonly name: string;
  /** The quarter of a decade of nanoseconds, from 0 at 1 ns. */
  readonly bucket: number;
  readonly calls: number;
}

/** Quarters of a decade. */
export const BUCKETS_PER_DECADE = 4;
const LATENCY_ROW = 26;
const decade = (bucket: number): number => 10 ** (bucket / BUCKETS_PER_DECADE);
/** Columns of pixels for a character of a name, and for the tick beside it. */
const CHARACTER = 6.5;
const TICK = 16;
/** Longer names are cut, so that the bars have room; the table under a figure has them whole. */
const NAME_MAX = 64;

const shortName = (name: string): string =>
  name.length <= NAME_MAX ? name : `${name.slice(0, NAME_MAX - 1)}…`;

const marginFor = (names: readonly string[]): number =>
  TICK + CHARACTER * Math.max(...names.map((name) => shortName(name).length), 0);

/** A row of cells for each ioctl, stronger where more of its calls took that long. */
export function latencyFigure(label: string, rows: readonly LatencyRow[]): string {
  const names = [...new Set(rows.map(({ name }) => name))];
  const most = new Map<string, number>();
  for (const { name, calls } of rows) most.set(name, Math.max(most.get(name) ?? 0, calls));
  return draw(
    {
      label,
      height: names.length * LATENCY_ROW + 60,
      marginLeft: marginFor(names),
      x: { type: 'log', label: 'latency', tickFormat: shortDuration, grid: true },
      y: { label: null, domain: names, tickFormat: shortName },
    },
    [
      Plot.barX(rows as LatencyRow[], {
        x1: ({ bucket }: LatencyRow) => decade(bucket),
        x2: ({ bucket }: LatencyRow) => decade(bucket + 1),
        y: 'name',
        fill: 'var(--vfio)',
        fillOpacity: ({ name, calls }: LatencyRow) => 0.2 + (0.8 * calls) / most.get(name)!,
        title: ({ name, bucket, calls }: LatencyRow) =>
          `${name}: ${calls} calls of ${shortDuration(decade(bucket))} to ` +
          `${shortDuration(decade(bucket + 1))}`,
      }),
    ],
  );
}

const STEPS = ['ns', 'µs', 'ms', 's'] as const;

function shortDuration(ns: number): string {
  const step = Math.max(0, Math.min(STEPS.length - 1, Math.floor(Math.log10(ns) / 3 + 1e-9)));
  return `${Number((ns / 1000 ** step).toPrecision(2))} ${STEPS[step]}`;
}

export interface HeatRow {
  readonly register: string;
  readonly offset: number;
  readonly from: number;
  readonly to: number;
  readonly accesses: number;
}

const HEAT_ROW = 15;

/** Offsets of configuration space over time. */
export function heatFigure(label: string, rows: readonly HeatRow[], end: number): string {
  const registers = [...new Map(rows.map((row) => [row.offset, row.register]))]
    .sort(([a], [b]) => a - b)
    .map(([, name]) => name);
  const most = Math.max(...rows.map(({ accesses }) => accesses));
  return draw(
    {
      label,
      height: registers.length * HEAT_ROW + 60,
      marginLeft: 130,
      x: { label: 'seconds', domain: [0, end] },
      y: { label: null, domain: registers, tickSize: 0 },
    },
    [
      Plot.barX(rows as HeatRow[], {
        x1: 'from',
        x2: 'to',
        y: 'register',
        inset: 0.5,
        fill: 'var(--native)',
        fillOpacity: ({ accesses }: HeatRow) =>
          0.15 + (0.85 * Math.log1p(accesses)) / Math.log1p(most),
        title: ({ register, accesses, from }: HeatRow) =>
          `${register}: ${accesses} accesses from ${from.toFixed(3)} s`,
      }),
    ],
  );
}

export interface ValueRow {
  readonly at: number;
  readonly value: number;
}

/** A value over time, which stays until it changes. */
export function valueFigure(label: string, unit: string, rows: readonly ValueRow[], end: number) {
  const last = rows.at(-1);
  const data = last === undefined ? [] : [...rows, { at: end, value: last.value }];
  return draw(
    {
      label,
      height: 200,
      marginLeft: 80,
      x: { label: 'seconds', domain: [0, end] },
      y: { label: unit, grid: true, zero: true, tickFormat: 's' },
    },
    [
      Plot.areaY(data, {
        x: 'at',
        y: 'value',
        fill: 'var(--vfio)',
        fillOpacity: 0.25,
        curve: 'step-after',
      }),
      Plot.lineY(data, { x: 'at', y: 'value', stroke: 'var(--vfio)', curve: 'step-after' }),
      Plot.ruleY([0]),
    ],
  );
}

export interface CountRow {
  readonly name: string;
  readonly count: number;
}

const BAR_ROW = 28;

/** A bar for each name. */
export function countFigure(label: string, rows: readonly CountRow[]): string {
  const names = rows.map(({ name }) => name);
  return draw(
    {
      label,
      height: rows.length * BAR_ROW + 50,
      marginLeft: marginFor(names),
      marginRight: 60,
      x: { label: 'count', grid: true, ticks: 5 },
      y: { label: null, domain: names, tickFormat: shortName },
    },
    [
      Plot.barX(rows as CountRow[], {
        x: 'count',
        y: 'name',
        fill: 'var(--bad)',
        fillOpacity: 0.75,
      }),
      Plot.text(rows as CountRow[], {
        x: 'count',
        y: 'name',
        text: 'count',
        dx: 4,
        textAnchor: 'start',
      }),
    ],
  );
}
