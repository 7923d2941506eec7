/**
 * QEMU's simpletrace binary (QEMU `trace/simple.c`): a header, then records. Version 4 has every
 * event's name in a mapping record. Versions 2 and 3 have only numbers, whose names only the build
 * of QEMU that wrote them knows.
 */
import { CELL, type EventAppender, type EventRow, VfrError } from '../../../traces/index.js';
import { ByteStream } from '../byte-stream.js';
import type { Importer, ImportReport } from '../importer.js';
import type { Input } from '../input-stream.js';
import { formatArguments } from './binary-form.js';
import { countsOf, type EventType, QemuEmitter } from './qemu-emitter.js';
import { QemuSequence } from './qemu-sequence.js';
import { DROPPED_ID, RECORD_HEADER_BYTES, SimpletraceRecords } from './simpletrace-records.js';

const HEADER_BYTES = 24;
const HEADER_ID = 0xffff_ffff_ffff_ffffn;
const HEADER_MAGIC = 0xf2b1_77cb_0aa4_29b4n;
const NAMES_MAX = 1 << 16;

export const qemuSimpletrace: Importer = {
  format: 'qemu-simpletrace',
  describe: 'QEMU -trace simpletrace binary, versions 2 to 4',
  clock: '`mono`',
  needs: 'stream',
  sample: 'qemu/simpletrace-v4.bin.zst',
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
  return new VfrError('SIMPLETRACE_HEADER', what, next, { file: input.name });
}

function unknownVersion(input: Input, version: bigint): VfrError {
  const what = `simpletrace version ${version} is not known`;
  const next = 'vfr reads versions 2 to 4; record with QEMU -trace and the log backend instead.';
  return new VfrError('SIMPLETRACE_VERSION', what, next, { file: input.name });
}

class SimpletraceReader {
  readonly #emitter: QemuEmitter;
  readonly #sequence: QemuSequence;
  readonly #records: SimpletraceRecords;
  readonly #names = new Map<bigint, EventType | null>();
  readonly #lost: number;
  readonly #row: EventRow;
  #dropped = 0;

  constructor(
    stream: ByteStream,
    private readonly events: EventAppender,
    isTyped: boolean,
  ) {
    this.#records = new SimpletraceRecords(stream, isTyped);
    this.#emitter = new QemuEmitter(events);
    this.#sequence = new QemuSequence(this.#emitter);
    this.#lost = events.kind('lost');
    this.#row = events.row('qemu');
  }

  read(): ImportReport {
    const records = this.#records;
    let stopped: ImportReport['stopped'];
    for (let next = records.next(); next !== null; next = records.next()) {
      if (next.type === 'event') this.#emit(next.bytes);
      else if (next.type === 'mapping') this.#map(next.id, next.bytes);
      else {
        if (next.isEnd) stopped = { offset: next.offset, why: next.why };
        if (!next.isCut) this.#lose(1, `${next.why}: at least one record of the trace is lost`);
      }
    }
    this.#sequence.finish();
    return {
      records: countsOf(this.#emitter.types),
      unparsed: this.#sequence.unparsed,
      lost: this.#dropped,
      ...(stopped !== undefined && { stopped }),
    };
  }

  /** Stores the name of an event. A number with two names is damaged, and has no name. */
  #map(id: bigint, name: Buffer): void {
    const type = this.#emitter.type(name, 0, name.byteLength);
    const known = this.#names.get(id);
    if (known === undefined) {
      if (this.#names.size < NAMES_MAX) this.#names.set(id, type);
    } else if (known !== type) this.#names.set(id, null);
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
    const row = this.#row;
    row.start(this.#lost, this.events.phase('point'));
    row.time(seconds, nanoseconds);
    row.setNumber(CELL.value, count);
    row.text(why);
    this.events.append(row);
  }
}
