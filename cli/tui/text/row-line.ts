/** A row of the list: one call with its value, result and duration, or one event. */
import { errnoName } from '../../../replay/index.js';
import { type Family, kindFacts } from '../../../traces/index.js';
import { formatDuration } from '../../format-duration.js';
import type { CallIndex } from '../model/call-index.js';
import type { Clock, TimeBase } from '../model/clock.js';
import type { EventRef, EventStore } from '../model/event-store.js';
import type { RegisterAt } from '../model/overview.js';
import { cells, cellsRight, widthOf } from './cell-text.js';
import { isRefusedFault, summaryOf } from './event-summary.js';
import { bigOf, stringOf, textOf } from './event-values.js';
import type { Paint, Tone } from './theme.js';
import { timeText } from './time-text.js';

/** What the line of a row needs. */
export interface RowContext {
  readonly store: EventStore;
  readonly calls: CallIndex;
  readonly clock: Clock;
  readonly base: TimeBase;
  readonly registerAt: RegisterAt;
  readonly width: number;
  /** What is searched for, in lower case; empty for nothing. */
  readonly needle: string;
}

/** A row of the list. */
export interface Row {
  readonly position: number;
  readonly depth: number;
  readonly opened: boolean;
  /** Whether it, or something inside of it, differs in the other trace. */
  readonly differs: boolean;
  /** Time of the row above. */
  readonly before: bigint | null;
}

/** A width of 0 leaves a column out. */
const TINY = { time: 0, who: 0, device: 7 };
const NARROW = { time: 12, who: 0, device: 7 };
const MIDDLE = { time: 12, who: 14, device: 7 };
const WIDE = { time: 15, who: 20, device: 12 };

const layoutFor = (width: number) =>
  width < 60 ? TINY : width < 76 ? NARROW : width < 110 ? MIDDLE : WIDE;

const joined = (columns: readonly string[]) => columns.filter((text) => text !== '').join(' ');

export function headingLine(width: number, clock: Clock): string {
  const layout = layoutFor(width);
  const time = { start: 'seconds', delta: 'after', wall: 'UTC' }[clock];
  const headings = [
    cellsRight(time, layout.time),
    cells('task-tid', layout.who),
    cells('device', layout.device),
    '  what',
  ];
  return cells(joined(headings), Math.max(0, width - RESULT)) + cellsRight('result', RESULT);
}

/** Cells for the result and the duration at the end of a line. */
const RESULT = 18;

export function callLine(row: Row, context: RowContext, paint: Paint): string {
  const { store, calls, width } = context;
  const begin = store.atPosition(row.position);
  if (begin === null) return cells('', width);
  const at = calls.endOf(row.position);
  const end = (at === null ? null : store.atPosition(at)) ?? begin;
  const layout = layoutFor(width);
  const ts = begin.batch.column('ts').big(begin.row);
  const kind = stringOf(begin, 'kind') ?? '';
  const device = stringOf(begin, 'device') ?? stringOf(end, 'device') ?? '';
  const before = joined([
    cellsRight(timeText(ts, row.before, context.clock, context.base), layout.time),
    whoText(stringOf(begin, 'task') ?? '', textOf(begin, 'tid') ?? '', layout.who),
    paint('device', cells(layout === WIDE ? device : shortDevice(device), layout.device)),
  ]);
  const columns = [layout.time, layout.who, layout.device];
  const used = columns.reduce((sum, width) => sum + width + Number(width > 0), 0);
  const { text, bad } = outcomeOf(row.position, begin, end, context);
  const outcome = {
    bad,
    text: cells(text, Math.min(widthOf(text), Math.max(0, width - used - 1))),
  };
  const room = Math.max(0, width - used - widthOf(outcome.text) - 1);
  const mark = calls.encloses(row.position) ? (row.opened ? '▾' : '▸') : ' ';
  const head = `${'  '.repeat(row.depth)}${mark}${row.differs ? '≠' : ' '}`;
  const what = cells(`${head}${summaryOf(begin, end, context.registerAt)}`, room);
  const tone = outcome.bad ? 'bad' : row.differs ? 'strong' : toneOf(kind);
  const result = paint(outcome.bad ? 'bad' : 'dim', outcome.text);
  return `${before} ${marked(what, context.needle, tone, paint)} ${result}`;
}

/** The part of a text that is searched for is marked. */
function marked(text: string, needle: string, tone: Tone, paint: Paint): string {
  const at = needle === '' ? -1 : text.toLowerCase().indexOf(needle);
  if (at < 0) return paint(tone, text);
  const end = at + needle.length;
  return (
    paint(tone, text.slice(0, at)) +
    paint('match', text.slice(at, end)) +
    paint(tone, text.slice(end))
  );
}

const shortDevice = (device: string) => device.replace(/^0000:/, '');

/** The thread id is never cut, since it distinguishes actors. */
function whoText(task: string, tid: string, width: number): string {
  if (width === 0) return '';
  if (tid === '') return cells(task, width);
  const most = Math.max(1, width - tid.length - 1);
  return cells(`${widthOf(task) > most ? cells(task, most) : task}-${tid}`, width);
}

/** Families with their tones; others are plain. */
const TONES: Partial<Record<Family, Tone>> = {
  fault: 'notable',
  signal: 'notable',
  loss: 'bad',
  sysfs: 'notable',
  sriov: 'notable',
  driver: 'change',
  binding: 'change',
  device: 'change',
  config: 'dim',
  snapshot: 'dim',
  text: 'dim',
};

/** Kinds of a newer version are plain. */
function toneOf(kind: string): Tone {
  const facts = kindFacts(kind);
  return facts === undefined ? 'plain' : (TONES[facts.family] ?? 'plain');
}

interface OutcomeText {
  readonly text: string;
  readonly bad: boolean;
}

function outcomeOf(
  position: number,
  begin: EventRef,
  end: EventRef,
  { calls }: RowContext,
): OutcomeText {
  const result = resultOf(end);
  if (calls.begins(position) && calls.endOf(position) === null) {
    const bad = calls.isComplete && calls.isRunning(position);
    const text = bad ? 'never returned' : calls.isComplete ? 'end not recorded' : '';
    return { text, bad };
  }
  if (begin === end) return result;
  const took = end.batch.column('ts').big(end.row) - begin.batch.column('ts').big(begin.row);
  return { text: joined([result.text, cellsRight(formatDuration(took), 7)]), bad: result.bad };
}

/** The returned number, or what it means. */
export function resultOf(end: EventRef): OutcomeText {
  const ret = bigOf(end, 'ret');
  const kind = stringOf(end, 'kind');
  if (kind === 'fault.dma' && bigOf(end, 'offset') !== null) return { text: 'refused', bad: true };
  if (ret === null) return { text: '', bad: false };
  if (kind === 'fault.page')
    return isRefusedFault(ret) ? { text: '✗ REFUSED', bad: true } : { text: 'served', bad: false };
  if (ret < 0n) return { text: `✗ ${errnoName(Number(ret))}`, bad: true };
  return { text: ret === 0n || ret === bigOf(end, 'length') ? 'ok' : String(ret), bad: false };
}
