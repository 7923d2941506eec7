/** Turns calls, as `CallLine` took them apart, into events. */
import type { EventAppender, Phase, Seq } from '../../../traces/index.js';
import { Nanos } from '../nanos.js';
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
  readonly #nanos = new Nanos();
  readonly kinds: Record<'syscall' | 'signal' | 'process' | 'log' | 'bus', number>;

  constructor(readonly events: EventAppender) {
    events.source('strace');
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
    const { events } = this;
    if (line.duration < 0) {
      this.#open(line, 'point');
      this.#asked(line);
      this.#answered(line);
      events.commit();
      return;
    }
    this.end(line, line, this.begin(line, line));
  }

  /** Appends the begin of the draft. */
  begin(line: CallLine, at: Moment): Seq {
    this.#open(at, 'begin');
    this.#asked(line);
    return this.events.commit();
  }

  /**
   * Appends the end of the draft.
   * @param at when the call began, if its duration is known, otherwise when it ended
   */
  end(line: CallLine, at: Moment, begin: Seq): void {
    const { events } = this;
    this.#open(at, 'end', line.duration);
    events.word('span', begin);
    this.#answered(line);
    events.commit();
  }

  /** Appends what is no call. */
  note(kind: number, name: number, at: Moment, text: string): void {
    const draft = this.start(kind, name);
    draft.text = text;
    this.point(at);
  }

  /** Appends the draft as one event without a result. */
  point(at: Moment): void {
    this.#open(at, 'point');
    this.#asked(null);
    this.events.commit();
  }

  #open(at: Moment, phase: Phase, after = -1): void {
    const { events, draft } = this;
    events.begin(draft.kind, phase);
    // Behind a call of less than four seconds, as nearly all are, is a carry of the low word.
    const nanos = this.#nanos;
    if (after < NANOSECONDS_MAX) nanos.set(at.seconds, at.nanoseconds + Math.max(0, after));
    else nanos.set(at.seconds + Math.floor(after / 1e9), at.nanoseconds + (after % 1e9));
    events.timeWords(nanos.low, nanos.high);
    if (at.tid >= 0) events.int('tid', at.tid);
    if (draft.name >= 0) events.dict('name', draft.name);
    if (draft.device >= 0) events.dict('device', draft.device);
    if (draft.path >= 0) events.dict('path', draft.path);
    if (draft.region >= 0) events.int('region', draft.region);
    if (draft.hasOffset) events.words('offset', draft.offsetLow, draft.offsetHigh);
    if (draft.hasLength) events.words('length', draft.lengthLow, draft.lengthHigh);
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
    if (line.hasRet) this.events.words('ret', line.retLow, line.retHigh);
    if (this.draft.isResult) this.#value();
  }

  #value(): void {
    const { events, draft } = this;
    if (draft.hasValue) events.words('value', draft.valueLow, draft.valueHigh);
    if (draft.data !== null) events.data(draft.data);
  }
}
