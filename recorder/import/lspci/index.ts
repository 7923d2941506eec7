/**
 * `lspci -xxxx` (or -xxx, -x, with or without -v, -k, -n, -D) as snapshots: the configuration space
 * of every function shown, and the other properties that lspci prints.
 */
import {
  type Bdf,
  type EventAppender,
  type EventRow,
  parseShortBdf,
  SHORT_BDF_PATTERN,
} from '../../../traces/index.js';
import { emitSnapshot, type FunctionState } from '../../snapshot/emit-snapshot.js';
import type { Importer, ImportReport } from '../importer.js';
import type { Input } from '../input-stream.js';
import { LineReader } from '../lines.js';
import { configAttributes } from './config-file.js';

const HEADER = new RegExp(String.raw`^(${SHORT_BDF_PATTERN}) \S`);
const ROW = /^([0-9a-f]{2,3}): ((?:[0-9a-f]{2} ?){16})$/;
const DRIVER = /^\s+Kernel driver in use: (\S.*?)\s*$/;
const GROUP = /^\s+IOMMU group: (\d+)$/;
const CONFIG_BYTES = 4096;
const ROW_BYTES = 16;

export const lspci: Importer = {
  format: 'lspci',
  describe: 'lspci -xxxx (also -x, -v, -k, -D): configuration spaces as snapshots',
  clock: '`none`',
  needs: 'stream',
  sample: 'lspci/lspci-vvvnn-xxxx.txt.zst',

  detect(head) {
    const lines = head.toString('latin1').split(/\r?\n/, 400);
    const header = lines.findIndex((line) => HEADER.test(line));
    if (header < 0) return 0;
    return lines.slice(header).some((line) => ROW.test(line)) ? 0.9 : 0;
  },

  meta: () => ({ clock: 'none' }),
  read: (input, events) => new LspciReader(input, events).read(),
};

/** The function whose lines are being read. */
interface Entry {
  readonly bdf: Bdf;
  readonly config: Buffer;
  /** Bytes of `config` that were shown, from its start. */
  length: number;
  driver: string | null;
  group: string | null;
}

class LspciReader {
  readonly #lines: LineReader;
  /** For lines that are not understood. */
  readonly #log: EventRow;
  #entry: Entry | null = null;
  #functions = 0;
  #unparsed = 0;

  constructor(
    input: Input,
    private readonly events: EventAppender,
  ) {
    this.#lines = new LineReader(input);
    this.#log = events.row('lspci');
  }

  read(): ImportReport {
    const lines = this.#lines;
    let cut = false;
    while (lines.next()) {
      cut = !lines.complete;
      // The last row of a file without a last newline is whole when it has all of its bytes.
      this.#line(lines.latin1().replace(/\r$/, ''));
    }
    this.#close();
    return {
      records: { function: this.#functions },
      unparsed: this.#unparsed,
      lost: 0,
      ...(cut && { stopped: { offset: lines.offset, why: 'the last line has no end' } }),
    };
  }

  #line(line: string): void {
    const header = HEADER.exec(line);
    if (header !== null) this.#header(header[1]);
    else if (ROW.test(line)) this.#row(line);
    else if (this.#entry !== null && /^\s/.test(line)) this.#detail(this.#entry, line);
    else if (line === '') this.#close();
    else this.#other(line);
  }

  #header(place: string): void {
    this.#close();
    const bdf = parseShortBdf(place);
    if (bdf === null) return;
    const config = Buffer.alloc(CONFIG_BYTES);
    this.#entry = { bdf, config, length: 0, driver: null, group: null };
  }

  /** `f0: 00 00 …`, which must go on where the row before ended. */
  #row(line: string): void {
    const entry = this.#entry;
    const [, offset, bytes] = ROW.exec(line)!;
    const at = Number.parseInt(offset, 16);
    if (entry === null || at !== entry.length || at + ROW_BYTES > CONFIG_BYTES) {
      this.#other(line);
      return;
    }
    Buffer.from(bytes.replace(/ /g, ''), 'hex').copy(entry.config, at);
    entry.length = at + ROW_BYTES;
  }

  #detail(entry: Entry, line: string): void {
    entry.driver = DRIVER.exec(line)?.[1] ?? entry.driver;
    entry.group = GROUP.exec(line)?.[1] ?? entry.group;
  }

  #close(): void {
    const entry = this.#entry;
    this.#entry = null;
    if (entry === null) return;
    this.#functions++;
    const config = entry.length === 0 ? null : entry.config.subarray(0, entry.length);
    const state: FunctionState = {
      bdf: entry.bdf,
      driver: entry.driver,
      driverOverride: null,
      iommuGroup: entry.group,
      physfn: null,
      attributes: config === null ? {} : configAttributes(config),
      config,
    };
    const machine = { timeNs: null, functions: [state], drivers: [] };
    emitSnapshot(this.events, 'lspci', machine, 'start');
  }

  #other(line: string): void {
    this.#unparsed++;
    const { events } = this;
    this.#log.start(events.kind('log'), events.phase('point'));
    this.#log.text(line);
    events.append(this.#log);
  }
}
