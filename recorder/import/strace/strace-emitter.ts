/** Turns calls, as `CallLine` took them apart, into events. */
import { CELL, type EventAppender, EventRow, PHASES, type Seq } from '../../../traces/index.js';
import type { CallLine } from './call-line.js';

/** With less than a second added, a duration below this fits 32 bits. */
const NANOSECONDS_MAX = 3_000_000_000;

/** What is known of an event before it is written; handlers fill it in. */
export interface Draft {
  /** All columns but phase, time, span and ret. */
  readonly row: EventRow;
  /** Whether value and data are part of the call's result, and not known when it is made. */
  isResult: boolean;
  data: Uint8Array | null;
  text: string | null;
  /** Whether the text is the arguments as the line has them. */
  hasArguments: boolean;
}

/** When something happened. */
export interface Moment {
  readonly tid: number;
  /** Id of the thread's name, or -1. */
  readonly task: number;
  readonly seconds: number;
  readonly nanoseconds: number;
}

const VALUE = 1 << CELL.value;

export class StraceEmitter {
  readonly draft: Draft = {
    row: new EventRow(),
    isResult: false,
    data: null,
    text: null,
    hasArguments: false,
  };
  readonly #phases: Record<'begin' | 'end' | 'point', number>;
  readonly kinds: Record<'syscall' | 'signal' | 'process' | 'log' | 'bus', number>;

  constructor(readonly events: EventAppender) {
    events.source('strace');
    const [begin, end, point] = PHASES.map((phase) => events.phase(phase));
    this.#phases = { begin, end, point };
    this.kinds = {
      syscall: events.kind('syscall'),
      signal: events.kind('signal'),
      process: events.kind('process'),
      log: events.kind('log'),
      bus: events.kind('fault.bus'),
    };
  }

  /** Starts a draft of an event of which only kind and name are known; -1 for no name. */
  start(kind: number, name: number): Draft {
    const { draft } = this;
    const { row } = draft;
    row.clear();
    row.set(CELL.kind, kind);
    if (name >= 0) row.set(CELL.name, name);
    draft.isResult = false;
    draft.data = null;
    draft.text = null;
    draft.hasArguments = false;
    return draft;
  }

  /** Kind and name of the draft. */
  what(): readonly [kind: number, name: number] {
    const { cells } = this.draft.row;
    return [cells[CELL.kind], cells[CELL.name]];
  }

  /** Gives the draft the kind and name that its begin has. */
  call(kind: number, name: number): void {
    this.draft.row.set(CELL.kind, kind);
    this.draft.row.set(CELL.name, name);
  }

  /** Appends the draft as one event, or as a begin and an end when the call's duration is known. */
  whole(line: CallLine): void {
    const { duration } = line;
    if (duration < 0) this.#append(line, this.#phases.point, line);
    else this.end(line, line, this.begin(line, line));
  }

  /** Appends the begin of the draft. */
  begin(line: CallLine, at: Moment): Seq {
    const { draft } = this;
    const { row, isResult } = draft;
    const value = row.present & VALUE;
    this.#open(at, this.#phases.begin, -1);
    if (isResult) row.unset(CELL.value);
    else this.#data();
    this.#text(line);
    const seq = this.events.append(row);
    // The end repeats what the call was asked for, except for what only one of both tells.
    if (isResult) row.present |= value;
    else row.unset(CELL.value);
    return seq;
  }

  /**
   * Appends the end of the draft.
   * @param at when the call began, if its duration is known, otherwise when it ended
   */
  end(line: CallLine, at: Moment, begin: Seq): void {
    const { row, isResult } = this.draft;
    this.#open(at, this.#phases.end, line.duration);
    row.setNumber(CELL.span, begin);
    if (line.hasRet) row.setWords(CELL.ret, line.retLow, line.retHigh);
    if (isResult) this.#data();
    else row.unset(CELL.value);
    this.events.append(row);
  }

  /** Appends what is no call. */
  note(kind: number, name: number, at: Moment, text: string): void {
    this.start(kind, name).text = text;
    this.point(at);
  }

  /** Appends the draft as one event without a result. */
  point(at: Moment): void {
    this.#append(at, this.#phases.point, null);
  }

  #append(at: Moment, phase: number, line: CallLine | null): void {
    const { row } = this.draft;
    this.#open(at, phase, -1);
    if (line?.hasRet === true) row.setWords(CELL.ret, line.retLow, line.retHigh);
    this.#text(line);
    this.#data();
    this.events.append(row);
  }

  /** @param after nanoseconds behind the moment; negative for none */
  #open(at: Moment, phase: number, after: number): void {
    const { row } = this.draft;
    row.set(CELL.phase, phase);
    if (at.tid >= 0) row.set(CELL.tid, at.tid);
    if (at.task >= 0) row.set(CELL.task, at.task);
    if (after < NANOSECONDS_MAX) row.time(at.seconds, at.nanoseconds + Math.max(0, after));
    else row.time(at.seconds + Math.floor(after / 1e9), at.nanoseconds + (after % 1e9));
  }

  /** What the caller said. */
  #text(line: CallLine | null): void {
    const { events, draft } = this;
    if (draft.text !== null) events.text(draft.text);
    else if (draft.hasArguments && line !== null && line.argsEnd > line.argsStart) {
      events.textBytes(line.bytes, line.argsStart, line.argsEnd);
    }
  }

  #data(): void {
    const { data } = this.draft;
    if (data !== null) this.events.data(data);
  }
}
