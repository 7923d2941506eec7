/** One event as text: its line in the list, its details. */
import { type ColumnName, type Family, kindFacts } from '../../traces/index.js';
import { formatDuration } from '../format-duration.js';
import { cells, cellsRight, type Paint, singleCells, type Tone } from './cell-text.js';
import type { EventRef, EventStore } from './event-store.js';

/** A cell of an event; undefined for null. */
export function textOf({ batch, row }: EventRef, column: ColumnName): string | undefined {
  if (batch.isNull(column)) return undefined;
  const view = batch.column(column);
  if (!view.has(row)) return undefined;
  if ('big' in view) return String(view.big(row));
  if ('values' in view) return String(view.at(row));
  if ('ids' in view) return view.at(row) ?? undefined;
  return column === 'text' ? view.text(row)! : view.at(row)!.toString('hex');
}

const hex = (text: string) => `0x${BigInt(text).toString(16)}`;

/** The end of a list line: what is special about the event. */
function summaryOf(ref: EventRef): string {
  const of = (column: ColumnName) => textOf(ref, column);
  const [name, offset, value, text, ret] = [
    of('name'),
    of('offset'),
    of('value'),
    of('text'),
    of('ret'),
  ];
  const first = kindFacts(of('kind') ?? '')?.named === true;
  const parts = [
    first ? name : undefined,
    of('driver'),
    offset === undefined ? undefined : `@${hex(offset)}`,
    value === undefined ? undefined : hex(value),
    text?.trimEnd(),
    ret === undefined ? undefined : `-> ${ret}`,
    first ? undefined : name,
  ];
  return parts.filter((part) => part !== undefined).join(' ');
}

const TONES: Readonly<Record<Family, Tone>> = {
  fault: 'red',
  signal: 'red',
  loss: 'red',
  sysfs: 'yellow',
  sriov: 'yellow',
  driver: 'green',
  binding: 'green',
  device: 'cyan',
  config: 'dim',
  snapshot: 'dim',
  text: 'dim',
  region: 'plain',
  vfio: 'plain',
  dma: 'plain',
  iommu: 'plain',
  irq: 'plain',
  reset: 'plain',
  process: 'plain',
};

/** The colour of a kind's family; kinds of a newer version are plain. */
function toneOf(kind: string): Tone {
  const facts = kindFacts(kind);
  return facts === undefined ? 'plain' : TONES[facts.family];
}

/** Begin and end are brackets, so that nesting is visible at a glance. */
const PHASE_MARKS: Record<string, string> = { begin: '┌', end: '└', point: '·' };

/** A column of width 0 is omitted; the details have all of them. */
const TINY = { seq: 8, time: 0, decimals: 0, who: 0, kind: 12, device: 7 };
const NARROW = { seq: 8, time: 10, decimals: 6, who: 14, kind: 12, device: 7 };
const WIDE = { seq: 9, time: 15, decimals: 9, who: 23, kind: 14, device: 12 };

const layoutFor = (width: number) => (width < 60 ? TINY : width < 110 ? NARROW : WIDE);

export function headingLine(width: number): string {
  const layout = layoutFor(width);
  const headings = [
    cellsRight('seq', layout.seq),
    cellsRight('seconds', layout.time),
    cells('task-tid', layout.who),
    cells('  kind', layout.kind + 2),
    cells('device', layout.device),
    'what',
  ];
  return cells(joined(headings), width);
}

const joined = (columns: readonly string[]) => columns.filter((text) => text !== '').join(' ');

/** @param start time that the seconds count from */
export function eventLine(ref: EventRef, start: bigint, width: number, paint: Paint): string {
  const layout = layoutFor(width);
  const of = (column: ColumnName) => textOf(ref, column);
  const kind = of('kind') ?? '';
  const device = of('device') ?? '';
  const seconds = formatSeconds(ref.batch.column('ts').big(ref.row) - start, layout.decimals);
  const before = joined([
    cellsRight(String(ref.seq), layout.seq),
    cellsRight(seconds, layout.time),
    whoText(of('task') ?? '', of('tid') ?? '', layout.who),
    PHASE_MARKS[of('phase') ?? 'point'],
  ]);
  const after = [
    cells(layout !== WIDE ? device.replace(/^0000:/, '') : device, layout.device),
    summaryOf(ref),
  ].join(' ');
  const room = width - before.length - layout.kind - 2;
  if (room < 0) return cells(`${before} ${kind}`, width);
  const rest = cells(after, room);
  return `${before} ${paint(toneOf(kind), cells(kind, layout.kind))} ${rest}`;
}

/** The thread id is never cut, since it distinguishes actors. */
function whoText(task: string, tid: string, width: number): string {
  if (width === 0) return '';
  if (tid === '') return cells(task, width);
  const most = Math.max(1, width - tid.length - 1);
  const name = singleCells(task);
  return cells(`${name.length > most ? cells(name, most) : name}-${tid}`, width);
}

function formatSeconds(nanoseconds: bigint, decimals: number): string {
  const sign = nanoseconds < 0n ? '-' : '';
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const fraction = String(size % 1_000_000_000n).padStart(9, '0');
  return `${sign}${size / 1_000_000_000n}.${fraction.slice(0, decimals)}`;
}

const DETAILS: readonly ColumnName[] = [
  'kind',
  'phase',
  'name',
  'device',
  'driver',
  'path',
  'task',
  'tid',
  'pid',
  'cpu',
  'ts',
  'source',
  'region',
  'offset',
  'length',
  'value',
  'ret',
  'span',
];
const IN_HEX = new Set<ColumnName>(['offset', 'length', 'value']);

/** Every non-null column as `name value`; the long ones come last. */
export function detailsOf(ref: EventRef, store: EventStore): string[] {
  const facts: string[] = [];
  for (const column of DETAILS) {
    const text = textOf(ref, column);
    if (text === undefined) continue;
    const also = IN_HEX.has(column) && BigInt(text) > 9n ? ` (${hex(text)})` : '';
    facts.push(`${column} ${text}${also}`);
  }
  const duration = durationOf(ref, store);
  if (duration !== null) facts.push(`took ${formatDuration(duration)}`);
  for (const column of ['text', 'data'] as const) {
    const text = textOf(ref, column);
    if (text !== undefined) facts.push(`${column} ${text}`);
  }
  return facts;
}

function durationOf(ref: EventRef, store: EventStore): bigint | null {
  const span = ref.batch.column('span');
  if (!span.has(ref.row)) return null;
  const begin = store.at(span.number(ref.row));
  if (begin === null) return null;
  return ref.batch.column('ts').big(ref.row) - begin.batch.column('ts').big(begin.row);
}
