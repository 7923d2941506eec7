/** Explains events of a recording, from each back to its first cause. */
import { ERRNO, type EventCursor, type Reason, Timeline } from '../../replay/index.js';
import type { TraceReader } from '../../traces/index.js';
import { CellHistory } from './cell-history.js';
import { actorOf, errorWords, eventWords, timeWords } from './event-words.js';
import type { Wait } from './holders.js';
import { Links } from './links.js';
import type { Link, Relation, Why } from './why.js';

/** Kinds whose cause includes which driver the device was to have. */
const OF_OVERRIDE: ReadonlySet<string> = new Set(['bind', 'match', 'probe']);
const ACTORS: ReadonlySet<string> = new Set(['sysfs.write', 'ioctl', 'syscall']);
/** What a driver or the hardware answers has no cause in a recording. */
const ANSWERS: ReadonlySet<string> = new Set(['probe', 'reset']);
/** Calls inside calls that are followed at most. */
const DEPTH_MAX = 64;
const NOT_MAPPED = 'not mapped';
const UNSEEN = 'what decides this result is not in the recording';

export class Explainer {
  readonly links: Links;
  readonly #events: Timeline<TraceReader>;
  #cells: CellHistory;

  /** @param kernel release of the recorded kernel, if it is another than the recording says */
  constructor(
    readonly reader: TraceReader,
    readonly kernel = reader.meta.kernel,
  ) {
    this.links = Links.of(reader, kernel);
    this.#events = new Timeline(reader, { kernel });
    this.#cells = new CellHistory(reader, []);
  }

  /** Explains events in their order. The recording is replayed once more for all of them. */
  explain(seqs: readonly number[]): Why[] {
    const paths = new Set(seqs.flatMap((seq) => this.#cellsOf(seq)));
    this.#cells = new CellHistory(this.reader, [...paths], this.kernel);
    return seqs.map((seq) => this.#explain(seq));
  }

  #at(seq: number): EventCursor {
    const e = this.#events.event(seq);
    if (e === null) throw new RangeError(`the trace has no readable event ${seq}`);
    return e;
  }

  /** An end says less than its begin, but has the result. */
  #words(seq: number): string {
    const error = errorWords(this.#at(seq));
    return `${eventWords(this.#at(this.#beginOf(seq)))}${error}`;
  }

  #link = (seq: number, relation: Relation, note = ''): Link => ({
    seq,
    relation,
    text: `${note}${this.#words(seq)}`,
  });

  /** The failed end that an event is, or has; null when it did not fail. */
  #failedEnd(seq: number): number | null {
    const { endOf, reasons, returned } = this.links;
    const end = endOf.get(seq) ?? seq;
    if (reasons.has(end) || returned.has(end)) return end;
    const e = this.#at(end);
    const failed = e.phase !== 'begin' && e.hasRet && e.ret < 0;
    return failed || e.kind === 'fault.dma' || e.kind === 'fault.bus' ? end : null;
  }

  /** The innermost call that returned the error, with the calls on the way. */
  #innermost(end: number): number[] {
    const way: number[] = [];
    let at = this.links.returned.get(end);
    while (at !== undefined && way.length < DEPTH_MAX) {
      way.push(at);
      at = this.links.returned.get(at);
    }
    return way;
  }

  #reasonsOf(end: number): { readonly at: number; readonly reasons: readonly Reason[] } {
    const way = [end, ...this.#innermost(end)];
    const at = way.findLast((seq) => this.links.reasons.has(seq)) ?? way.at(-1)!;
    return { at, reasons: this.links.reasons.get(at) ?? [] };
  }

  #cellsOf(seq: number): readonly string[] {
    const end = this.#failedEnd(seq);
    if (end !== null) return this.#reasonsOf(end).reasons.flatMap(({ cells }) => cells);
    const { kind, device } = this.#at(seq);
    return device !== null && OF_OVERRIDE.has(kind) ? [`${device}/override`] : [];
  }

  #explain(seq: number): Why {
    const chain: Link[] = [this.#link(seq, 'event')];
    const begin = this.#beginOf(seq);
    const wait = this.links.waitOf(begin);
    if (wait !== undefined) chain.push(...this.#waited(wait));
    const end = this.#failedEnd(seq);
    const known = end === null ? this.#origin(begin, chain) : this.#failure(end, chain);
    return { seq, known, chain };
  }

  #waited({ device, holder, what, requests }: Wait): Link[] {
    const who =
      holder === null
        ? { seq: null, text: `the user of ${device} held it; who that is is not recorded` }
        : {
            seq: this.#beginOf(holder),
            text:
              what === 'user'
                ? `${device} was held by ${this.#userOf(holder)}, who has it open since then`
                : `the lock of ${device} was held: ${this.#words(holder)}`,
          };
    const links: Link[] = [{ ...who, relation: 'waits' }];
    if (requests === null) return links;
    const { first, count } = requests;
    const times = count === 1 ? 'once' : `${count} times`;
    const text = `the user was asked ${times} to release ${device}, first here`;
    return [...links, { seq: first, relation: 'asked', text }];
  }

  #userOf(seq: number): string {
    const e = this.#at(seq);
    return `${actorOf(e)} of process ${e.pid}`;
  }

  #failure(end: number, chain: Link[]): boolean {
    for (const seq of this.#innermost(end)) chain.push(this.#link(seq, 'returned'));
    const { at, reasons } = this.#reasonsOf(end);
    const holder = this.links.holderOf(end);
    if (holder !== undefined) {
      const text = `the group is open already: ${this.#userOf(holder)} opened it, and only one can`;
      chain.push({ seq: holder, relation: 'waits', text });
      return true;
    }
    if (reasons.length === 1) {
      const [{ text, cells, basis }] = reasons;
      if (basis === 'unseen') {
        chain.push({ seq: null, relation: 'unknown', text: `not known: ${text}` });
        return false;
      }
      chain.push({ seq: at, relation: basis ?? 'rule', text });
      for (const cell of cells) this.#addCell(cell, at, chain);
      return true;
    }
    if (reasons.length > 1) {
      const texts = reasons.map(({ text }) => text).join('; or ');
      chain.push({ seq: null, relation: 'unknown', text: `not known which: ${texts}` });
      return false;
    }
    const { kind, name } = this.#at(at);
    if (kind === 'group.open' && this.#at(at).ret === -ERRNO.EBUSY) {
      const text =
        'the group is open already, and only one file of it can be; whose is not recorded';
      chain.push({ seq: at, relation: 'rule', text });
      return true;
    }
    if (at !== end && ANSWERS.has(kind)) {
      const text = `${name} decided it: what a driver or the hardware answers has no cause here`;
      chain.push({ seq: at, relation: 'rule', text });
      return true;
    }
    const text = `not known: ${this.links.unpredicted.get(at) ?? UNSEEN}`;
    chain.push({ seq: null, relation: 'unknown', text });
    return false;
  }

  /** What a cell of the state was, and which event had set it. */
  #addCell(cell: string, before: number, chain: Link[]): void {
    const change = this.#cells.before(cell, before);
    if (change === undefined) return;
    const is = `${cell} is ${change.value}`;
    if (change.seq === null) {
      const text = `${is}, and no event before shows another value`;
      chain.push({ seq: null, relation: 'state', text });
      return;
    }
    const ago = timeWords(this.#at(before).ts - this.#at(change.seq).ts);
    const never = change.isFirst === true && change.value === NOT_MAPPED;
    const since = never
      ? `${cell} was never mapped, from ${ago} before on`
      : `${is} since ${ago} before`;
    chain.push(this.#link(change.seq, 'state', `${since}: `));
    this.#addCallers(this.#beginOf(change.seq), chain);
  }

  /** The begin of an end; the event itself if it is no end, or if its begin cannot be read. */
  #beginOf(seq: number): number {
    const { phase, span } = this.#at(seq);
    return phase === 'end' && this.#events.event(span) !== null ? span : seq;
  }

  /** The calls that an event is within. @returns the outermost one, or the event itself */
  #addCallers(seq: number, chain: Link[]): number {
    let at = seq;
    for (let depth = 0; depth < DEPTH_MAX; depth++) {
      const around = this.links.within.get(at);
      if (around === undefined) return at;
      const relation = this.#at(around).kind === 'driver.work' ? 'work' : 'within';
      chain.push(this.#link(around, relation));
      at = around;
    }
    return at;
  }

  /** Where an event that is no failure came from. */
  #origin(begin: number, chain: Link[]): boolean {
    const { device, kind } = this.#at(begin);
    const root = this.#addCallers(begin, chain);
    const isActor = ACTORS.has(this.#at(root).kind);
    if (device !== null && OF_OVERRIDE.has(kind)) this.#addOverride(device, begin, chain);
    if (device !== null && isActor) this.#addExistence(device, root, chain);
    if (root !== begin || isActor) return true;
    const removal = this.links.removals.get(begin);
    if (removal !== undefined) {
      const note = 'the function was being removed, by a thread whose cause is not recorded: ';
      chain.push(this.#link(removal, 'removal', note));
      return true;
    }
    const who = actorOf(this.#at(begin));
    const text = `not known: no call of ${who} that this is a part of is recorded`;
    chain.push({ seq: null, relation: 'unknown', text });
    return false;
  }

  #addOverride(device: string, before: number, chain: Link[]): void {
    const cell = `${device}/override`;
    const change = this.#cells.before(cell, before);
    if (change !== undefined && change.value !== 'none' && change.value !== 'unknown') {
      this.#addCell(cell, before, chain);
    }
  }

  /** Without the device nobody could have written to it. */
  #addExistence(device: string, before: number, chain: Link[]): void {
    const sent = this.links.ueventBefore(device, before);
    if (sent !== undefined) {
      chain.push(this.#link(sent, 'after', 'before that, whether the writer saw it or not: '));
    }
    const made = this.links.madeBefore(device, before);
    if (made === undefined) return;
    chain.push(this.#link(made, 'exists', `${device} exists since: `));
    this.#addCallers(made, chain);
  }
}
