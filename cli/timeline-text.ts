/** Draws lanes with block characters: what `vfr timeline` prints. */
import {
  type Cell,
  cellsOf,
  columnOf,
  type DriverStretch,
  type Edge,
  type Lane,
  type Lanes,
  type MarkKind,
  type Span,
} from '../analysis/index.js';
import { formatDuration } from './format-duration.js';
import { paint, type Style } from './output.js';
import { plural } from './plural.js';
import { printable } from './printable.js';

/** A driver is known by its fill where there is no colour. */
const FILLS = ['█', '▓', '▒', '░'] as const;
const OTHER_FILL = '▞';
const COLORS: readonly Style[] = ['cyan', 'red', 'green', 'yellow'];
const SEVERAL = '┃';
const NO_DRIVER = '─';
const HELD = '▔';
const LOST = '!';
const MARKS: Readonly<Record<MarkKind, string>> = {
  race: 'R',
  'failed probe': 'x',
  reset: 'r',
  override: 'o',
};
const MARK_ORDER = Object.keys(MARKS) as MarkKind[];

interface Look {
  readonly fill: string;
  readonly style: Style;
}

export interface TimelineOptions {
  /** Columns of the terminal. */
  readonly width: number;
  /** Whether to list each binding under its lane. */
  readonly details: boolean;
}

/** The lanes as text, with an axis and a legend. */
export function formatTimeline(lanes: Lanes, shown: readonly Lane[], options: TimelineOptions) {
  const names = shown.map(({ device }) => printable(device));
  const gutter = Math.max(...names.map(({ length }) => length), 'losses'.length) + 2;
  const width = Math.max(WIDTH_MIN, options.width - gutter - 1);
  const span: Span = { from: 0, to: Math.max(1, lanes.end) };
  const looks = looksOf(shown);
  const used = new Set<string>();
  const row = (name: string, cells: string) => `${name.padEnd(gutter)}${cells}`.trimEnd();
  const lines = shown.flatMap((lane, i) => {
    const cells = cellsOf(lane, span, width);
    const signs = markLine(cells);
    for (const sign of signs) used.add(sign);
    for (const cell of cells) used.add(signOf(cell));
    return [
      `${paint('bold', names[i].padEnd(gutter))}${barLine(cells, looks)}`,
      ...(signs.trim() === '' ? [] : [row('', signs)]),
      ...(options.details ? detailsOf(lane) : []),
    ];
  });
  const losses = lossLine(lanes, span, width);
  if (losses !== null) lines.push(row('losses', losses));
  if (losses !== null) used.add(LOST);
  const meanings = legend(looks, used);
  return [row('', axis(span, width)), ...lines, '', ...folded(meanings, options.width)].join('\n');
}

const WIDTH_MIN = 20;

/** The drivers in the order in which they had most bindings, each with its look. */
function looksOf(lanes: readonly Lane[]): ReadonlyMap<string, Look> {
  const counts = new Map<string, number>();
  for (const { driver } of lanes.flatMap(({ bars }) => bars))
    counts.set(driver, (counts.get(driver) ?? 0) + 1);
  const drivers = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return new Map(
    drivers.map(([driver], i) => [
      driver,
      { fill: FILLS[i] ?? OTHER_FILL, style: COLORS[i % COLORS.length] },
    ]),
  );
}

/** Runs of one driver, each with the driver's name in it where it fits. */
function barLine(cells: readonly Cell[], looks: ReadonlyMap<string, Look>): string {
  let line = '';
  for (let i = 0; i < cells.length; ) {
    let end = i + 1;
    while (end < cells.length && keyOf(cells[end]) === keyOf(cells[i])) end++;
    line += runOf(cells[i], end - i, looks);
    i = end;
  }
  return line.trimEnd();
}

const keyOf = (cell: Cell): string => signOf(cell) || `${cell.driver}`;

/** The sign of a column that no single driver had; empty for one that a driver had. */
function signOf({ exists, driver, drivers }: Cell): string {
  if (!exists) return ' ';
  if (drivers > 1) return SEVERAL;
  return driver === null ? NO_DRIVER : '';
}

function runOf(cell: Cell, size: number, looks: ReadonlyMap<string, Look>): string {
  const sign = signOf(cell);
  if (sign !== '') return sign.repeat(size);
  const { fill, style } = looks.get(cell.driver!)!;
  const name = printable(cell.driver!);
  const left = size - name.length - NAME_MARGIN;
  const text = left < 0 ? fill.repeat(size) : `${fill} ${name} ${fill.repeat(left + 1)}`;
  return paint(style, text);
}

/** A character of fill and a blank on either side of a name. */
const NAME_MARGIN = 4;

/** The most important mark of each column, over the time that a VFIO user held the device. */
function markLine(cells: readonly Cell[]): string {
  return cells
    .map(({ held, marks }) => {
      const kind = MARK_ORDER.find((name) => marks.some((mark) => mark.kind === name));
      if (kind !== undefined) return MARKS[kind];
      return held ? HELD : ' ';
    })
    .join('');
}

function lossLine({ losses }: Lanes, span: Span, width: number): string | null {
  if (losses.length === 0) return null;
  const columns = Array.from({ length: width }, () => ' ');
  for (const { from, to } of losses)
    columns.fill(LOST, columnOf(from, span, width), columnOf(to, span, width) + 1);
  return columns.join('').trimEnd();
}

/** Columns from one time of the axis to the next. */
const TICK_COLUMNS = 16;

/** Times over the columns at which they are; the last one is at the end. */
function axis({ to }: Span, width: number): string {
  const ticks = Math.max(1, Math.floor(width / TICK_COLUMNS));
  let line = '';
  for (let i = 0; i < ticks; i++) {
    const at = Math.floor((i * width) / ticks);
    line = `${line.padEnd(at)}│${formatDuration(BigInt(Math.round((to * at) / width)))}`;
  }
  const end = `${formatDuration(BigInt(Math.round(to)))}│`;
  return line.length + end.length < width ? `${line.padEnd(width - end.length)}${end}` : line;
}

interface Meaning {
  readonly text: string;
  /** Columns of the text without its colours. */
  readonly width: number;
}

/** The signs that were used, and what they mean. */
function legend(looks: ReadonlyMap<string, Look>, used: ReadonlySet<string>): Meaning[] {
  const drivers = [...looks].map(([driver, { fill, style }]) => {
    const name = printable(driver);
    return { text: `${paint(style, fill)} ${name}`, width: name.length + 2 };
  });
  const signs: readonly [string, string][] = [
    [NO_DRIVER, 'no driver'],
    [SEVERAL, 'several drivers'],
    [HELD, 'open through VFIO'],
    ...MARK_ORDER.map((kind): [string, string] => [MARKS[kind], kind]),
    [LOST, 'events lost'],
  ];
  const shown = signs.filter(([sign]) => used.has(sign)).map((sign) => sign.join(' '));
  return [...drivers, ...shown.map((text) => ({ text, width: text.length }))];
}

/** Meanings in lines that are not wider than the terminal. */
function folded(meanings: readonly Meaning[], width: number): string[] {
  const lines: string[] = [];
  let used = width;
  for (const { text, width: size } of meanings) {
    const fits = used + GAP.length + size < width;
    if (fits) lines.push(`${lines.pop()}${GAP}${text}`);
    else lines.push(text);
    used = (fits ? used + GAP.length : 0) + size;
  }
  return lines;
}

const GAP = '   ';

/** The most lines about a device. */
const DETAILS_MAX = 60;

function detailsOf({ bars, holds, marks }: Lane): string[] {
  const lines = [
    ...bars.map((bar) => ({ at: bar.from?.at ?? -1, text: bindingText(bar) })),
    ...holds.map(({ from, to }) => ({
      at: from?.at ?? -1,
      text: `open through VFIO by ${actorOf(from)}, ${endText('closed', to)}`,
    })),
    ...marks.map((mark) => ({ at: mark.at, text: `${printable(mark.what)}, by ${actorOf(mark)}` })),
  ].sort((a, b) => a.at - b.at);
  const more = lines.length - DETAILS_MAX;
  const shown = lines.slice(0, DETAILS_MAX).map(({ at, text }) => `${timeText(at)}  ${text}`);
  return more > 0 ? [...shown, `  and ${plural(more, 'line')} more; --json has all`] : shown;
}

const bindingText = ({ driver, from, to }: DriverStretch): string => {
  const begin = from === null ? 'bound before' : `bound by ${actorOf(from)}${whyOf(from)}`;
  return `${paint('bold', driver)} ${begin}, ${endText('released', to)}`;
};

const endText = (verb: string, to: Edge | null): string =>
  to === null ? 'to the end' : `${verb} at ${seconds(to.at)} by ${actorOf(to)}${whyOf(to)}`;

const actorOf = (actor: Pick<Edge, 'task' | 'tid'> | null): string =>
  printable(`${actor?.task ?? '?'}-${actor?.tid ?? '?'}`);
const whyOf = ({ why }: Edge): string => (why === null ? '' : ` (${printable(why)})`);
const seconds = (at: number): string => (at / 1e9).toFixed(6);
const timeText = (at: number): string => (at < 0 ? 'before' : seconds(at)).padStart(12);
