/** What the terminal UI writes to the terminal: only here, only this. */

const ALTERNATE_SCREEN = '\u001b[?1049h';
const MAIN_SCREEN = '\u001b[?1049l';
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const CLEAR_SCREEN = '\u001b[2J';
/** Between these a terminal that knows them shows nothing half done; others ignore them. */
const BEGIN_UPDATE = '\u001b[?2026h';
const END_UPDATE = '\u001b[?2026l';

const lineAt = (row: number, text: string) => `\u001b[${row + 1};1H\u001b[K${text}`;

/**
 * Size of a terminal. One that does not know its own (a serial line, a pty that nobody sized) says
 * 0 by 0, and is taken for one of 80 by 24.
 */
export const sizeOf = ({ columns, rows }: { columns?: number; rows?: number }) => ({
  columns: columns || COLUMNS_DEFAULT,
  rows: rows || ROWS_DEFAULT,
});

const COLUMNS_DEFAULT = 80;
const ROWS_DEFAULT = 24;

/** A terminal of which the whole screen is taken, and given back as it was. */
export class Terminal {
  /** The lines that are on the screen; null when that is not known. */
  #shown: readonly string[] | null = null;

  constructor(private readonly write: (text: string) => void) {}

  open(): void {
    this.write(ALTERNATE_SCREEN + HIDE_CURSOR);
  }

  /** Shows a screen from the top; writes the lines that are others than before. */
  show(lines: readonly string[]): void {
    // A screen of another size: a terminal that was resized has moved what was on it.
    const shown = this.#shown?.length === lines.length ? this.#shown : null;
    const changed = lines.flatMap((line, row) => (line === shown?.[row] ? [] : lineAt(row, line)));
    if (changed.length === 0) return;
    const clear = shown === null ? CLEAR_SCREEN : '';
    this.write(`${BEGIN_UPDATE}${clear}${changed.join('')}${END_UPDATE}`);
    this.#shown = lines;
  }

  /** Forgets what is on the screen, because the terminal may have changed it. */
  forget(): void {
    this.#shown = null;
  }

  close(): void {
    this.write(SHOW_CURSOR + MAIN_SCREEN);
  }
}
