/** Everything that the events of a row say, as facts. */
import { aerAgentOf } from '../../../analysis/index.js';
import type { ColumnName } from '../../../traces/index.js';
import { formatDuration } from '../../format-duration.js';
import type { CallIndex } from '../model/call-index.js';
import type { EventRef, EventStore } from '../model/event-store.js';
import type { RegisterAt } from '../model/overview.js';
import { configAccess } from './event-summary.js';
import { hex, textOf } from './event-values.js';
import { ioctlArgument } from './ioctl-text.js';

const DETAILS: readonly ColumnName[] = [
  'kind',
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
];
const IN_HEX = new Set<ColumnName>(['offset', 'length', 'value']);
/** Long texts are cut: the layout costs time for each character. */
const LONG_MAX = 400;

/** Facts of the call at a position, as `name value`; the long ones come last. */
export function detailsOf(
  position: number,
  store: EventStore,
  calls: CallIndex,
  registerAt: RegisterAt,
): string[] {
  const begin = store.atPosition(position);
  if (begin === null) return [];
  const at = calls.endOf(position);
  const end = at === null ? null : store.atPosition(at);
  const facts = [`seq ${begin.seq}${end === null ? '' : ` to ${end.seq}`}`];
  for (const column of DETAILS) {
    const text = cellOf(column, begin, end);
    if (text !== null) facts.push(`${column} ${text}`);
  }
  if (end !== null) facts.push(`took ${formatDuration(timeOf(end) - timeOf(begin))}`);
  const register = configAccess(begin, end ?? begin, registerAt);
  if (register !== null) facts.push(`register ${register}`);
  const argument = ioctlArgument(textOf(begin, 'name') ?? '', begin);
  if (argument !== '') facts.push(argument);
  const agent = agentOf(begin, store);
  if (agent !== null) facts.push(`agent ${agent}`);
  for (const column of ['text', 'data'] as const) {
    const text = textOf(begin, column);
    if (text === null) continue;
    const inJson = column === 'text' ? jsonFacts(text) : null;
    if (inJson !== null) {
      facts.push(...inJson);
      continue;
    }
    const cut = text.length > LONG_MAX ? `${text.slice(0, LONG_MAX)}…` : text;
    facts.push(`${column} ${cut.trimEnd()}`);
  }
  return facts;
}

/** Of an error of PCI Express; null for other events. */
const agentOf = ({ batch, row }: EventRef, { reader }: EventStore): string | null =>
  batch.column('kind').at(row) === 'fault.aer' ? aerAgentOf(batch, row, reader.meta.kernel) : null;

const timeOf = ({ batch, row }: EventRef): bigint => batch.column('ts').big(row);

/** The end has the results; what both have is the same. */
function cellOf(column: ColumnName, begin: EventRef, end: EventRef | null): string | null {
  const own = textOf(begin, column);
  const text = column === 'value' || own === null ? ((end && textOf(end, column)) ?? own) : own;
  if (text === null) return null;
  return IN_HEX.has(column) && BigInt(text) > 9n ? hex(BigInt(text)) : text;
}

/** The members of a JSON object that are short; null for other texts. */
function jsonFacts(text: string): string[] | null {
  if (!text.startsWith('{')) return null;
  try {
    const members = Object.entries(JSON.parse(text) as Record<string, unknown>);
    return members.flatMap(([name, value]) =>
      typeof value === 'string' || typeof value === 'number' ? [`${name} ${value}`] : [],
    );
  } catch {
    return null;
  }
}
