/** The kernel log: `dmesg` in all its time formats, `journalctl -k`, syslog, `/dev/kmsg`. */
import { type EventAppender, parseBdf } from '../../../traces/index.js';
import type { Importer, ImportReport } from '../importer.js';
import type { Input } from '../input.js';
import { LINE_BYTES_MAX, LineReader } from '../lines.js';
import { findStyle, type LogLine, plainLine, STYLES, type Style } from './prefix.js';
import { type Fact, factOf } from './rules.js';

const KERNEL = /Linux version (\S+)/;
/** Driver and device as dev_printk() puts them before its message. */
const DEVICE_PRINTK = /^([\w-]{1,40}) ([0-9a-f]{4,}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7])(?:[: ]|$)/;
const ANY_BDF = /(?:^|[^0-9a-f:])([0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7])(?![0-9a-f.])/;
/** What dev_printk() calls a device without a driver. */
const NO_DRIVER = 'pci';
/** Words that only a kernel log has, for a log that does not start with the boot. */
const KERNEL_WORDS = /\b(?:Linux version|kernel|pci|DMAR|AMD-Vi|vfio|AER|ACPI|iommu|nvme)\b/;

export const dmesg: Importer = {
  format: 'dmesg',
  describe: 'kernel log: dmesg in every time format, journalctl -k (short-…, json), syslog',

  detect(head) {
    const lines = headLines(head);
    const found = findStyle(lines);
    if (found === null || found.hits * 2 < lines.length) return 0;
    return lines.some((line) => KERNEL_WORDS.test(line)) ? 0.7 : 0.3;
  },

  meta(input) {
    const kernel = KERNEL.exec(input.head.toString('latin1'))?.[1];
    return { ...styleOf(input).meta, ...(kernel !== undefined && { kernel }) };
  },

  read: (input, events) => new DmesgReader(input, events, styleOf(input)).read(),
};

const headLines = (head: Buffer) =>
  head
    .toString('utf8')
    .split('\n', 300)
    .map(plainLine)
    .filter((line) => line !== '');

const styleOf = (input: Input): Style => findStyle(headLines(input.head))?.style ?? STYLES[0];

class DmesgReader {
  readonly #lines: LineReader;
  readonly #kinds = new Map<string, number>();
  #time = 0n;
  /** The message that was read last; the next lines may go on with it. */
  #pending: string | null = null;
  /** Columns in front of its text. */
  #indent = 0;
  #messages = 0;
  #unparsed = 0;

  constructor(
    input: Input,
    private readonly events: EventAppender,
    private readonly style: Style,
  ) {
    this.#lines = new LineReader(input);
    events.source('dmesg');
  }

  read(): ImportReport {
    const lines = this.#lines;
    let cut = false;
    while (lines.next()) {
      cut = !lines.complete;
      const text = plainLine(lines.text());
      if (text === '') continue;
      const line = cut ? null : this.style.parse(text);
      if (line !== null) this.#start(line, text);
      else if (cut || !this.#continues(text)) this.#other(text);
    }
    this.#flush();
    return {
      records: { message: this.#messages },
      unparsed: this.#unparsed,
      lost: 0,
      ...(cut && { stopped: { offset: lines.offset, why: 'the last line has no end' } }),
    };
  }

  #start(line: LogLine, text: string): void {
    this.#flush();
    const { time, step } = line;
    if (step !== undefined) this.#time = later(this.#time + step, time ?? 0n);
    else if (time !== null) this.#time = time;
    this.#pending = line.message;
    this.#indent = this.style.indent ?? text.length - line.message.length;
  }

  /**
   * Further lines of a message stand under its first: dmesg and the journal put as many blanks
   * before them as their columns are wide (util-linux dmesg.c, systemd logs-show.c).
   */
  #continues(text: string): boolean {
    const blanks = ' '.repeat(this.#indent);
    if (this.#pending === null || blanks === '' || !text.startsWith(blanks)) return false;
    if (this.#pending.length + text.length > LINE_BYTES_MAX) return false;
    this.#pending += `\n${text.slice(blanks.length)}`;
    return true;
  }

  #flush(): void {
    if (this.#pending !== null) this.#message(this.#pending);
    this.#pending = null;
  }

  #message(message: string): void {
    this.#messages++;
    const { events } = this;
    const fact = factOf(message);
    this.#begin(fact?.kind ?? 'log');
    const prefix = DEVICE_PRINTK.exec(message);
    if (prefix !== null && prefix[1] !== NO_DRIVER) events.string('driver', prefix[1]);
    const named = fact?.device ?? prefix?.[2] ?? ANY_BDF.exec(message)?.[1];
    const device = named === undefined ? null : parseBdf(withDomain(named));
    if (device !== null) events.string('device', device);
    if (fact !== null) this.#columns(fact);
    events.text(message);
    events.commit();
  }

  #columns(fact: Fact): void {
    const { events } = this;
    events.string('name', fact.name);
    if (fact.region !== undefined) events.int('region', fact.region);
    for (const column of ['offset', 'length', 'value', 'ret'] as const) {
      const value = fact[column];
      if (value !== undefined) events.big(column, value);
    }
  }

  /** A line without a time that does not go on with the message above it. */
  #other(text: string): void {
    this.#flush();
    this.#unparsed++;
    this.#begin('log');
    this.events.text(text);
    this.events.commit();
  }

  #begin(kind: Fact['kind']): void {
    let id = this.#kinds.get(kind);
    if (id === undefined) {
      id = this.events.kind(kind);
      this.#kinds.set(kind, id);
    }
    this.events.begin(id, 'point');
    const low = Number(this.#time & 0xffff_ffffn);
    this.events.timeWords(low, Number((this.#time >> 32n) & 0xffff_ffffn));
  }
}

const later = (a: bigint, b: bigint) => (a > b ? a : b);

/** DMAR and old AMD-Vi lines leave the domain out, which is then 0. */
const withDomain = (bdf: string) => (/^[0-9a-f]{4,}:.*:/.test(bdf) ? bdf : `0000:${bdf}`);
