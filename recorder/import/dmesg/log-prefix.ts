/**
 * The prefix of a line of the kernel log, as dmesg, the journal and syslog write it: level, time,
 * host.
 */

import type { InputMeta } from '../importer.js';
import { journalMessage, jsonObject } from '../journal/json-entry.js';
import { SECONDS_MAX } from '../line-cursor.js';

/** A line without its prefix. */
export interface LogLine {
  /** Nanoseconds of the style's clock; null when the line has no time of its own. */
  readonly time: bigint | null;
  /** Nanoseconds since the message before, if the line has only that or an inexact time. */
  readonly step?: bigint;
  readonly message: string;
}

export interface Style {
  readonly name: string;
  readonly meta: InputMeta;
  /** Blanks before a continuation line, if their number differs from the width of the prefix. */
  readonly indent?: number;
  /** The line, or null when it is not of this style. */
  parse(line: string): LogLine | null;
}

/**
 * Kernel messages are shorter than this, also within the journal's JSON. Longer lines are not
 * messages.
 */
export const MESSAGE_LINE_MAX = 16384;

const NS_PER_S = 1_000_000_000n;
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const REALTIME: InputMeta = { clock: 'realtime', wallOffsetNs: 0n };
const ZONELESS: InputMeta = {
  clock: 'realtime',
  notes: { zone: 'the input has local times without their zone, which were taken for UTC' },
};
const MINUTES: InputMeta = {
  clock: 'year',
  notes: { clock: 'time since 1 January, in the zone of the machine; whole minutes and distances' },
};
const STEPS: InputMeta = { clock: 'relative', notes: { clock: 'time since the first line' } };
const YEARLESS: InputMeta = {
  clock: 'year',
  notes: { clock: 'the input has no year: time since 1 January, in the zone of the machine' },
};

/** Level as dmesg -r (`<6>`) and dmesg -x (`kern  :info  : `) print it. */
const LEVEL = String.raw`(?:<\d{1,3}>|[a-z]+ *:[a-z]+ *: )?`;
/** The thread or CPU that CONFIG_PRINTK_CALLER adds. */
const CALLER = String.raw`(?:\[ *[TC]\d+\])?`;
/**
 * The host, which the journal omits under `--no-hostname`, and the program: the kernel, or a
 * program that reports gaps in its log.
 */
const WHO = String.raw`(?:kernel|systemd-journald|rsyslogd(?:-\d+)?|syslog-ng)`;
const HOST = String.raw`(?:(?:\S+ )?${WHO}(?:\[\d+\])?: ?)`;
/** The distance to the message before: `dmesg -d`, and `short-delta` of the journal. */
const DISTANCE = String.raw`(?: {1,20}<? {0,20}[\d.]{0,20} ?>?)?`;
const STAMP = String.raw`\[ *(\d{1,10})\.(\d{1,9})${DISTANCE}\]`;
const PLAIN = new RegExp(`^${LEVEL}${STAMP}${CALLER} ?${HOST}?(.*)$`, 's');
/**
 * What may precede the time: a prompt, an addition of a console or a collector, or syslog's
 * `kernel:` without its date and host.
 */
const PROMPT = /^.{0,100}?\s(?=\[ *\d{1,10}\.\d{6}\])/s;
const NESTED = new RegExp(`^${STAMP}${CALLER} ?(.*)$`, 's');
const KMSG = /^(\d{1,5}),\d{1,20},(\d{1,18}),[^;]*;(.*)$/s;
const CTIME = new RegExp(
  String.raw`^${LEVEL}\[\w{3} (\w{3}) +(\d{1,2}) (\d\d):(\d\d):(\d\d) (\d{4})${DISTANCE}\] ?(.*)$`,
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
const FULL = new RegExp(
  String.raw`^\w{3} (\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))? (\S+) ${HOST}(.*)$`,
  's',
);
/** `dmesg -H`: the minute when it is another one, otherwise the distance to the message before. */
const MINUTE = new RegExp(String.raw`^${LEVEL}\[(\w{3}) ?(\d{1,2}) (\d\d):(\d\d)\] ?(.*)$`, 's');
const STEP = new RegExp(String.raw`^${LEVEL}\[ *(\+|<) *(\d{1,10})\.(\d{1,9})>?\] ?(.*)$`, 's');
const JSON_LINE = /^(?:data: |\x1e)?(\{.*\})$/s;
const TIME_OF_DAY = new RegExp(
  String.raw`^(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))? ${HOST}(.*)$`,
  's',
);
const UNIX = new RegExp(String.raw`^(\d{9,10})\.(\d{1,9}) ${HOST}(.*)$`, 's');

/** The message after the kernel's own time, if another time precedes that. */
const inner = (message: string): string => NESTED.exec(message)?.[3] ?? message;
const fraction = (digits: string | undefined) => BigInt((digits ?? '').padEnd(9, '0'));
const nanos = (seconds: string | number, digits?: string) =>
  BigInt(seconds) * NS_PER_S + fraction(digits);

/** Seconds since 1970 of a date in UTC, or null if it is not a date. */
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

const prompted: Style = {
  name: 'seconds since boot behind a prompt',
  meta: { clock: 'mono' },
  parse(line) {
    const prompt = PROMPT.exec(line)?.[0];
    return (
      plain.parse(line) ?? (prompt === undefined ? null : plain.parse(line.slice(prompt.length)))
    );
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
    return { time: nanos(seconds - zoneSeconds(match[8]), match[7]), message: inner(match[9]) };
  },
};

const unix: Style = {
  name: 'journal, seconds since 1970',
  meta: REALTIME,
  parse(line) {
    const match = UNIX.exec(line);
    return match && { time: nanos(match[1], match[2]), message: inner(match[3]) };
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

/** `journalctl -o short-full` and `with-unit`, whose zone has a name. */
const full = (name: string, isUtc: boolean): Style => ({
  name,
  meta: isUtc ? REALTIME : ZONELESS,
  parse(line) {
    const match = FULL.exec(line);
    if (match === null || (match[8] === 'UTC') !== isUtc) return null;
    const seconds = utcSeconds(match[1], Number(match[2]) - 1, match.slice(3, 7));
    return seconds === null ? null : { time: nanos(seconds, match[7]), message: inner(match[9]) };
  },
});

/** `[+0.000012]` under `dmesg -H`, `[<0.000012>]` under `--time-format delta`. */
function stepOf(line: string, sign: string): LogLine | null {
  const match = STEP.exec(line);
  if (match === null || match[1] !== sign) return null;
  return { time: null, step: nanos(match[2], match[3]), message: match[4] };
}

const reltime: Style = {
  name: 'dmesg -H',
  meta: MINUTES,
  parse(line) {
    const match = MINUTE.exec(line);
    if (match === null) return stepOf(line, '+');
    const date = [...match.slice(2, 5), '0'];
    const seconds = utcSeconds('1970', MONTHS.indexOf(match[1]), date);
    return seconds === null ? null : { time: nanos(seconds), step: 0n, message: match[5] };
  },
};

const delta: Style = {
  name: 'dmesg --time-format delta',
  meta: STEPS,
  parse: (line) => stepOf(line, '<'),
};

/** A line of `journalctl -o json`, `json-seq` or `json-sse`, of the kernel. */
const journalJson: Style = {
  name: 'journalctl -o json',
  meta: { clock: 'mono' },
  parse(line) {
    const match = JSON_LINE.exec(line);
    const entry = match && jsonObject(match[1]);
    return entry && journalMessage(entry);
  },
};

/** Syslog and the journal, when the date was cut off. */
const timeOfDay: Style = {
  name: 'time of day',
  meta: { clock: 'day' },
  parse(line) {
    const match = TIME_OF_DAY.exec(line);
    if (match === null) return null;
    const [hour, minute, second] = match.slice(1, 4).map(Number);
    return {
      time: nanos(hour * 3600 + minute * 60 + second, match[4]),
      message: inner(match[5]),
    };
  },
};

/** Every style that has times, the one that says most first. */
export const STAMPED: readonly Style[] = [
  plain,
  kmsg,
  journalJson,
  iso,
  ctime,
  unix,
  full('journalctl -o short-full, in UTC', true),
  full('journalctl -o short-full', false),
  syslogStamped,
  syslog,
  timeOfDay,
  reltime,
  delta,
  prompted,
];
/** What colours a part of a line on a terminal, as `dmesg --color=always` and the journal do. */
const COLOUR = /\x1b\[[\d;]*m/g;

/** A line without its line end and its colours. */
export const plainLine = (line: string): string => {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line;
  return text.includes('\x1b') ? text.replace(COLOUR, '') : text;
};
