/** Turns calls, as `CallLine` took them apart, into events. */
import { CELL, type EventAppender, EventRow, PHASES, type Seq } from '../../../traces/index.js';
import type { CallLine } from './call.js';

/** With less than a second added, a duration below this fits 32 bits. */
const NANOSECONDS_MAX = 3_000_000_000;

/** What is known of an event before it is written; handlers fill it in. */
export interface Draft {
  kind: number;
  name: number;
  /** Id of the device, or -1. */
  device: number;
  path: number;
  region: number;
  hasOffset: boolean;
  offsetLow: number;
  offsetHigh: number;
  hasLength: boolean;
  lengthLow: number;
  lengthHigh: number;
  /** Whether the value is known when the call is made; otherwise it is part of its result. */
  hasValue: boolean;
  isResult: boolean;
  valueLow: number;
  valueHigh: number;
  data: Uint8Array | null;
  text: string | null;
  /** Whether the text is the arguments as the line has them. */
  hasArguments: boolean;
}

const emptyDraft = (): Draft => ({
  kind: 0,
  name: 0,
  device: -1,
  path: -1,
  region: -1,
  hasOffset: false,
  offsetLow: 0,
  offsetHigh: 0,
  hasLength: false,
  lengthLow: 0,
  lengthHigh: 0,
  hasValue: false,
  isResult: false,
  valueLow: 0,
  valueHigh: 0,
  data: null,
  text: null,
  hasArguments: false,
});

/** When something happened. */
export interface Moment {
  readonly tid: number;
  readonly seconds: number;
  readonly nanoseconds: number;
}

export class StraceEmitter {
  readonly draft = emptyDraft();
  readonly #row = new EventRow();
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

  /** Starts a draft of an event of which only kind and name are known. */
  start(kind: number, name: number): Draft {
    const { draft } = this;
    draft.kind = kind;
    draft.name = name;
    draft.device = -1;
    draft.path = -1;
    draft.region = -1;
    draft.hasOffset = false;
    draft.hasLength = false;
    draft.hasValue = false;
    draft.isResult = false;
    draft.data = null;
    draft.text = null;
    draft.hasArguments = false;
    return draft;
  }

  /** Appends the draft as one event, or as a begin and an end when the call's duration is known. */
  whole(line: CallLine): void {
    if (line.duration < 0) {
      this.#open(line, this.#phases.point);
      this.#asked(line);
      this.#answered(line);
      this.events.append(this.#row);
      return;
    }
    const begin = this.begin(line, line);
    this.#row.unset(CELL.value);
    this.#close(line, line, begin);
  }

  /** Appends the begin of the draft. */
  begin(line: CallLine, at: Moment): Seq {
    this.#open(at, this.#phases.begin);
    this.#asked(line);
    return this.events.append(this.#row);
  }

  /**
   * Appends the end of the draft.
   * @param at when the call began, if its duration is known, otherwise when it ended
   */
  end(line: CallLine, at: Moment, begin: Seq): void {
    this.#open(at, this.#phases.end);
    this.#close(line, at, begin);
  }

  /** Appends what is no call. */
  note(kind: number, name: number, at: Moment, text: string): void {
    const draft = this.start(kind, name);
    draft.text = text;
    this.point(at);
  }

  /** Appends the draft as one event without a result. */
  point(at: Moment): void {
    this.#open(at, this.#phases.point);
    this.#asked(null);
    this.events.append(this.#row);
  }

  /** Makes the row, which has what begin and end share, the end. */
  #close(line: CallLine, at: Moment, begin: Seq): void {
    const row = this.#row;
    row.set(CELL.phase, this.#phases.end);
    this.#time(at, line.duration);
    row.setNumber(CELL.span, begin);
    this.#answered(line);
    this.events.append(row);
  }

  #open(at: Moment, phase: number): void {
    const row = this.#row;
    const { draft } = this;
    row.clear();
    row.set(CELL.kind, draft.kind);
    row.set(CELL.phase, phase);
    this.#time(at, -1);
    if (at.tid >= 0) row.set(CELL.tid, at.tid);
    if (draft.name >= 0) row.set(CELL.name, draft.name);
    if (draft.device >= 0) row.set(CELL.device, draft.device);
    if (draft.path >= 0) row.set(CELL.path, draft.path);
    if (draft.region >= 0) row.set(CELL.region, draft.region);
    if (draft.hasOffset) row.setWords(CELL.offset, draft.offsetLow, draft.offsetHigh);
    if (draft.hasLength) row.setWords(CELL.length, draft.lengthLow, draft.lengthHigh);
  }

  /** @param after nanoseconds behind the moment; negative for none */
  #time(at: Moment, after: number): void {
    const row = this.#row;
    if (after < NANOSECONDS_MAX) row.time(at.seconds, at.nanoseconds + Math.max(0, after));
    else row.time(at.seconds + Math.floor(after / 1e9), at.nanoseconds + (after % 1e9));
  }

  /** What the caller said. */
  #asked(line: CallLine | null): void {
    const { events, draft } = this;
    if (draft.text !== null) events.text(draft.text);
    else if (draft.hasArguments && line !== null && line.argsEnd > line.argsStart) {
      events.textBytes(line.bytes, line.argsStart, line.argsEnd);
    }
    if (!draft.isResult) this.#value();
  }

  /** What the kernel answered. */
  #answered(line: CallLine): void {
    if (line.hasRet) this.#row.setWords(CELL.ret, line.retLow, line.retHigh);
    if (this.draft.isResult) this.#value();
  }

  #value(): void {
    const { events, draft } = this;
    if (draft.hasValue) this.#row.setWords(CELL.value, draft.valueLow, draft.valueHigh);
    if (draft.data !== null) events.data(draft.data);
  }
}
