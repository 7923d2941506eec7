/**
 * QEMU's simpletrace binary (QEMU `trace/simple.c`): a header, then records. Version 4 gives every
 * event's name in a mapping record; versions 2 and 3 have numbers only, which nothing but the build
 * of QEMU that wrote them can name.
 */
import { type EventAppender, VfrError } from '../../../traces/index.js';
import { ByteStream } from '../byte-stream.js';
import type { Importer, ImportReport } from '../importer.js';
import type { Input } from '../input.js';
import { formatArguments } from './binary-form.js';
import { countsOf, type EventType, QemuEmitter } from './emitter.js';
import { QemuSequence } from './sequence.js';

const HEADER_BYTES = 24;
const HEADER_ID = 0xffff_ffff_ffff_ffffn;
const HEADER_MAGIC = 0xf2b1_77cb_0aa4_29b4n;
const DROPPED_ID = 0xffff_ffff_ffff_fffen;
const RECORD_HEADER_BYTES = 24;
/** QEMU's own buffer holds no larger record than this. */
const RECORD_BYTES_MAX = 1 << 18;
const NAME_BYTES_MAX = 512;
const NAMES_MAX = 1 << 16;
const TYPE_MAPPING = 0n;
const TYPE_EVENT = 1n;

export const qemuSimpletrace: Importer = {
  format: 'qemu-simpletrace',
  describe: 'QEMU -trace simpletrace binary, versions 2 to 4',
  detect: (head) => (hasHeader(head) ? 1 : 0),
  // Records are stamped with get_clock(), which is CLOCK_MONOTONIC on Linux.
  meta: () => ({ clock: 'mono' }),

  read(input, events) {
    const stream = new ByteStream(input);
    if (!stream.need(HEADER_BYTES) || !hasHeader(stream.bytes)) throw notSimpletrace(input);
    const version = stream.bytes.readBigUInt64LE(16);
    if (version < 2n || version > 4n) throw unknownVersion(input, version);
    stream.at = HEADER_BYTES;
    return new SimpletraceReader(stream, events, version === 4n).read();
  },
};

const hasHeader = (bytes: Buffer) =>
  bytes.byteLength >= HEADER_BYTES &&
  bytes.readBigUInt64LE(0) === HEADER_ID &&
  bytes.readBigUInt64LE(8) === HEADER_MAGIC;

function notSimpletrace(input: Input): VfrError {
  const next = 'Leave out --format to have the format found from the content.';
  const what = 'the input has no simpletrace header';
  return new VfrError('unreadable', 'SIMPLETRACE_HEADER', what, next, { file: input.name });
}

function unknownVersion(input: Input, version: bigint): VfrError {
  const what = `simpletrace version ${version} is not known`;
  const next = 'vfr reads versions 2 to 4; record with QEMU -trace and the log backend instead.';
  return new VfrError('unsupported', 'SIMPLETRACE_VERSION', what, next, { file: input.name });
}

class SimpletraceReader {
  readonly #emitter: QemuEmitter;
  readonly #sequence: QemuSequence;
  readonly #names = new Map<bigint, EventType | null>();
  readonly #lost: number;
  #dropped = 0;
  #why: string | null = null;

  constructor(
    private readonly stream: ByteStream,
    private readonly events: EventAppender,
    private readonly isTyped: boolean,
  ) {
    this.#emitter = new QemuEmitter(events);
    this.#sequence = new QemuSequence(this.#emitter);
    this.#lost = events.kind('lost');
  }

  read(): ImportReport {
    while (this.#why === null && this.stream.need(1)) {
      if (this.isTyped) this.#typedRecord();
      else this.#event(0);
    }
    this.#sequence.finish();
    return {
      records: countsOf(this.#emitter.types),
      unparsed: this.#sequence.unparsed,
      lost: this.#dropped,
      ...(this.#why !== null && { stopped: { offset: this.stream.offset, why: this.#why } }),
    };
  }

  /** A record of version 4: its type, then a mapping or an event. */
  #typedRecord(): void {
    if (!this.stream.need(8)) {
      this.#stop('a record is cut short');
      return;
    }
    const type = this.stream.bytes.readBigUInt64LE(this.stream.at);
    if (type === TYPE_MAPPING) this.#mapping();
    else if (type === TYPE_EVENT) this.#event(8);
    else this.#stop(`a record is of unknown type ${type}`);
  }

  #stop(why: string): void {
    this.#why = why;
  }

  /** Records were to come here, nobody knows how many: at least one. */
  #zeros(): void {
    this.#stop('there are zeros where a record should be');
    this.#lose(1, 'zeros stand where records of the trace should be: at least one is lost');
  }

  /** A mapping record: event id, length of the name, name. */
  #mapping(): void {
    const { stream } = this;
    if (!stream.need(20)) {
      this.#stop('a record is cut short');
      return;
    }
    const id = stream.bytes.readBigUInt64LE(stream.at + 8);
    const length = stream.bytes.readUInt32LE(stream.at + 16);
    // Zeros, as where a file was lengthened and never written, would be the mapping of no name.
    if (length === 0) this.#zeros();
    else if (length > NAME_BYTES_MAX) this.#stop('the name of an event is too long to be one');
    else if (!stream.need(20 + length)) this.#stop('a record is cut short');
    else if (this.#names.size >= NAMES_MAX) this.#stop('there are too many events');
    else {
      const start = stream.at + 20;
      this.#names.set(id, this.#emitter.type(stream.bytes, start, start + length));
      stream.at = start + length;
    }
  }

  /** An event record: id, time, length of the whole record, pid, arguments. */
  #event(before: number): void {
    const { stream } = this;
    if (!stream.need(before + RECORD_HEADER_BYTES)) {
      this.#stop('a record is cut short');
      return;
    }
    const length = stream.bytes.readUInt32LE(stream.at + before + 16);
    if (length === 0) this.#zeros();
    else if (length < RECORD_HEADER_BYTES || length > RECORD_BYTES_MAX) {
      this.#stop(`a record says it has ${length} bytes`);
    } else if (!stream.need(before + length)) this.#stop('a record is cut short');
    else {
      const start = stream.at + before;
      this.#emit(stream.bytes.subarray(start, start + length));
      stream.at = start + length;
    }
  }

  #emit(record: Buffer): void {
    const { moment } = this.#sequence;
    const id = record.readBigUInt64LE(0);
    const time = record.readBigUInt64LE(8);
    moment.seconds = Number(time / 1_000_000_000n);
    moment.nanoseconds = Number(time % 1_000_000_000n);
    moment.pid = record.readUInt32LE(20);
    const payload = record.subarray(RECORD_HEADER_BYTES);
    if (id === DROPPED_ID && payload.byteLength === 8) this.#dropRecord(payload);
    else this.#payload(this.#typeOf(id), payload);
  }

  #payload(type: EventType | null, payload: Buffer): void {
    const { cursor } = this.#emitter;
    for (const { form, template } of type?.forms ?? []) {
      const text = form.isTextOnly ? null : formatArguments(template, payload);
      if (type === null || text === null) continue;
      const line = Buffer.from(text);
      cursor.set(line, 0, line.byteLength);
      this.#sequence.event(type, line);
      return;
    }
    this.#sequence.payload(type, payload);
  }

  /** The event of a number; without a mapping it is named by its number. */
  #typeOf(id: bigint): EventType | null {
    const known = this.#names.get(id);
    if (known !== undefined) return known;
    const name = Buffer.from(`event_${id}`);
    return this.#emitter.type(name, 0, name.byteLength);
  }

  #dropRecord(payload: Buffer): void {
    const count = payload.readUInt32LE(0);
    this.#lose(count, 'QEMU dropped trace records: its buffer was full');
  }

  #lose(count: number, why: string): void {
    const { seconds, nanoseconds } = this.#sequence.moment;
    this.#sequence.finish();
    this.#dropped += count;
    this.events.begin(this.#lost, 'point');
    this.events.time(seconds, nanoseconds);
    this.events.word('value', count);
    this.events.text(why);
    this.events.commit();
  }
}
