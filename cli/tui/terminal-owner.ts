/** Has the terminal, and gives it back whatever ends the program. */
import { writeSync } from 'node:fs';
import type { Terminal } from './terminal.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export class TerminalOwner {
  constructor(
    private readonly terminal: Terminal,
    private readonly onInput: (text: string) => void,
  ) {}

  take(): void {
    const { stdin } = process;
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
    process.on('exit', this.#onExit);
    stdin.setEncoding('utf8');
    stdin.on('data', this.onInput);
    this.#open();
  }

  giveBack(): void {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
    process.off('exit', this.#onExit);
    process.stdin.off('data', this.onInput);
    process.stdin.pause();
    this.#close();
  }

  /** Stops the program as Ctrl-Z does elsewhere. @param resumed called when it goes on */
  suspend(resumed: () => void): void {
    this.#close();
    process.once('SIGCONT', () => {
      this.#open();
      resumed();
    });
    process.kill(0, 'SIGTSTP');
  }

  #open(): void {
    this.terminal.open();
    process.stdin.setRawMode(true);
    process.stdin.resume();
  }

  #close(): void {
    process.stdin.setRawMode(false);
    this.terminal.close();
  }

  readonly #onSignal = (signal: NodeJS.Signals) => {
    this.giveBack();
    process.kill(process.pid, signal);
  };

  /** A crash ends the program without the code that gives the terminal back. */
  readonly #onExit = () => {
    process.stdin.setRawMode(false);
    writeSync(process.stdout.fd, this.terminal.closing);
  };
}
