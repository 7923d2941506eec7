/**
 * Lines that a mailer, an editor or a terminal broke at some column: which ones are the rest of the
 * line above, and what the whole line was.
 */
import { BDF_PATTERN } from '../../../traces/index.js';
import { isCertain, kernelText, readsAcross } from '../../kernel-text/index.js';
import type { Style } from './log-styles.js';

/** How a whole text was broken. */
export interface Wrap {
  /** Almost no line is longer. */
  readonly width: number;
  /** Broken between words, or wherever the column was. */
  readonly at: 'words' | 'column';
}

/** A text that is broken at fewer columns, or more, is not one that a mailer broke. */
const [WIDTH_MIN, WIDTH_MAX] = [40, 200];
/** Rests that a text must have before it counts as broken as a whole. */
const RESTS_MIN = 3;
/** Share of the lines that are within the width: words that are longer are not broken. */
const WITHIN = 0.97;
/** Share of the rests that would not have fitted on the line above. */
const FITTING = 0.8;

const wordLength = (line: string) => {
  const end = line.indexOf(' ');
  return end < 0 ? line.length : end;
};

/** Determines from the first lines of a log whether its lines were broken, and at which width. */
export function findWrap(lines: readonly string[], style: Style): Wrap | null {
  const lengths = lines.map((line) => line.length).sort((a, b) => a - b);
  const width = lengths[Math.floor((lengths.length - 1) * WITHIN)] ?? 0;
  if (width < WIDTH_MIN || width > WIDTH_MAX) return null;
  const rests: [above: number, word: number][] = [];
  for (let i = 1; i < lines.length; i++) {
    if (/^\s/.test(lines[i]) || style.parse(lines[i]) !== null) continue;
    rests.push([lines[i - 1].length, wordLength(lines[i])]);
  }
  if (rests.length < RESTS_MIN) return null;
  const share = (is: (rest: [number, number]) => boolean) => rests.filter(is).length / rests.length;
  if (share(([above]) => above === width) >= WITHIN) return { width, at: 'column' };
  return share(([above, word]) => above + 1 + word > width) >= FITTING
    ? { width, at: 'words' }
    : null;
}

/** A message that breaks off: it ends after its device, or in the middle of a sentence. */
const BROKEN = new RegExp(String.raw`^[\w.+-]+ ${BDF_PATTERN}:$|Event logged(?: \[)?$|[,;=]$`);
/** A line with a time of its own starts something new, whatever program wrote it. */
const DATED = /^(?:\w{3} +\d{1,2} \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\[ *\d+\.\d+\])/;
/** Shorter lines end where they end. */
const BRACKET_MIN = 40;

function breaksOff(message: string): boolean {
  const last = message.slice(message.lastIndexOf('\n') + 1);
  if (BROKEN.test(last)) return true;
  if (last.length < BRACKET_MIN) return false;
  return (
    last.lastIndexOf('(') > last.lastIndexOf(')') || last.lastIndexOf('[') > last.lastIndexOf(']')
  );
}

/**
 * The whole message, when `line` is the rest of it; null when it is not.
 * @param above length of the line above
 */
export function rejoined(
  message: string,
  line: string,
  above: number,
  wrap: Wrap | null,
): string | null {
  if (DATED.test(line)) return null;
  const own = isCertain(line) ? kernelText(line) : null;
  if (own !== null && /^\S+ [0-9a-f]{4,8}:[0-9a-f]{2}:/.test(line)) return null;
  if (breaksOff(message)) return `${message} ${line}`;
  if (own?.device !== undefined) return null;
  if (wrap?.at === 'column' && above === wrap.width) return message + line;
  if (wrap?.at === 'words' && above + 1 + wordLength(line) > wrap.width && !/^\s/.test(line))
    return `${message} ${line}`;
  for (const whole of [`${message} ${line}`, message + line])
    if (saysMore(message, whole)) return whole;
  return null;
}

/** Whether the rules read on where the message broke off, and what they read is of its kind. */
function saysMore(message: string, whole: string): boolean {
  if (!readsAcross(whole, message.length + 1)) return false;
  const { kind, name } = kernelText(message);
  return name === undefined || kernelText(whole).kind === kind;
}
