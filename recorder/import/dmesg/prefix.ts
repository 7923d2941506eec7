/**
 * What stands before the message in a line of the kernel log, as dmesg, the journal and syslog
 * write it: level, time, host.
 */
import { SECONDS_MAX } from '../cursor.js';
import type { InputMeta } from '../importer.js';

/** A line without what stands before its message. */
export interface LogLine {
  /** Nanoseconds of the style's clock; null when the line has no time of its own. */
  readonly time: bigint | null;
  readonly message: string;
}

interface Style {
  readonly name: string;
  readonly meta: InputMeta;
  /** Blanks before a further line of a message, where that is not the width of what is in front. */
  readonly indent?: number;
  /** The line, or null when it is not of this style. */
  parse(line: string): LogLine | null;
}

const NS_PER_S = 1_000_000_000n;
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const REALTIME: InputMeta = { clock: 'realtime', wallOffsetNs: 0n };
const ZONELESS: InputMeta = {
  clock: 'realtime',
  notes: { zone: 'the input has local times without their zone, which were taken for UTC' },
};
const YEARLESS: InputMeta = {
  clock: 'year',
  notes: { clock: 'the input has no year: time since 1 January, in the zone of the machine' },
};

/** Level as dmesg -r (`<6>`) and dmesg -x (`kern  :info  : `) print it. */
const LEVEL = String.raw`(?:<\d{1,3}>|[a-z]+ *:[a-z]+ *: )?`;
/** The thread or CPU that CONFIG_PRINTK_CALLER adds. */
const CALLER = String.raw`(?:\[ *[TC]\d+\])?`;
const HOST = String.raw`(?:\S+ kernel(?:\[\d+\])?: ?)`;
const STAMP = String.raw`\[ *(\d{1,10})\.(\d{1,9})\]`;
const PLAIN = new RegExp(`^${LEVEL}${STAMP}${CALLER} ?${HOST}?(.*)$`, 's');
const NESTED = new RegExp(`^${STAMP}${CALLER} ?(.*)$`, 's');
const KMSG = /^(\d{1,5}),\d{1,20},(\d{1,18}),[^;]*;(.*)$/s;
const CTIME = new RegExp(
  String.raw`^${LEVEL}\[\w{3} (\w{3}) +(\d{1,2}) (\d\d):(\d\d):(\d\d) (\d{4})\] ?(.*)$`,
  's',
);
const ISO_DATE = String.raw`(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)`;
const ISO = new RegExp(
  String.raw`^${LEVEL}${ISO_DATE}(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d) ${HOST}?(.*)$`,
  's',
);
const SYSLOG = new RegExp(
  String.raw`^${LEVEL}(\w{3}) +(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))? ${HOST}(.*)$`,
  's',
);
const UNIX = new RegExp(String.raw`^(\d{9,10})\.(\d{1,9}) ${HOST}(.*)$`, 's');

const fraction = (digits: string | undefined) => BigInt((digits ?? '').padEnd(9, '0'));
const nanos = (seconds: string | number, digits?: string) =>
  BigInt(seconds) * NS_PER_S + fraction(digits);

/** Seconds since 1970 of a date in UTC, or null for what is no date. */
function utcSeconds(year: string, month: number, rest: readonly string[]): number | null {
  const [day, hour, minute, second] = rest.map(Number);
  if (month < 0 || month > 11 || day > 31 || hour > 24 || minute > 59 || second > 60) return null;
  const ms = Date.UTC(Number(year), month, day, hour, minute, second);
  return ms >= 0 && ms / 1000 < SECONDS_MAX ? ms / 1000 : null;
}

/** Seconds that a zone such as `+01:00` is ahead of UTC. */
function zoneSeconds(zone: string): number {
  if (zone === 'Z') return 0;
  const seconds = Number(zone.slice(1, 3)) * 3600 + Number(zone.slice(-2)) * 60;
  return zone.startsWith('-') ? -seconds : seconds;
}

const plain: Style = {
  name: 'seconds since boot',
  // printk stamps with local_clock(), which starts with the machine as CLOCK_MONOTONIC does.
  meta: { clock: 'mono' },
  parse(line) {
    const match = PLAIN.exec(line);
    if (match === null) return null;
    return { time: nanos(match[1], match[2]), message: match[3] };
  },
};

const kmsg: Style = {
  name: '/dev/kmsg',
  meta: { clock: 'mono' },
  // Properties of a message follow as ` KEY=value` (kernel Documentation/ABI/testing/dev-kmsg).
  indent: 1,
  parse(line) {
    const match = KMSG.exec(line);
    if (match === null) return null;
    return { time: BigInt(match[2]) * 1000n, message: match[3] };
  },
};

const ctime: Style = {
  name: 'dmesg -T',
  meta: ZONELESS,
  parse(line) {
    const match = CTIME.exec(line);
    const seconds = match && utcSeconds(match[6], MONTHS.indexOf(match[1]), match.slice(2, 6));
    if (match === null || seconds === null) return null;
    return { time: nanos(seconds), message: match[7] };
  },
};

const iso: Style = {
  name: 'ISO 8601',
  meta: REALTIME,
  parse(line) {
    const match = ISO.exec(line);
    const seconds = match && utcSeconds(match[1], Number(match[2]) - 1, match.slice(3, 7));
    if (match === null || seconds === null) return null;
    return { time: nanos(seconds - zoneSeconds(match[8]), match[7]), message: match[9] };
  },
};

const unix: Style = {
  name: 'journal, seconds since 1970',
  meta: REALTIME,
  parse(line) {
    const match = UNIX.exec(line);
    return match && { time: nanos(match[1], match[2]), message: match[3] };
  },
};

/** Syslog and the journal's default, when the message has the kernel's own time in front. */
const syslogStamped: Style = {
  name: 'syslog with seconds since boot',
  meta: { clock: 'mono' },
  parse(line) {
    const match = SYSLOG.exec(line);
    const inner = match && NESTED.exec(match[7]);
    return inner && { time: nanos(inner[1], inner[2]), message: inner[3] };
  },
};

const syslog: Style = {
  name: 'syslog',
  meta: YEARLESS,
  parse(line) {
    const match = SYSLOG.exec(line);
    const seconds = match && utcSeconds('1970', MONTHS.indexOf(match[1]), match.slice(2, 6));
    if (match === null || seconds === null) return null;
    return { time: nanos(seconds, match[6]), message: match[7] };
  },
};

/** Every style, the one that says most first. */
export const STYLES: readonly Style[] = [plain, kmsg, iso, ctime, unix, syslogStamped, syslog];
export type { Style };

/** The style in which most of the lines are, with how many are; null when none is in any. */
export function findStyle(lines: readonly string[]): { style: Style; hits: number } | null {
  const counted = STYLES.map((style) => ({
    style,
    hits: lines.filter((line) => style.parse(line) !== null).length,
  }));
  const best = counted.reduce((a, b) => (b.hits > a.hits ? b : a));
  return best.hits > 0 ? best : null;
}
