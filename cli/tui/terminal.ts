/** The escape sequences that the terminal UI writes; no other file has any. */

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

const lineAt = (row: number, text: string) => `\u001b[${row + 1};1H\u001b[K${text}`;

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

/** Uses the whole screen of a terminal, and restores it afterwards. */
export class Terminal {
  /** The lines on the screen; null when they are not known. */
  #shown: readonly string[] | null = null;

  constructor(private readonly write: (text: string) => void) {}

  open(): void {
    this.write(ALTERNATE_SCREEN + HIDE_CURSOR);
  }

  /** Shows a screen from the top; writes only the lines that changed. */
  show(lines: readonly string[]): void {
    // If the size differs, the terminal was resized and has moved its content.
    const shown = this.#shown?.length === lines.length ? this.#shown : null;
    const changed = lines.flatMap((line, row) => (line === shown?.[row] ? [] : lineAt(row, line)));
    if (changed.length === 0) return;
    const clear = shown === null ? CLEAR_SCREEN : '';
    this.write(`${BEGIN_UPDATE}${clear}${changed.join('')}${END_UPDATE}`);
    this.#shown = lines;
  }

  /** Forgets the content of the screen, because the terminal may have changed it. */
  forget(): void {
    this.#shown = null;
  }

  close(): void {
    this.write(SHOW_CURSOR + MAIN_SCREEN);
  }
}
