/** The text of `udevadm monitor`, with or without `--property`. */
import {
  BDF_PATTERN,
  CELL,
  type EventAppender,
  type EventRow,
  parseBdf,
} from '../../../traces/index.js';
import type { Importer, ImportReport } from '../importer.js';
import type { Input } from '../input-stream.js';
import { LineReader } from '../lines.js';

/**
 * `udevmonitor` of 2005 to 2008 called the kernel's events UEVENT, at first as `add@/devices/…`.
 */
const HEADER =
  /^(KERNEL|UEVENT|UDEV) *\[(\d{1,10})\.(\d{1,9})\] (\w+)(?: +|@)(\/\S+)(?: \((\S+)\))?\s*$/;
/** A reading of CLOCK_MONOTONIC that is larger would be of a machine that is up for 30 years. */
const MONO_SECONDS_MAX = 1_000_000_000;
const PROPERTY = /^[A-Z][A-Z0-9_]*=/;
const INTRODUCTION = /^(?:monitor will print|udevmonitor |UDEV |UEVENT |KERNEL - |$)/;
const DEVICE = new RegExp(String.raw`\/(${BDF_PATTERN})(?=\/|$)`, 'g');
/** A uevent has at most 64 variables in 2048 bytes (kernel include/linux/kobject.h). */
const PROPERTIES_MAX = 256;
const VALUE_LENGTH_MAX = 4096;

export const udevadm: Importer = {
  format: 'udevadm',
  describe: 'text of udevadm monitor, best with --property',
  clock: '`mono`',
  needs: 'stream',
  sample: 'udevadm/monitor.txt.zst',

  detect(head) {
    const lines = head.toString('latin1').split(/\r?\n/, 200);
    const first = lines.findIndex((line) => HEADER.test(line));
    return first < 0 ? 0 : first < 20 ? 0.9 : 0.3;
  },

  // udevadm prints its own reading of CLOCK_MONOTONIC (systemd src/udev/udevadm-monitor.c); the
  // first versions called gettimeofday().
  meta({ head }) {
    const first = head
      .toString('latin1')
      .split(/\r?\n/, 200)
      .map((line) => HEADER.exec(line))
      .find((match) => match !== null);
    const isWall = Number(first?.[2] ?? 0) > MONO_SECONDS_MAX;
    return isWall ? { clock: 'realtime', wallOffsetNs: 0n } : { clock: 'mono' };
  },
  read: (input, events) => new UdevadmReader(input, events).read(),
};

/** The uevent whose lines are being read. */
interface Uevent {
  readonly sender: string;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly action: string;
  readonly path: string;
  /** Undefined where it was not printed. */
  readonly subsystem: string | undefined;
  readonly properties: string[];
}

class UdevadmReader {
  readonly #lines: LineReader;
  readonly #uevent: number;
  readonly #log: number;
  readonly #counts: Record<string, number> = {};
  #open: Uevent | null = null;
  #unparsed = 0;
  readonly #row: EventRow;

  constructor(
    input: Input,
    private readonly events: EventAppender,
  ) {
    this.#lines = new LineReader(input);
    this.#row = events.row('udevadm');
    this.#uevent = events.kind('uevent');
    this.#log = events.kind('log');
  }

  read(): ImportReport {
    const lines = this.#lines;
    let cut = false;
    while (lines.next()) {
      cut = !lines.complete;
      const line = lines.text().replace(/\r$/, '');
      if (cut) this.#other(line);
      else this.#line(line);
    }
    this.#close();
    return {
      records: this.#counts,
      unparsed: this.#unparsed,
      lost: 0,
      ...(cut && { stopped: { offset: lines.offset, why: 'the last line has no end' } }),
    };
  }

  #line(line: string): void {
    const header = HEADER.exec(line);
    if (header !== null) {
      this.#close();
      const [, sender, seconds, fraction, action, path, subsystem] = header;
      const nanoseconds = Number(fraction.padEnd(9, '0'));
      const at = { seconds: Number(seconds), nanoseconds };
      this.#open = { sender, ...at, action, path, subsystem, properties: [] };
    } else if (line === '') this.#close();
    else if (this.#isProperty(line)) this.#open?.properties.push(line);
    else if (!INTRODUCTION.test(line)) this.#other(line);
  }

  #isProperty(line: string): boolean {
    if (this.#open === null || this.#open.properties.length >= PROPERTIES_MAX) return false;
    return line.length <= VALUE_LENGTH_MAX && PROPERTY.test(line);
  }

  /** Appends the uevent whose lines have all been read. */
  #close(): void {
    const uevent = this.#open;
    this.#open = null;
    if (uevent === null) return;
    const { events } = this;
    const row = this.#row;
    const { sender, action, properties } = uevent;
    this.#counts[sender] = (this.#counts[sender] ?? 0) + 1;
    row.start(this.#uevent, events.phase('point'));
    row.time(uevent.seconds, uevent.nanoseconds);
    // Distinguishes what udev sends after its rules have run from what the kernel sent.
    const name = sender === 'UDEV' ? `udev ${action}` : action;
    row.set(CELL.name, events.id('name', name));
    const bdf = parseBdf([...uevent.path.matchAll(DEVICE)].at(-1)?.[1] ?? '');
    if (bdf !== null) row.set(CELL.device, events.id('device', bdf));
    const driver = this.#property(properties, 'DRIVER');
    if (driver !== undefined) row.set(CELL.driver, events.id('driver', driver));
    const number = this.#property(properties, 'SEQNUM');
    if (number !== undefined && /^\d{1,15}$/.test(number))
      row.setNumber(CELL.value, Number(number));
    const of = uevent.subsystem === undefined ? '' : ` (${uevent.subsystem})`;
    row.text([`${action}@${uevent.path}${of}`, ...properties].join('\n'));
    events.append(row);
  }

  #property(properties: readonly string[], name: string): string | undefined {
    return properties.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1);
  }

  #other(line: string): void {
    this.#close();
    this.#unparsed++;
    this.#row.start(this.#log, this.events.phase('point'));
    this.#row.timeWords(0, 0);
    this.#row.text(line);
    this.events.append(this.#row);
  }
}
