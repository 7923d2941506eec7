/** What went wrong in a recording, by incident: events with one cause are one finding. */
import { errnoName, VM_FAULT } from '../../../replay/index.js';
import { type Batch, type Kind, kindsWhere } from '../../../traces/index.js';
import { incidentsOf } from '../../race-incidents.js';
import type { NotedRace } from './race-notes.js';

/** Events of one kind of trouble with one device or task. */
export interface Finding {
  readonly what: string;
  /** Ascending; only the first ones when there are very many. */
  readonly seqs: readonly number[];
  readonly count: number;
}

interface Group {
  readonly what: string;
  readonly seqs: number[];
  count: number;
}

const SEQS_MAX = 10_000;

/** Results below zero of these are not worth a finding: they are counted by their callers. */
const QUIET = new Set<string>([
  ...kindsWhere(({ frequent }) => frequent === true),
  ...(['syscall', 'sysfs.read'] satisfies Kind[]),
]);
const FAULTS = new Set<string>(['fault.bus', 'fault.aer', 'fault.dma'] satisfies Kind[]);
const SIGNALS = new Map([
  [7n, 'SIGBUS'],
  [11n, 'SIGSEGV'],
]);

/** A call of a thread that failed; the calls around it fail with the same error. */
interface Failure {
  readonly ret: bigint;
  readonly begin: number;
  readonly seq: number;
  readonly what: string;
}

export class FindingCollector {
  readonly #groups = new Map<string, Group>();
  readonly #failing = new Map<number, Failure>();

  /** Adds rows of the next batch. */
  add(batch: Batch, from: number, until: number): void {
    const [kind, phase, ret] = [batch.column('kind'), batch.column('phase'), batch.column('ret')];
    const noRet = batch.isNull('ret');
    const special = kind.entries.map((name) => isSpecial(name));
    const quiet = kind.entries.map((name) => QUIET.has(name));
    const begin = phase.entries.indexOf('begin');
    for (let row = from; row < until; row++) {
      const id = kind.ids[row];
      if (phase.ids[row] === begin) continue;
      if (special[id]) this.#addSpecial(batch, row);
      else if (!noRet && !quiet[id] && ret.has(row) && (ret.high(row) | 0) < 0)
        this.#addFailure(batch, row);
    }
  }

  /** The findings so far, in the order of their first events. */
  finish(): Finding[] {
    const groups = new Map([...this.#groups].map(([what, group]) => [what, copyOf(group)]));
    // Their callers may still fail with the same error, when more batches come.
    for (const { what, seq } of this.#failing.values()) noteIn(groups, what, seq);
    return [...groups.values()].sort((a, b) => a.seqs[0] - b.seqs[0]);
  }

  #addSpecial(batch: Batch, row: number): void {
    const what = specialText(batch, row);
    if (what !== null) this.note(what, batch.seqFirst + row);
  }

  /** Keeps the outermost call of those that return the same error. */
  #addFailure(batch: Batch, row: number): void {
    const [tids, spans] = [batch.column('tid'), batch.column('span')];
    const tid = tids.at(row);
    const ret = batch.column('ret').big(row);
    const seq = batch.seqFirst + row;
    const begin = spans.has(row) ? spans.number(row) : seq;
    const last = this.#failing.get(tid);
    if (last !== undefined && !(last.ret === ret && begin < last.begin))
      this.note(last.what, last.seq);
    this.#failing.set(tid, { ret, begin, seq: begin, what: failureText(batch, row, ret) });
  }

  /** Adds an event to the incident of that name. */
  note(what: string, seq: number): void {
    noteIn(this.#groups, what, seq);
  }
}

const copyOf = ({ what, seqs, count }: Group): Group => ({ what, seqs: [...seqs], count });

function noteIn(groups: Map<string, Group>, what: string, seq: number): void {
  let group = groups.get(what);
  if (group === undefined) {
    group = { what, seqs: [], count: 0 };
    groups.set(what, group);
  }
  group.count++;
  if (group.seqs.length < SEQS_MAX) group.seqs.push(seq);
}

/** Incidents, as `vfr races` counts them, by the devices that operations raced for. */
export function raceFindings(races: readonly NotedRace[]): Finding[] {
  const collector = new FindingCollector();
  for (const own of incidentsOf(races).toSorted((x, y) => startOf(x) - startOf(y))) {
    const devices = [...new Set(own.map(({ device }) => device))].sort();
    collector.note(`operations raced for ${listed(devices)}`, startOf(own));
  }
  return collector.finish();
}

const startOf = (races: readonly NotedRace[]) => Math.min(...races.map(({ first }) => first.seq));

const listed = (devices: readonly string[]) =>
  devices.length < 3 ? devices.join(' and ') : `${devices[0]} and ${devices.length - 1} others`;

/** What findings are about, the most important first; failed calls are last. */
const RANKS = [
  'page fault',
  'bus error',
  'DMA',
  'SIG',
  'PCIe',
  'operations raced',
  'events lost',
  'never returned',
];

/** Findings in the order in which they are worth looking at. */
export function inRank(findings: readonly Finding[]): Finding[] {
  const rank = ({ what }: Finding) => {
    const index = RANKS.findIndex((words) => what.includes(words));
    return index < 0 ? RANKS.length : index;
  };
  return findings.toSorted((a, b) => rank(a) - rank(b) || a.seqs[0] - b.seqs[0]);
}

const isSpecial = (kind: string): boolean =>
  FAULTS.has(kind) || kind === 'fault.page' || kind === 'signal' || kind === 'lost';

function specialText(batch: Batch, row: number): string | null {
  const of = (device: string) => (device === '' ? '' : ` of ${device}`);
  const kind = batch.column('kind').at(row);
  const device = of(batch.column('device').at(row) ?? '');
  const [ret, value, offset] = [batch.column('ret'), batch.column('value'), batch.column('offset')];
  switch (kind) {
    case 'fault.page': {
      const refused = ret.has(row) && (ret.low(row) & VM_FAULT.SIGBUS) !== 0;
      return refused ? `page fault refused${device}` : null;
    }
    case 'fault.dma':
      return offset.has(row) ? `DMA refused by the IOMMU${device}` : null;
    case 'fault.aer':
      return `PCIe error${device}`;
    case 'fault.bus':
      return `bus error${device}`;
    case 'signal': {
      const signal = SIGNALS.get(value.has(row) ? value.big(row) : 0n);
      return signal === undefined ? null : `${signal} for ${batch.column('task').at(row) ?? '?'}`;
    }
    default:
      return 'events lost';
  }
}

function failureText(batch: Batch, row: number, ret: bigint): string {
  const at = (column: 'kind' | 'name' | 'device' | 'driver') => batch.column(column).at(row) ?? '';
  const [kind, name, device, driver] = [at('kind'), at('name'), at('device'), at('driver')];
  const what =
    kind === 'sysfs.write' ? `write to ${driver === '' ? '' : `${driver}/`}${name}` : name || kind;
  const whose = device === '' ? '' : ` of ${device}`;
  return `${what}${whose} failed: ${errnoName(Number(ret))}`;
}
