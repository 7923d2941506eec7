/** The lines that users typed into the shell of `vfr sql`, in a file of their own. */
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { note } from './output.js';

/** Lines that are read from the file and kept by the shell. */
export const HISTORY_MAX = 1000;

/** The folder of state that programs keep: XDG Base Directory Specification. */
const stateFolder = (): string => {
  const { XDG_STATE_HOME } = process.env;
  const isAbsolute = XDG_STATE_HOME?.startsWith('/') === true;
  return isAbsolute ? XDG_STATE_HOME! : join(homedir(), '.local', 'state');
};

export class SqlHistory {
  readonly #file = join(stateFolder(), 'vfr', 'sql-history');
  #works = true;

  /** The last lines, the newest first, as node:readline wants them. */
  read(): string[] {
    try {
      const lines = readFileSync(this.#file, 'utf8').split('\n').filter(Boolean);
      return lines.slice(-HISTORY_MAX).reverse();
    } catch {
      return [];
    }
  }

  /** Adds a line. A file that cannot be written is reported once. */
  add(line: string): void {
    if (line.trim() === '' || !this.#works) return;
    try {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
      appendFileSync(this.#file, `${line}\n`, { mode: 0o600 });
    } catch (error) {
      this.#works = false;
      note(`the history is not kept: ${(error as Error).message}`);
    }
  }
}
