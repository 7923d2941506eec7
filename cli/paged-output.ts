/** Output on a terminal that goes through a pager once it is longer than the screen. */
import { type ChildProcess, spawn } from 'node:child_process';
import { write } from './output.js';
import { screenText } from './printable.js';

/** `less` ends at once when everything fits, keeps colours, and leaves the text on the screen. */
const PAGER = 'less';
const LESS = 'FRX';

export class PagedOutput {
  #held = '';
  #lines = 0;
  #pager: ChildProcess | null = null;
  #closed = false;

  /**
   * @param onClosed called when the user leaves the pager before the end
   * @param onPager called with true before a pager takes the keyboard, and with false afterwards
   */
  constructor(
    private readonly onClosed: () => void,
    private readonly onPager: (open: boolean) => void,
  ) {}

  /** Whether the user left the pager before the end. */
  get closed(): boolean {
    return this.#closed;
  }

  async write(text: string): Promise<void> {
    if (this.#closed) return;
    if (this.#pager !== null) {
      await this.#send(text);
      return;
    }
    this.#held += text;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#lines++;
    if (this.#lines < process.stdout.rows - 1) return;
    this.#pager = this.#start();
    const held = this.#held;
    this.#held = '';
    await this.#send(held);
  }

  /** Prints what is short, or waits until the user has left the pager. */
  async end(): Promise<void> {
    const pager = this.#pager;
    if (pager === null) return write(this.#held);
    const ended = new Promise<void>((resolve) => {
      if (pager.exitCode !== null || pager.signalCode !== null) resolve();
      else pager.once('close', () => resolve());
      pager.once('error', () => resolve());
    });
    pager.stdin!.end();
    await ended;
    process.off('SIGINT', ignore);
    this.onPager(false);
  }

  #start(): ChildProcess {
    this.onPager(true);
    // Ctrl-C is for the pager, which shares the terminal.
    process.on('SIGINT', ignore);
    const command = process.env.PAGER ?? PAGER;
    const env = { LESS, ...process.env };
    const pager = spawn('/bin/sh', ['-c', command], { stdio: ['pipe', 'inherit', 'inherit'], env });
    const close = () => {
      if (this.#closed) return;
      this.#closed = true;
      this.onClosed();
    };
    pager.stdin.on('error', close);
    pager.on('error', close);
    return pager;
  }

  async #send(text: string): Promise<void> {
    const { stdin } = this.#pager!;
    if (stdin!.write(screenText(text))) return;
    await new Promise<void>((resolve) => {
      stdin!.once('drain', resolve);
      stdin!.once('close', resolve);
    });
  }
}

const ignore = () => {};

/** Whether output may go through a pager: it is a terminal, and the user did not say otherwise. */
export const mayPage = (pager: boolean | undefined): boolean =>
  pager !== false &&
  process.env.PAGER !== '' &&
  process.stdin.isTTY === true &&
  process.stdout.isTTY === true &&
  process.env.TERM !== 'dumb';
