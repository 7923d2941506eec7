import { CELL, type EventAppender, type Seq } from '../../../traces/index.js';
import { Interner } from '../../byte-matching/interner.js';
import type { ImportReport } from '../importer.js';
import type { Input } from '../input-stream.js';
import { LineReader } from '../lines.js';
import { type Handler, Handlers } from './call-handlers.js';
import { CallLine, type TimeStyle } from './call-line.js';
import { type EventStamp, StraceEmitter } from './strace-emitter.js';
import { Files } from './vfio-files.js';

const CARRIAGE_RETURN = 0x0d;
/** Calls that wait for their second half; a thread has at most one. */
const PENDING_MAX = 1024;
/** The most bytes of the first half to hold. */
const HELD_BYTES_MAX = 1 << 16;
const NAMES_MAX = 4096;
const SIGNAL_ADDRESS = /si_addr=(0x[0-9a-f]+)/;
const EXIT_CODE = /^exited with (\d+)/;
const SIGBUS = 'SIGBUS';
/** Prefixes of the lines below a call, and the count for each. */
const BELOW: Readonly<Record<string, string>> = { ' > ': 'callchain', ' | ': 'dump' };
const ASIDE = /^(.*?)strace: Process (\d{1,7}) (attached|detached)$/s;

/** A name that lines have: a system call, or `SIGBUS`, `exited`, … */
interface NameType {
  readonly name: string;
  readonly id: number;
  readonly handler: Handler | null;
  count: number;
}

/** The first half of a call that was interrupted by another thread's line. */
interface Pending extends EventStamp {
  readonly type: NameType;
  /** Kind and name of the begin, which the end repeats; -1 when there is no begin yet. */
  readonly kind: number;
  readonly name: number;
  readonly args: Buffer;
  /** Begin of the call, or -1 when it could not be written yet. */
  readonly begin: Seq | -1;
}

export class StraceReader {
  readonly #lines: LineReader;
  readonly #line: CallLine;
  readonly #emitter: StraceEmitter;
  readonly #files = new Files();
  readonly #handlers: Handlers;
  readonly #types: Interner<NameType | null>;
  readonly #known = new Map<string, NameType>();
  readonly #pending = new Map<number, Pending>();
  #unparsed = 0;
  /** Lines below calls by what they are. */
  readonly #below = new Map<string, number>();
  /** A line that strace interrupted to say something else, up to there. */
  #held: Buffer | null = null;

  constructor(input: Input, events: EventAppender, style: TimeStyle) {
    this.#lines = new LineReader(input);
    this.#line = new CallLine(style, events.dictionaries.task);
    this.#emitter = new StraceEmitter(events);
    this.#handlers = new Handlers(events, this.#files);
    this.#types = new Interner((name) => this.#typeOf(name, events));
  }

  read(): ImportReport {
    const lines = this.#lines;
    let cut = false;
    while (lines.next()) {
      const { bytes, start } = lines;
      const end = bytes[lines.end - 1] === CARRIAGE_RETURN ? lines.end - 1 : lines.end;
      cut = !lines.complete;
      if (cut) this.#cut(bytes, start, end);
      else if (end > start && (this.#held === null || !this.#takeHeld(bytes, start, end)))
        this.#read(bytes, start, end);
    }
    this.#giveUpHeld();
    const types = [...this.#known.values()];
    const records = types.map(({ name, count }): [string, number] => [name, count]);
    return {
      records: Object.fromEntries([...records, ...this.#below]),
      unparsed: this.#unparsed,
      lost: 0,
      ...(cut && { stopped: { offset: lines.offset, why: 'the last line has no end' } }),
    };
  }

  #read(bytes: Buffer, start: number, end: number): void {
    if (this.#take(bytes, start, end)) return;
    const text = bytes.toString('utf8', start, end);
    const below = BELOW[text.slice(0, 3)];
    if (below !== undefined) this.#below.set(below, (this.#below.get(below) ?? 0) + 1);
    else if (!this.#aside(text)) this.#other(bytes, start, end);
  }

  /**
   * `strace: Process 12 attached`, which strace prints immediately, even in the middle of a line
   * when it writes to a terminal; false for other text.
   */
  #aside(text: string): boolean {
    const aside = ASIDE.exec(text);
    const type = aside && this.#types.get(Buffer.from(aside[3]), 0, aside[3].length);
    if (aside === null || type === null) return false;
    type.count++;
    if (aside[1] !== '') this.#held = Buffer.from(aside[1]);
    const { seconds, nanoseconds } = this.#line;
    const at = { tid: Number(aside[2]), task: -1, seconds, nanoseconds };
    const said = text.slice(aside[1].length);
    this.#emitter.appendPoint(this.#emitter.kinds.process, type.id, at, said);
    return true;
  }

  /**
   * Processes a line that continues the one that strace interrupted; false when it does not, such
   * as a line that is complete by itself.
   */
  #takeHeld(bytes: Buffer, start: number, end: number): boolean {
    if (this.#line.isWhole(bytes, start, end)) {
      this.#giveUpHeld();
      return false;
    }
    const both = Buffer.concat([this.#held ?? Buffer.alloc(0), bytes.subarray(start, end)]);
    const isTaken = this.#take(both, 0, both.byteLength);
    if (isTaken) this.#held = null;
    else this.#giveUpHeld();
    return isTaken;
  }

  #cut(bytes: Buffer, start: number, end: number): void {
    this.#giveUpHeld();
    this.#other(bytes, start, end);
  }

  #giveUpHeld(): void {
    const held = this.#held;
    this.#held = null;
    if (held !== null) this.#other(held, 0, held.byteLength);
  }

  /** Appends the events of a line; false if the line is not strace output. */
  #take(bytes: Buffer, start: number, end: number): boolean {
    const line = this.#line;
    const kind = line.parse(bytes, start, end);
    if (kind === 'other') return false;
    const type = this.#types.get(bytes, line.nameStart, line.nameEnd);
    if (type === null) return false;
    if (kind === 'resumed') return this.#resumed(type);
    type.count++;
    if (kind === 'call') this.#call(type);
    else if (kind === 'unfinished') this.#unfinished(type);
    else if (kind === 'signal') this.#signal(type);
    else this.#exit(type);
    return true;
  }

  #call(type: NameType): void {
    // A thread that makes another call has returned from the one before.
    if (this.#pending.size > 0) this.#pending.delete(this.#line.tid);
    this.#fill(type, true);
    this.#emitter.whole(this.#line);
  }

  /** Starts the draft of a call; false when its begin cannot be written yet. */
  #fill(type: NameType, hasReturned: boolean): boolean {
    const draft = this.#emitter.start(this.#emitter.kinds.syscall, type.id);
    draft.textIsArguments = true;
    if (type.handler === null) return true;
    return this.#handlers.fill(type.handler, this.#line, draft, hasReturned);
  }

  #unfinished(type: NameType): void {
    const line = this.#line;
    const { tid, task, seconds, nanoseconds, argsStart, argsEnd } = line;
    line.hasRet = false;
    const isKnown = this.#fill(type, false);
    const begin = isKnown ? this.#emitter.begin(line, line) : -1;
    const kept = Math.min(argsEnd, argsStart + HELD_BYTES_MAX);
    const args = Buffer.from(line.bytes.subarray(argsStart, kept));
    this.#pending.delete(tid);
    if (this.#pending.size >= PENDING_MAX) this.#forget();
    const [kind, name] = this.#emitter.what();
    this.#pending.set(tid, { type, kind, name, tid, task, seconds, nanoseconds, args, begin });
  }

  /** Gives up the oldest waiting call: its begin stays without an end. */
  #forget(): void {
    for (const tid of this.#pending.keys()) {
      this.#pending.delete(tid);
      return;
    }
  }

  #resumed(type: NameType): boolean {
    const line = this.#line;
    const { tid, task, seconds, nanoseconds } = line;
    const ended: EventStamp = { tid, task, seconds, nanoseconds };
    const pending = this.#pending.get(tid);
    const first = pending?.type === type ? pending : undefined;
    const rest = line.bytes.subarray(line.argsStart, line.argsEnd);
    const both = first === undefined ? rest : Buffer.concat([first.args, rest]);
    if (!line.parseRest(both, 0, both.byteLength)) return false;
    this.#fill(type, true);
    if (first === undefined) {
      type.count++;
      this.#emitter.whole(line);
      return true;
    }
    this.#pending.delete(tid);
    if (first.begin >= 0) this.#emitter.call(first.kind, first.name);
    const begin = first.begin < 0 ? this.#emitter.begin(line, first) : first.begin;
    this.#emitter.end(line, line.duration < 0 ? ended : first, begin as Seq);
    return true;
  }

  #signal(type: NameType): void {
    const line = this.#line;
    const text = line.bytes.toString('utf8', line.argsStart, line.argsEnd);
    const { kinds } = this.#emitter;
    if (type.name !== SIGBUS) {
      this.#emitter.appendPoint(kinds.signal, type.id, line, text);
      return;
    }
    const draft = this.#emitter.start(kinds.bus, type.id);
    draft.text = text;
    const address = Number(SIGNAL_ADDRESS.exec(text)?.[1] ?? Number.NaN);
    if (Number.isSafeInteger(address)) this.#faultAddress(address);
    this.#emitter.point(line);
  }

  /** Where a fault hit: in a region of a device when the address is in a mapping of one. */
  #faultAddress(address: number): void {
    const { draft } = this.#emitter;
    const process = this.#files.process(this.#line.tid);
    const mapping = this.#files.mappingAt(process, address);
    this.#handlers.accesses.address(draft, mapping, address);
  }

  #exit(type: NameType): void {
    const line = this.#line;
    const text = line.bytes.toString('utf8', line.nameStart, line.argsEnd);
    const draft = this.#emitter.start(this.#emitter.kinds.process, type.id);
    draft.text = text;
    const code = EXIT_CODE.exec(text);
    if (code !== null) draft.row.setWords(CELL.value, Number(code[1]), 0);
    this.#emitter.point(line);
  }

  #other(bytes: Buffer, start: number, end: number): void {
    this.#unparsed++;
    const { seconds, nanoseconds } = this.#line;
    const at = { tid: -1, task: -1, seconds, nanoseconds };
    this.#emitter.appendPoint(this.#emitter.kinds.log, -1, at, bytes.toString('utf8', start, end));
  }

  #typeOf(name: string, events: EventAppender): NameType | null {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    if (this.#known.size >= NAMES_MAX) return null;
    const handler = this.#handlers.byName.get(name) ?? null;
    const type = { name, id: events.dictionaries.name.id(name), handler, count: 0 };
    this.#known.set(name, type);
    return type;
  }
}
