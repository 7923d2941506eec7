/** The prefix of an event's name on a line of QEMU's log. */

import { ByteLiteral } from '../../byte-matching/byte-literal.js';
import { Interner } from '../../byte-matching/interner.js';
import type { InputMeta } from '../importer.js';
import { type Cursor, SECONDS_MAX } from '../line-cursor.js';
import type { LogStamp } from './qemu-emitter.js';

const AT = 0x40;
const BLANK = 0x20;
const COLON = 0x3a;
const DOT = 0x2e;
const TID_MAX = 0xffff_ffff;
/** Length of `2026-11-21T08:57:33`, and the index of its `T`; libvirt has a blank there. */
const ISO_BYTES = 19;
const ISO_T = 10;
const COLON_AFTER = 3;
const LETTER_T = 0x54;
const LETTER_Z = 0x5a;
/** What libvirt writes after a time, always in this time zone (src/util/virtime.c). */
const LIBVIRT_ZONE = ByteLiteral.of(Buffer.from('+0000: '));
/** No syslog has more before its message. */
const SYSLOG_BYTES_MAX = 300;
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const DAY_SECONDS = 86_400;

const STAMP =
  String.raw`(?:\d+@\d+\.\d+:|\d{4}-\d\d-\d\d` +
  String.raw`(?:T\d\d:\d\d:\d\d(?:\.\d+)?Z | \d\d:\d\d:\d\d\.\d+\+0000: ))`;
/** `host qemu-system-x86_64[7131]: `, where the host may be missing. */
const SENDER = String.raw`(?:\S+ )?[^\s\[]+\[(\d{1,7})\]: `;
const TIME = String.raw`(\d\d):(\d\d):(\d\d)`;
const SYSLOG = new RegExp(String.raw`^(\S{1,12}) +(\d{1,2}) ${TIME} ${SENDER}`);
const SYSLOG_ISO = new RegExp(
  String.raw`^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d) ${SENDER}`,
);
const STAMPED = new RegExp(`^${STAMP}`);

/** The form of times in a log. */
export type TimeStyle = 'stamped' | 'syslog' | 'syslog of another language' | 'syslog iso' | 'none';

/** The form of the time on a line that is an event of QEMU, and the rest of the line. */
export function styleOf(line: string): { readonly style: TimeStyle; readonly rest: string } {
  const stamp = STAMPED.exec(line);
  if (stamp !== null) return { style: 'stamped', rest: line.slice(stamp[0].length) };
  const iso = SYSLOG_ISO.exec(line);
  if (iso !== null) return { style: 'syslog iso', rest: line.slice(iso[0].length) };
  const syslog = SYSLOG.exec(line);
  if (syslog === null) return { style: 'none', rest: line };
  const rest = line.slice(syslog[0].length);
  const isEnglish = MONTHS.includes(syslog[1]);
  return { style: isEnglish ? 'syslog' : 'syslog of another language', rest };
}

export const METAS: Readonly<Record<TimeStyle, InputMeta>> = {
  stamped: { clock: 'realtime', wallOffsetNs: 0n },
  'syslog iso': { clock: 'realtime', wallOffsetNs: 0n },
  syslog: {
    clock: 'year',
    notes: { clock: 'the input has no year: time since 1 January, in the zone of the machine' },
  },
  'syslog of another language': {
    clock: 'day',
    notes: { clock: 'the month is in another language: time of day in the zone of the machine' },
  },
  none: { clock: 'none' },
};

/**
 * Reads one of
 *
 * * `tid@seconds.microseconds:`: backend log under `-msg timestamp=on` up to QEMU 10.1,
 * * `2026-11-21T08:57:33.123456Z `: the same from QEMU 10.2 on, and error messages at all times,
 * * `2026-11-21 08:57:33.123+0000: `: libvirt's own lines in the log that it keeps for QEMU,
 * * `Jan 13 18:17:24 host qemu-system-x86_64[7131]: `: backend syslog, in a log that has such
 *   lines,
 * * nothing.
 */
export class Prefix {
  /** Seconds since 1970 of a time in ISO 8601 without fraction, in UTC; NaN when it is not one. */
  readonly #seconds = new Interner((time) => Date.parse(`${time.replace(' ', 'T')}Z`) / 1000);

  constructor(
    readonly cursor: Cursor,
    readonly moment: LogStamp,
    readonly style: TimeStyle,
  ) {}

  /** Moves from `line` to the name of the event, and stores thread and time. */
  read(line: number): void {
    const { cursor, moment } = this;
    cursor.at = line;
    cursor.blanks();
    const start = cursor.at;
    if (this.#stamp()) return;
    moment.tid = -1;
    cursor.at = start;
    const isIso = cursor.end - start > ISO_BYTES && this.#isIsoAt(start);
    if (isIso && this.#iso()) return;
    cursor.at = start;
    if (this.style.startsWith('syslog')) this.#syslog(start);
  }

  #isIsoAt(start: number): boolean {
    const between = this.cursor.bytes[start + ISO_T];
    const hour = this.cursor.bytes[start + ISO_T + COLON_AFTER];
    return (between === LETTER_T || between === BLANK) && hour === COLON;
  }

  /** Times are seconds since 1970, of a year that began with it, or of the day. */
  #syslog(start: number): void {
    const { cursor, moment } = this;
    moment.pid = -1;
    const end = Math.min(cursor.end, start + SYSLOG_BYTES_MAX);
    const line = Buffer.from(cursor.bytes.subarray(start, end)).toString('latin1');
    const iso = SYSLOG_ISO.exec(line);
    const found = iso ?? SYSLOG.exec(line);
    if (found === null) return;
    const seconds = iso === null ? this.#local(found) : Date.parse(`${iso[1]}${iso[3]}`) / 1000;
    if (!(seconds >= 0 && seconds < SECONDS_MAX)) return;
    cursor.at = start + found[0].length;
    moment.pid = Number(iso === null ? found[6] : iso[4]);
    moment.seconds = seconds;
    moment.nanoseconds = Number((iso?.[2] ?? '').padEnd(9, '0'));
  }

  #local([, month, day, hour, minute, second]: readonly string[]): number {
    const time = Number(hour) * 3600 + Number(minute) * 60 + Number(second);
    if (this.style !== 'syslog') return time;
    return Date.UTC(1970, MONTHS.indexOf(month), Number(day)) / 1000 + (time % DAY_SECONDS);
  }

  #stamp(): boolean {
    const { cursor, moment } = this;
    if (!cursor.decimal() || cursor.value > TID_MAX) return false;
    const tid = cursor.low;
    if (!cursor.byte(AT) || !cursor.time() || !cursor.byte(COLON)) return false;
    moment.tid = tid;
    moment.seconds = cursor.seconds;
    moment.nanoseconds = cursor.nanoseconds;
    return true;
  }

  #iso(): boolean {
    const { cursor, moment } = this;
    const seconds = this.#seconds.get(cursor.bytes, cursor.at, cursor.at + ISO_BYTES);
    cursor.at += ISO_BYTES;
    const nanoseconds = cursor.byte(DOT) ? cursor.fraction() : 0;
    if (!(seconds >= 0 && seconds < SECONDS_MAX) || nanoseconds < 0) return false;
    const isQemu = cursor.byte(LETTER_Z) && cursor.byte(BLANK);
    if (!isQemu && !cursor.literal(LIBVIRT_ZONE)) return false;
    moment.seconds = seconds;
    moment.nanoseconds = nanoseconds;
    return true;
  }
}
