/** The parts that both versions of trace.dat have in common, by their text. */
import { VfrError } from '../../../traces/index.js';
import { type EventFormat, parseEventFormat } from '../../ring-buffer/index.js';
import { lossCount } from '../loss-count.js';
import type { ByteReader } from './byte-reader.js';
import {
  correctedClock,
  parseTimeShift,
  parseTscRate,
  type TimeShift,
  type TscRate,
} from './clock-correction.js';
import type { CpuStats } from './trace-file.js';

/** Ids of options (trace-cmd.dat.v7(5), "OPTIONS SECTION"). */
export const OPTION = {
  done: 0,
  date: 1,
  cpuStat: 2,
  buffer: 3,
  traceClock: 4,
  uname: 5,
  offset: 7,
  cpuCount: 8,
  version: 9,
  traceId: 11,
  timeShift: 12,
  guest: 13,
  tsc2nsec: 14,
  headerInfo: 16,
  ftraceEvents: 17,
  eventFormats: 18,
  kallsyms: 19,
  printk: 20,
  commandLines: 21,
  bufferText: 22,
} as const;

export interface Option {
  readonly id: number;
  readonly data: Buffer;
}

/** No kernel has larger parts; a damaged size must not decide what is allocated. */
const TEXT_BYTES_MAX = 1 << 26;

/** A text with its size in front of it. */
export function sizedText(reader: ByteReader, sizeBytes: 4 | 8): Buffer {
  const size = sizeBytes === 4 ? reader.u32() : reader.u64();
  if (size > TEXT_BYTES_MAX) throw reader.fail(`a text of ${size} bytes`);
  return reader.bytes(size);
}

/** What a file of latency tracers is refused with: it has their text in place of records. */
export function latencyText(file: string): VfrError {
  const what = 'it holds the text of a latency tracer, not records';
  const next = 'Run `trace-cmd report` on it and import what that prints.';
  return new VfrError('TRACEDAT_LATENCY', what, next, { file });
}

/** The text of events/header_page. */
export function readHeaderInfo(reader: ByteReader): string {
  reader.expect('header_page\0');
  const page = sizedText(reader, 8).toString('latin1');
  reader.expect('header_event\0');
  sizedText(reader, 8);
  return page;
}

/** Formats of ftrace's own events. */
export function readFtraceFormats(reader: ByteReader): EventFormat[] {
  return readFormats(reader, reader.u32());
}

/** Formats of all recorded events, system by system. */
export function readEventFormats(reader: ByteReader): EventFormat[] {
  const formats: EventFormat[] = [];
  for (let systems = reader.u32(); systems > 0; systems--) {
    reader.string();
    formats.push(...readFormats(reader, reader.u32()));
  }
  return formats;
}

function readFormats(reader: ByteReader, count: number): EventFormat[] {
  const formats: EventFormat[] = [];
  for (let i = 0; i < count; i++) {
    const text = sizedText(reader, 8).toString('utf8');
    try {
      formats.push(parseEventFormat(text, reader.source.name));
    } catch (error) {
      // One format that cannot be read costs the records of its event, which are then counted.
      if (!(error instanceof VfrError)) throw error;
    }
  }
  return formats;
}

/** `pid comm` lines; a comm may have spaces, and newlines too: what has no number continues it. */
export function parseCommandLines(text: string): Map<number, string> {
  const names = new Map<number, string>();
  let last = -1;
  for (const line of text.replace(/\n?\0*$/, '').split('\n')) {
    const match = /^(\d+) (.*)$/s.exec(line);
    if (match !== null) {
      last = Number(match[1]);
      names.set(last, match[2]);
    } else if (last >= 0) {
      names.set(last, `${names.get(last)}\n${line}`);
    }
  }
  return names;
}

const text = ({ data }: Option) => data.toString('utf8').replace(/\0.*$/s, '');
const textOf = (options: readonly Option[], id: number): string | null => {
  const option = options.find((candidate) => candidate.id === id);
  return option === undefined ? null : text(option);
};

/** What the options say that both versions have. */
export function readOptions(options: readonly Option[], littleEndian: boolean) {
  const clock = /\[([^\]]+)\]/.exec(textOf(options, OPTION.traceClock) ?? '')?.[1] ?? 'local';
  const stats = options.filter(({ id }) => id === OPTION.cpuStat).map((o) => parseStats(text(o)));
  const version = textOf(options, OPTION.version);
  const offset = textOf(options, OPTION.offset);
  const guests = options.filter(({ id }) => id === OPTION.guest).map(text);
  const data = (id: number) => options.find((option) => option.id === id)?.data;
  const [rate, shift] = [data(OPTION.tsc2nsec), data(OPTION.timeShift)];
  const tscRate = rate === undefined ? null : parseTscRate(rate, littleEndian);
  const timeShift = shift === undefined ? null : parseTimeShift(shift, littleEndian);
  return {
    clock: correctedClock(clock, tscRate),
    tscRate,
    timeShift,
    uname: textOf(options, OPTION.uname),
    wallOffsetNs: parseDate(textOf(options, OPTION.date)),
    stats: stats.filter((stat) => stat !== null),
    notes: {
      ...(version === null ? {} : { 'trace-cmd': version.trim() }),
      // Shown times are these plus the offset; the times here are the clock's own.
      ...(offset === null ? {} : { 'ts-offset': offset.trim() }),
      ...(guests.length === 0 ? {} : { guests: guests.join(' ') }),
      ...(tscRate === null ? {} : { tsc2nsec: describeRate(tscRate) }),
      ...(timeShift === null ? {} : { 'time-shift': describeShift(timeShift) }),
    },
  };
}

const describeRate = ({ mult, shift, offset }: TscRate) =>
  `(cycles * ${mult}) >> ${shift}; ${offset} ns more make it the clock of perf`;

const describeShift = ({ peer, cpus }: TimeShift) =>
  `times are those of the host, recording 0x${peer.toString(16)}; CPU 0 was moved by ` +
  `${cpus[0]?.[0]?.offset ?? 0n} at the start, by ${cpus[0]?.at(-1)?.offset ?? 0n} at the end`;

/** Microseconds that make the wall clock of the trace's (trace-cmd's `--date`). */
function parseDate(date: string | null): bigint | null {
  return date !== null && /^-?(0x[0-9a-f]+|\d+)$/i.test(date.trim())
    ? (date.trim().startsWith('-') ? -1n : 1n) * BigInt(date.trim().replace('-', '')) * 1000n
    : null;
}

function parseStats(stats: string): CpuStats | null {
  const figure = (name: string) => new RegExp(`^${name}: (\\S+)`, 'm').exec(stats)?.[1] ?? '0';
  const count = (name: string) => (figure(name) === '0' ? 0 : lossCount(figure(name)));
  const cpu = /^\d{1,9}$/.exec(figure('CPU'))?.[0];
  if (cpu === undefined || !/^CPU: /m.test(stats)) return null;
  const [overrun, dropped] = [count('overrun'), count('dropped events')];
  const lost = overrun === null || dropped === null ? null : overrun + dropped;
  return { cpu: Number(cpu), lost };
}
