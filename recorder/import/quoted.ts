/**
 * Text that was indented or quoted, for a bug tracker or in a mail: the same few characters before
 * every line, once or several times.
 */
import type { Input, Stop } from './input-stream.js';

const NEWLINE = 0x0a;
const SPACE = 0x20;
/** What quotes a line, the longer ones first. */
const QUOTES = ['> ', '>', '| ', '|'].map((mark) => Buffer.from(mark));
const TAB = Buffer.from('\t');
/** Share of the lines that begin with a mark when the text is quoted; the rest may be around it. */
const SHARE_MIN = 0.5;
/** Quotes are never nested more deeply in practice; more marks than this are not quotes. */
const LEVELS_MAX = 16;

/**
 * Yields the input without its quote marks, one level at a time, the outermost first: first the
 * marks that most lines have, then those of only a few lines, such as a log in a reply to a reply.
 * Yields nothing when the input is not quoted.
 */
export function* unquotedLevels(input: Input): Generator<Input, undefined> {
  let text = input;
  for (let level = 0; level < LEVELS_MAX; level++) {
    const lines = linesOf(text.head);
    const mark = commonMark(lines) ?? anyQuote(lines);
    if (mark === null) return;
    text = new UnquotedInput(text, mark);
    yield text;
  }
}

/** What most lines begin with. */
function commonMark(lines: readonly Buffer[]): Buffer | null {
  const isCommon = (is: (line: Buffer) => boolean) =>
    lines.filter(is).length > lines.length * SHARE_MIN;
  const quote = QUOTES.find((mark) => isCommon((line) => startsWith(line, mark)));
  if (quote !== undefined) return quote;
  if (isCommon((line) => startsWith(line, TAB))) return TAB;
  const indents = lines.map(blanksOf).filter((blanks, i) => blanks > 0 && blanks < lines[i].length);
  if (indents.length <= lines.length * SHARE_MIN) return null;
  return Buffer.alloc(Math.min(...indents), SPACE);
}

const anyQuote = (lines: readonly Buffer[]): Buffer | null =>
  QUOTES.find((mark) => lines.some((line) => startsWith(line, mark))) ?? null;

function blanksOf(line: Buffer): number {
  let blanks = 0;
  while (line[blanks] === SPACE) blanks++;
  return blanks;
}

class UnquotedInput implements Input {
  readonly name: string;
  readonly size: number;
  readonly head: Buffer;

  constructor(
    private readonly input: Input,
    private readonly mark: Buffer,
  ) {
    this.name = input.name;
    this.size = input.size;
    this.head = Buffer.concat([...withoutMark([input.head], mark)]);
  }

  get failure(): Stop | null {
    return this.input.failure ?? null;
  }

  chunks(): Iterable<Buffer> {
    return withoutMark(this.input.chunks(), this.mark);
  }
}

/** Removes `mark` from lines that begin with it; holds no more than a part of a mark. */
function* withoutMark(chunks: Iterable<Buffer>, mark: Buffer): Generator<Buffer, undefined> {
  // An empty line has no blank after its mark.
  const empty = Buffer.from(`${mark.toString().trimEnd()}\n`);
  let held: Buffer = Buffer.alloc(0);
  let atStart = true;
  for (const chunk of chunks) {
    const bytes = held.byteLength === 0 ? chunk : Buffer.concat([held, chunk]);
    held = Buffer.alloc(0);
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.byteLength; ) {
      if (atStart && isCutMark(bytes, at, mark)) {
        held = Buffer.from(bytes.subarray(at));
        break;
      }
      const start: number = atStart ? at + markLength(bytes, at, mark, empty) : at;
      const newline = bytes.indexOf(NEWLINE, start);
      const end = newline < 0 ? bytes.byteLength : newline + 1;
      atStart = newline >= 0;
      pieces.push(bytes.subarray(start, end));
      at = end;
    }
    yield Buffer.concat(pieces);
  }
  if (held.byteLength > 0) yield held;
}

function markLength(bytes: Buffer, at: number, mark: Buffer, empty: Buffer): number {
  const line = bytes.subarray(at, at + mark.byteLength + 1);
  if (startsWith(line, mark)) return mark.byteLength;
  return startsWith(line, empty) ? empty.byteLength - 1 : 0;
}

/** Whether the bytes end in the middle of what may be a mark. */
const isCutMark = (bytes: Buffer, at: number, mark: Buffer): boolean =>
  bytes.byteLength - at < mark.byteLength && startsWith(mark, bytes.subarray(at));

const startsWith = (bytes: Buffer, mark: Buffer): boolean =>
  bytes.subarray(0, mark.byteLength).equals(mark);

/** The lines of a head that are not empty. */
function linesOf(head: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let at = 0; at < head.byteLength; ) {
    const newline = head.indexOf(NEWLINE, at);
    const end = newline < 0 ? head.byteLength : newline;
    if (end > at) lines.push(head.subarray(at, end));
    at = end + 1;
  }
  return lines;
}
