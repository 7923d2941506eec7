/**
 * The events of an input in their order. Those that are part of an operation wait until it is known
 * which other events or messages belong to it; see dma-operations.ts.
 */

import {
  type Failure,
  failureIn,
  type Heard,
  lastOutcomeOf,
  type Outcome,
  outcomeOf,
} from './dma-operations.js';
import {
  ALONE,
  type EventType,
  type LogStamp,
  type QemuEmitter,
  type SpanRole,
} from './qemu-emitter.js';
import { messageIn } from './qemu-messages.js';

/** An operation may be spread over this many lines, with those of other threads in between. */
const HEARD_MAX = 32;
const BEGIN: SpanRole = { phase: 'begin', span: -1, ret: null };

/** An event that waits, or that came after a waiting one. */
interface Waiting extends Heard {
  readonly type: EventType | null;
  /** The arguments or, without a type, the whole line. */
  readonly line: Buffer;
  readonly isText: boolean;
  readonly moment: LogStamp;
  /** What it is in an operation; null while that is not known. */
  place: SpanRole | null;
  /** Whether it only says more of an event before it. */
  isAside: boolean;
}

export class QemuSequence {
  /** The thread that logged the current event, and the time. */
  readonly moment: LogStamp = { tid: -1, pid: -1, seconds: 0, nanoseconds: 0 };
  /** Lines and records that were not understood. */
  unparsed = 0;
  readonly #waiting: Waiting[] = [];

  constructor(private readonly emitter: QemuEmitter) {}

  /**
   * Processes a trace event whose arguments are at the emitter's cursor.
   * @param line the buffer that the cursor is on
   */
  event(type: EventType, line: Buffer): void {
    type.count++;
    const { emitter } = this;
    const { cursor } = emitter;
    if (type.hasRole || this.#waiting.length > 0) {
      const start = cursor.at;
      const part = type.hasRole ? emitter.partOf(type) : null;
      const bytes = line.subarray(start, cursor.end);
      this.#wait({ type, line: bytes, isText: true, part, message: null });
    } else if (!emitter.emit(type, line, this.moment)) this.unparsed++;
  }

  /** Processes a line that is not a trace event. */
  line(line: Buffer): void {
    const message = line.toString('utf8');
    const part = failureIn(message);
    const type = part === null ? null : this.#typeCalled(part.name);
    if (type !== null) type.count++;
    if (part !== null || this.#waiting.length > 0)
      this.#wait({ type, line, isText: true, part, message });
    else this.#other(null, line, true, this.moment);
  }

  /** Processes the arguments of an event that match none of its forms. */
  payload(type: EventType | null, bytes: Buffer): void {
    if (type !== null) type.count++;
    if (this.#waiting.length > 0)
      this.#wait({ type, line: bytes, isText: false, part: null, message: null });
    else this.#other(type, bytes, false, this.moment);
  }

  /** Appends what still waits: nothing more comes. */
  finish(): void {
    this.#appendKnown(true);
  }

  #wait(heard: Pick<Waiting, 'type' | 'line' | 'isText' | 'part' | 'message'>): void {
    const moment = { ...this.moment };
    const line = Buffer.from(heard.line);
    const place = heard.part === null ? ALONE : null;
    this.#waiting.push({ ...heard, line, moment, place, isAside: false });
    this.#appendKnown(false);
  }

  /** Appends waiting events whose meaning is known now. */
  #appendKnown(isEnd: boolean): void {
    const waiting = this.#waiting;
    for (; waiting.length > 0; waiting.shift()) {
      const [first] = waiting;
      if (first.place !== null) {
        this.#append(first, first.place);
        continue;
      }
      const isOver = isEnd || waiting.length >= HEARD_MAX;
      const outcome = outcomeOf(waiting) ?? (isOver ? lastOutcomeOf(waiting) : null);
      if (outcome === null) return;
      this.#open(first, outcome);
    }
  }

  /** Appends the first part of an operation, and marks the others as parts of it. */
  #open(first: Waiting, { end, aside, ret }: Outcome): void {
    const waiting = this.#waiting;
    if (aside > 0) Object.assign(waiting[aside], { place: ALONE, isAside: true });
    if (end > 0) waiting[end].place = { phase: 'end', span: this.emitter.next, ret };
    this.#append(first, end > 0 ? BEGIN : { ...ALONE, ret });
  }

  #append({ type, line, isText, part, moment, isAside }: Waiting, place: SpanRole): void {
    const { emitter } = this;
    if (type === null || !isText) this.#other(type, line, isText, moment);
    else if (isAside) emitter.emitOther(type, line, true, moment);
    else if (part?.role === 'fails')
      emitter.emitFailure(part as Failure, type, line, moment, place);
    else {
      emitter.cursor.set(line, 0, line.byteLength);
      if (!emitter.emit(type, line, moment, place)) this.unparsed++;
    }
  }

  #other(type: EventType | null, line: Buffer, isText: boolean, moment: LogStamp): void {
    const message = type === null && isText ? messageIn(line.toString('utf8')) : null;
    if (message !== null) {
      this.emitter.emitMessage(message, line, moment);
      return;
    }
    if (type === null || type.forms.length > 0) this.unparsed++;
    this.emitter.emitOther(type, line, isText, moment);
  }

  #typeCalled(name: string): EventType | null {
    const bytes = Buffer.from(name);
    return this.emitter.type(bytes, 0, bytes.byteLength);
  }
}
