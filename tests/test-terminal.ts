/** A terminal for tests: it knows the sequences that the browser writes, and has rows of text. */
import stringWidth from 'string-width';

const SEQUENCES = /\u001b\[([?\d;]*)([A-Za-z])|\u001b\](\d+);[^\u001b]*\u001b\\|([^\u001b]+)/g;
const PARTS = new Intl.Segmenter();

interface Cell {
  readonly text: string;
  readonly reverse: boolean;
}

/** Rows of cells. @throws when it gets a sequence that it does not know */
export class TestTerminal {
  readonly #rows = new Map<number, Cell[]>();
  #row = 0;
  #column = 0;
  #reverse = false;
  /** How many characters were written. */
  written = 0;
  /** Numbers of the operating system commands that were written. */
  readonly commands: number[] = [];

  readonly write = (text: string): boolean => {
    this.written += text.length;
    for (const [, parameters, end, command, plain] of text.matchAll(SEQUENCES)) {
      if (plain !== undefined) this.#print(plain);
      else if (command !== undefined) this.commands.push(Number(command));
      else this.#control(parameters, end);
    }
    return true;
  };

  /** The rows without trailing blanks; a row with reverse video has `>` in front. */
  get text(): string[] {
    const last = Math.max(-1, ...this.#rows.keys());
    return Array.from({ length: last + 1 }, (_, row) => this.#rowText(row));
  }

  clear(): void {
    this.#rows.clear();
  }

  #rowText(row: number): string {
    const cells = this.#rows.get(row) ?? [];
    const texts = Array.from(cells, (cell) => cell?.text ?? ' ');
    const mark = cells.some((cell) => cell?.reverse) ? '>' : ' ';
    return `${mark} ${texts.join('')}`.trimEnd();
  }

  #print(text: string): void {
    const cells = this.#rows.get(this.#row) ?? [];
    this.#rows.set(this.#row, cells);
    for (const { segment } of PARTS.segment(text)) {
      cells[this.#column] = { text: segment, reverse: this.#reverse };
      const width = stringWidth(segment);
      if (width === 0) throw new Error(`no width: ${JSON.stringify(segment)}`);
      for (let i = 1; i < width; i++) cells[this.#column + i] = { text: '', reverse: false };
      this.#column += width;
    }
  }

  #control(parameters: string, end: string): void {
    if (end === 'H') {
      const [row, column] = parameters.split(';').map(Number);
      [this.#row, this.#column] = [row - 1, column - 1];
    } else if (end === 'K') this.#rows.set(this.#row, []);
    else if (end === 'J') this.#rows.clear();
    else if (end === 'm') this.#reverse = parameters === '7';
    else if (!/^\?(1049|25|2026|1002|1006)[hl]$/.test(parameters + end))
      throw new Error(`unknown sequence ${parameters}${end}`);
  }
}
