/**
 * The text of the kernel's mmiotrace tracer: every access of a driver to mapped device memory
 * (kernel kernel/trace/trace_mmiotrace.c and Documentation/trace/mmiotrace.rst, format 20070824).
 */
import { CELL, type EventAppender, type EventRow, formatBdf } from '../../../traces/index.js';
import type { Importer, ImportReport } from '../importer.js';
import type { Input } from '../input-stream.js';
import { Cursor } from '../line-cursor.js';
import { LineReader } from '../lines.js';
import { type Bar, Bars, RESOURCES } from './bar-at-address.js';

const BLANK = 0x20;
const MAPPINGS_MAX = 1 << 16;
const FIRST_LINE = /^VERSION \d{8}$/m;
const ANY_LINE = /^(?:PCIDEV [0-9a-f]{4} [0-9a-f]{8} |MAP \d|UNMAP \d|[RW] [1248] \d|MARK \d)/;
const LOST = /^Lost (\d+) events/;

export const mmiotrace: Importer = {
  format: 'mmiotrace',
  describe: 'text of the kernel mmiotrace tracer',
  clock: '`local`',
  needs: 'stream',
  sample: 'mmiotrace/e1000e.txt.zst',

  detect(head) {
    const text = head.toString('latin1');
    const lines = text.split('\n', 100).filter((line) => line !== '');
    const hits = lines.filter((line) => ANY_LINE.test(line)).length;
    if (hits * 2 <= lines.length) return 0;
    return FIRST_LINE.test(text) ? 1 : 0.8;
  },

  // The tracer uses the trace clock, which is the local one unless it was changed.
  meta: () => ({ clock: 'local' }),
  read: (input, events) => new MmiotraceReader(input, events).read(),
};

/** A mapping that is in force, with the BAR it is of when that is known. */
interface Mapping {
  readonly bar: Bar | undefined;
}

class MmiotraceReader {
  readonly #lines: LineReader;
  readonly #cursor = new Cursor();
  readonly #bars = new Bars();
  readonly #mappings = new Map<number, Mapping>();
  readonly #counts: Record<string, number> = {};
  readonly #kernel: number;
  readonly #mmio: number;
  readonly #kinds: Record<
    'R' | 'W' | 'MAP' | 'UNMAP' | 'MARK' | 'lost' | 'snapshot' | 'log',
    number
  >;
  #unparsed = 0;
  #lost = 0;
  readonly #row: EventRow;
  readonly #point: number;

  constructor(
    input: Input,
    private readonly events: EventAppender,
  ) {
    this.#lines = new LineReader(input);
    this.#row = events.row('mmiotrace');
    this.#point = events.phase('point');
    this.#kernel = events.dictionaries.path.id('kernel');
    this.#mmio = events.dictionaries.name.id('mmio');
    this.#kinds = {
      R: events.kind('region.read'),
      W: events.kind('region.write'),
      MAP: events.kind('mmap'),
      UNMAP: events.kind('munmap'),
      MARK: events.kind('mark'),
      lost: events.kind('lost'),
      snapshot: events.kind('snapshot'),
      log: events.kind('log'),
    };
  }

  read(): ImportReport {
    const lines = this.#lines;
    let cut = false;
    while (lines.next()) {
      cut = !lines.complete;
      if (lines.end === lines.start) continue;
      this.#cursor.set(lines.bytes, lines.start, lines.end);
      if (cut || !this.#line()) this.#other();
    }
    return {
      records: this.#counts,
      unparsed: this.#unparsed,
      lost: this.#lost,
      ...(cut && { stopped: { offset: lines.offset, why: 'the last line has no end' } }),
    };
  }

  #line(): boolean {
    const { bytes, start, end } = this.#lines;
    const blank = bytes.indexOf(BLANK, start);
    if (blank < 0 || blank >= end) return false;
    const type = bytes.toString('latin1', start, Math.min(blank, start + 8));
    this.#cursor.at = blank + 1;
    if (!this.#take(type)) return false;
    this.#counts[type] = (this.#counts[type] ?? 0) + 1;
    return true;
  }

  #take(type: string): boolean {
    switch (type) {
      case 'R':
      case 'W':
        return this.#access(this.#kinds[type]);
      case 'MAP':
        return this.#map();
      case 'UNMAP':
        return this.#unmap();
      case 'MARK':
        return this.#mark();
      case 'PCIDEV':
        return this.#pciDevice();
      default:
        return type === 'VERSION';
    }
  }

  /** The next number, or -1. Beyond 2^53 no address or size is exact, and none is real. */
  #number(): number {
    const cursor = this.#cursor;
    cursor.blanks();
    return cursor.number() && Number.isSafeInteger(cursor.value) ? cursor.value : -1;
  }

  #time(): boolean {
    this.#cursor.blanks();
    return this.#cursor.time();
  }

  /** Begins an event with the time that was read last. */
  #start(kind: number): EventRow {
    this.#row.start(kind, this.#point);
    this.#row.time(this.#cursor.seconds, this.#cursor.nanoseconds);
    return this.#row;
  }

  /** Says where an access or a mapping is: in a BAR when one is known there. */
  #place(bar: Bar | undefined, address: number): void {
    this.#inBar(bar);
    this.#row.setNumber(CELL.offset, bar === undefined ? address : address - bar.start);
  }

  #inBar(bar: Bar | undefined): void {
    const row = this.#row;
    row.set(CELL.path, this.#kernel);
    row.set(CELL.name, this.#mmio);
    if (bar === undefined) return;
    row.set(CELL.device, bar.device);
    row.set(CELL.region, bar.region);
  }

  /** `R width time map address value pc pid`. */
  #access(kind: number): boolean {
    const cursor = this.#cursor;
    const width = this.#number();
    if (width < 0 || !this.#time()) return false;
    const map = this.#number();
    const address = this.#number();
    cursor.blanks();
    if (map < 0 || address < 0 || !cursor.number()) return false;
    const { low, high } = cursor;
    const mapped = this.#mappings.get(map)?.bar;
    const isInside = mapped !== undefined && address >= mapped.start && address < mapped.end;
    const row = this.#start(kind);
    this.#place(isInside ? mapped : this.#bars.at(address), address);
    row.setNumber(CELL.length, width);
    row.setWords(CELL.value, low, high);
    this.events.append(this.#row);
    return true;
  }

  /** `MAP time map address virtual length pc pid`. */
  #map(): boolean {
    if (!this.#time()) return false;
    const map = this.#number();
    const address = this.#number();
    this.#cursor.blanks();
    if (map < 0 || address < 0 || !this.#cursor.number()) return false;
    const length = this.#number();
    if (length < 0) return false;
    const bar = this.#bars.at(address);
    if (this.#mappings.size < MAPPINGS_MAX) this.#mappings.set(map, { bar });
    const row = this.#start(this.#kinds.MAP);
    this.#place(bar, address);
    row.setNumber(CELL.length, length);
    row.setNumber(CELL.value, map);
    this.events.append(this.#row);
    return true;
  }

  /** `UNMAP time map pc pid`. */
  #unmap(): boolean {
    if (!this.#time()) return false;
    const map = this.#number();
    if (map < 0) return false;
    const bar = this.#mappings.get(map)?.bar;
    this.#mappings.delete(map);
    const row = this.#start(this.#kinds.UNMAP);
    this.#inBar(bar);
    row.setNumber(CELL.value, map);
    this.events.append(this.#row);
    return true;
  }

  /** `MARK time text`; the tracer also says so how many events it lost. */
  #mark(): boolean {
    if (!this.#time()) return false;
    const text = this.#lines.bytes.toString('utf8', this.#cursor.at + 1, this.#lines.end);
    const lost = LOST.exec(text);
    const row = this.#start(lost === null ? this.#kinds.MARK : this.#kinds.lost);
    if (lost !== null) {
      const count = Math.min(Number(lost[1]), Number.MAX_SAFE_INTEGER);
      this.#lost += count;
      row.setNumber(CELL.value, count);
    }
    row.text(text);
    this.events.append(this.#row);
    return true;
  }

  /** `PCIDEV bbdd vvvvdddd irq start×7 length×7 [driver]`, all hexadecimal. */
  #pciDevice(): boolean {
    const words = this.#lines.bytes
      .toString('latin1', this.#cursor.at, this.#lines.end)
      .trim()
      .split(/ +/);
    const isHex = (word: string) => /^[0-9a-f]{1,16}$/.test(word);
    if (words.length < 3 + 2 * RESOURCES || !words.slice(0, 17).every(isHex)) return false;
    const [place, ids, irq, ...rest] = words.slice(0, 17).map((word) => Number.parseInt(word, 16));
    const starts = rest.slice(0, RESOURCES);
    const lengths = rest.slice(RESOURCES);
    if (![...starts, ...lengths].every(Number.isSafeInteger) || ids > 0xffff_ffff) return false;
    const bdf = formatBdf(0, (place >> 8) & 0xff, place & 0xff);
    this.#bars.add(this.events.dictionaries.device.id(bdf), starts, lengths);
    this.#snapshot(bdf, ids, irq, words[17], { starts: words.slice(3, 10), lengths });
    return true;
  }

  #snapshot(
    bdf: string,
    ids: number,
    irq: number,
    driver: string | undefined,
    resources: { readonly starts: readonly string[]; readonly lengths: readonly number[] },
  ): void {
    const { events } = this;
    const hex = (value: number) => `0x${value.toString(16).padStart(4, '0')}`;
    const row = this.#row;
    row.start(this.#kinds.snapshot, this.#point);
    row.timeWords(0, 0);
    row.set(CELL.device, events.id('device', bdf));
    row.set(CELL.name, events.id('name', 'start'));
    if (driver !== undefined) row.set(CELL.driver, events.id('driver', driver));
    const state = {
      driver: driver ?? null,
      vendor: hex(Math.floor(ids / 0x1_0000)),
      device: hex(ids % 0x1_0000),
      irq: String(irq),
      bars: resources.starts.map((start, i) => `0x${start}+0x${resources.lengths[i].toString(16)}`),
    };
    row.text(JSON.stringify(state));
    events.append(row);
  }

  #other(): void {
    this.#unparsed++;
    this.#start(this.#kinds.log).text(this.#lines.text());
    this.events.append(this.#row);
  }
}
