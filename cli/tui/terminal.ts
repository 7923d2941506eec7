/** The escape sequences that the terminal UI writes; no other file but text/theme.ts has any. */

const ALTERNATE_SCREEN = '\u001b[?1049h';
const MAIN_SCREEN = '\u001b[?1049l';
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const CLEAR_SCREEN = '\u001b[2J';
/**
 * A terminal that supports these markers shows no incomplete frame between them; others ignore
 * them.
 */
const BEGIN_UPDATE = '\u001b[?2026h';
const END_UPDATE = '\u001b[?2026l';
/** Clicks, drags and the wheel, with coordinates as decimal numbers (XTerm, mode 1006). */
const MOUSE_ON = '\u001b[?1002h\u001b[?1006h';
const MOUSE_OFF = '\u001b[?1006l\u001b[?1002l';
/** Asks for the colour of the background (XTerm, OSC 11). */
const ASK_BACKGROUND = '\u001b]11;?\u001b\\';

const lineAt = (row: number, text: string) => `\u001b[${row + 1};1H\u001b[K${text}`;
const partAt = (row: number, column: number, text: string) =>
  `\u001b[${row + 1};${column + 1}H${text}`;

/**
 * Size of a terminal. A terminal that does not know its size (a serial line, a pty without one)
 * reports 0 by 0, and gets the default of 80 by 24.
 */
export const sizeOf = ({ columns, rows }: { columns?: number; rows?: number }) => ({
  columns: columns || COLUMNS_DEFAULT,
  rows: rows || ROWS_DEFAULT,
});

const COLUMNS_DEFAULT = 80;
const ROWS_DEFAULT = 24;

/** Lines in a rectangle of the screen; each is exactly as wide as the rectangle. */
export interface Rectangle {
  readonly row: number;
  readonly column: number;
  readonly width: number;
  readonly lines: readonly string[];
}

/** A row of the screen: the frame's line, and what is painted over it. */
interface ShownRow {
  readonly line: string;
  readonly parts: string[];
  /** Where the parts are: their columns and widths. */
  places: string;
}

/** Uses the whole screen of a terminal, and restores it afterwards. */
export class Terminal {
  /** What is on the screen; null when it is not known. */
  #shown: readonly ShownRow[] | null = null;
  #isOpen = false;

  /** @param mouse whether the terminal reports the mouse */
  constructor(
    private readonly write: (text: string) => void,
    private readonly mouse: boolean = false,
  ) {}

  open(): void {
    this.#isOpen = true;
    this.#shown = null;
    this.write(ALTERNATE_SCREEN + HIDE_CURSOR + (this.mouse ? MOUSE_ON : ''));
  }

  /** Asks for the colour of the background; the answer comes as input, or never. */
  askBackground(): void {
    this.write(ASK_BACKGROUND);
  }

  /** Copies a text to the clipboard of the terminal, if it allows that (XTerm, OSC 52). */
  copy(text: string): void {
    this.write(`\u001b]52;c;${Buffer.from(text).toString('base64')}\u001b\\`);
  }

  /** Shows a screen: the lines of a frame, with rectangles over it. Writes only what changed. */
  show(frame: readonly string[], rectangles: readonly Rectangle[] = []): void {
    const rows = frame.map((line): ShownRow => ({ line, parts: [], places: '' }));
    for (const { row, column, width, lines } of rectangles) {
      for (const [i, text] of lines.entries()) {
        const shown = rows[row + i];
        if (shown === undefined) break;
        shown.parts.push(partAt(row + i, column, text));
        shown.places += `${column}+${width} `;
      }
    }
    // If the size differs, the terminal was resized and has moved its content.
    const shown = this.#shown?.length === rows.length ? this.#shown : null;
    const changed = rows.map((row, i) => changeOf(row, shown?.[i], i)).join('');
    this.#shown = rows;
    if (changed === '') return;
    const clear = shown === null ? CLEAR_SCREEN : '';
    this.write(`${BEGIN_UPDATE}${clear}${changed}${END_UPDATE}`);
  }

  /** Forgets the content of the screen, because the terminal may have changed it. */
  forget(): void {
    this.#shown = null;
  }

  close(): void {
    if (this.#isOpen) this.write(this.closing);
    this.#isOpen = false;
  }

  /** What gives the terminal back; empty when it was given back. */
  get closing(): string {
    return this.#isOpen ? (this.mouse ? MOUSE_OFF : '') + SHOW_CURSOR + MAIN_SCREEN : '';
  }
}

/** A line of the frame clears its row, with all that was painted over it. */
function changeOf(row: ShownRow, shown: ShownRow | undefined, index: number): string {
  if (shown === undefined || row.line !== shown.line || row.places !== shown.places)
    return lineAt(index, row.line) + row.parts.join('');
  return row.parts.filter((part, i) => part !== shown.parts[i]).join('');
}
