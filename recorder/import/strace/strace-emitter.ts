/** Turns calls, as `CallLine` took them apart, into events. */
import {
  CELL,
  type EventAppender,
  type EventRow,
  PHASES,
  type Seq,
} from '../../../traces/index.js';
import type { CallLine } from './call-line.js';

/** With less than a second added, a duration below this fits 32 bits. */
const NANOSECONDS_MAX = 3_000_000_000;

/** An event under construction; handlers fill it in. */
export interface Draft {
  /** All columns but phase, time, span and ret. */
  readonly row: EventRow;
  /** Whether value and data are part of the call's result, and not known when it is made. */
  valueKnownAtEnd: boolean;
  data: Uint8Array | null;
  text: string | null;
  /** Whether the text is the arguments as the line has them. */
  textIsArguments: boolean;
}

/** When something happened. */
export interface EventStamp {
  readonly tid: number;
  /** Id of the thread's name, or -1. */
  readonly task: number;
  readonly seconds: number;
  readonly nanoseconds: number;
}

const VALUE = 1 << CELL.value;

export class StraceEmitter {
  readonly draft: Draft;
  readonly #phases: Record<'begin' | 'end' | 'point', number>;
  readonly kinds: Record<'syscall' | 'signal' | 'process' | 'log' | 'bus', number>;

  constructor(readonly events: EventAppender) {
    const row = events.row('strace');
    this.draft = { row, valueKnownAtEnd: false, data: null, text: null, textIsArguments: false };
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

  /** Starts a draft with only kind and name; -1 for no name. */
  start(kind: number, name: number): Draft {
    const { draft } = this;
    const { row } = draft;
    row.clear();
    row.set(CELL.kind, kind);
    if (name >= 0) row.set(CELL.name, name);
    draft.valueKnownAtEnd = false;
    draft.data = null;
    draft.text = null;
    draft.textIsArguments = false;
    return draft;
  }

  /** Kind and name of the draft. */
  what(): readonly [kind: number, name: number] {
    const { cells } = this.draft.row;
    return [cells[CELL.kind], cells[CELL.name]];
  }

  /** Sets kind and name of the draft to those of its begin. */
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
  begin(line: CallLine, at: EventStamp): Seq {
    const { draft } = this;
    const { row, valueKnownAtEnd } = draft;
    const value = row.present & VALUE;
    this.#open(at, this.#phases.begin, -1);
    if (valueKnownAtEnd) row.unset(CELL.value);
    else this.#data();
    this.#text(line);
    const seq = this.events.append(row);
    // The end repeats the call's parameters, except those that only one of the two has.
    if (valueKnownAtEnd) row.present |= value;
    else row.unset(CELL.value);
    return seq;
  }

  /**
   * Appends the end of the draft.
   * @param at when the call began, if its duration is known, otherwise when it ended
   */
  end(line: CallLine, at: EventStamp, begin: Seq): void {
    const { row, valueKnownAtEnd } = this.draft;
    this.#open(at, this.#phases.end, line.duration);
    row.setNumber(CELL.span, begin);
    if (line.hasRet) row.setWords(CELL.ret, line.retLow, line.retHigh);
    if (valueKnownAtEnd) this.#data();
    else row.unset(CELL.value);
    this.events.append(row);
  }

  /** Appends an event that is not a call. */
  appendPoint(kind: number, name: number, at: EventStamp, text: string): void {
    this.start(kind, name).text = text;
    this.point(at);
  }

  /** Appends the draft as one event without a result. */
  point(at: EventStamp): void {
    this.#append(at, this.#phases.point, null);
  }

  #append(at: EventStamp, phase: number, line: CallLine | null): void {
    const { row } = this.draft;
    this.#open(at, phase, -1);
    if (line?.hasRet === true) row.setWords(CELL.ret, line.retLow, line.retHigh);
    this.#text(line);
    this.#data();
    this.events.append(row);
  }

  /** @param after nanoseconds after the stamp; negative if there is none */
  #open(at: EventStamp, phase: number, after: number): void {
    const { row } = this.draft;
    row.set(CELL.phase, phase);
    if (at.tid >= 0) row.set(CELL.tid, at.tid);
    if (at.task >= 0) row.set(CELL.task, at.task);
    if (after < NANOSECONDS_MAX) row.time(at.seconds, at.nanoseconds + Math.max(0, after));
    else row.time(at.seconds + Math.floor(after / 1e9), at.nanoseconds + (after % 1e9));
  }

  /** Sets the text to the call's arguments. */
  #text(line: CallLine | null): void {
    const { draft } = this;
    const { row } = draft;
    if (draft.text !== null) row.text(draft.text);
    else if (draft.textIsArguments && line !== null && line.argsEnd > line.argsStart) {
      row.textBytes(line.bytes, line.argsStart, line.argsEnd);
    }
  }

  #data(): void {
    const { row, data } = this.draft;
    if (data !== null) row.data(data);
  }
}
