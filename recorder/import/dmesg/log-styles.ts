/** Every way in which a kernel log is written, and which one an input is in. */
import { isCertain } from '../../kernel-text/index.js';
import { type LogLine, STAMPED, type Style } from './log-prefix.js';

export type { Style };

/** What people put before single lines among others: quotes, bullets, blanks. */
const MARKS = /^[\s>|*-]{0,40}/;
const HOSTED = /^(?:[\w.-]+ )?kernel(?:\[\d+\])?: (.*)$/s;

/**
 * Messages without a time: `dmesg -t`, `journalctl -o cat`, commit messages, or syslog whose date
 * and host were cut off. A line is one when it is certainly the kernel's.
 */
export const BARE: Style = {
  name: 'without times',
  meta: { clock: 'none' },
  indent: 0,
  parse(line) {
    if (STAMPED.some((style) => style.parse(line) !== null)) return null;
    const text = line.slice(MARKS.exec(line)?.[0].length ?? 0);
    const message = HOSTED.exec(text)?.[1];
    if (message !== undefined) return { time: null, message };
    return isCertain(text) ? { time: null, message: text } : null;
  },
};

const STYLES: readonly Style[] = [...STAMPED, BARE];

/** The style of most lines, with its number of lines; null when no line has a style. */
export function findStyle(lines: readonly string[]): { style: Style; hits: number } | null {
  const counted = STYLES.map((style) => ({
    style,
    hits: lines.filter((line) => style.parse(line) !== null).length,
  }));
  const best = counted.reduce((a, b) => (b.hits > a.hits ? b : a));
  return best.hits > 0 ? best : null;
}

/** Reads a line in another style than its log; keeps its time only if it is of the log's clock. */
export function otherStyle(line: string, style: Style): LogLine | null {
  for (const other of STAMPED) {
    const parsed = other === style ? null : other.parse(line);
    if (parsed === null || parsed.time === null) continue;
    const isComparable = other.meta.clock === style.meta.clock;
    return { time: isComparable ? parsed.time : null, message: parsed.message };
  }
  const message = HOSTED.exec(line)?.[1];
  return message === undefined ? null : { time: null, message };
}
