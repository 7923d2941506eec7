/** The streams that ink gets in place of the terminal's: its frames are kept, its keys filtered. */
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { type MouseEvent, mouseEvent } from './input/mouse.js';
import type { Size } from './panes/view.js';

/** Keeps the last frame that ink rendered. */
export class FrameStream extends EventEmitter {
  readonly isTTY = true;
  #frame = '';

  constructor(private size: Size) {
    super();
  }

  get columns(): number {
    return this.size.columns;
  }

  get rows(): number {
    return this.size.rows;
  }

  /** The lines of the last frame. */
  get lines(): readonly string[] {
    return this.#frame.split('\n');
  }

  resize(size: Size): void {
    this.size = size;
  }

  write(frame: string): boolean {
    this.#frame = frame;
    return true;
  }
}

interface KeyboardHandlers {
  readonly onMouse: (event: MouseEvent) => void;
  /** Gets what a terminal answers to a question about its colours. */
  readonly onAnswer: (text: string) => void;
}

/** Reports of the mouse, and answers about colours, which end with BEL or ESC \. */
const REPORTS = /\u001b(\[<\d+;\d+;\d+[Mm])|\u001b\]11;([^\u0007\u001b]*)(?:\u0007|\u001b\\)/g;
/** The begin of one at the end of the input; a lone ESC is a key. */
const BEGUN = /\u001b(?:\[<[\d;]*|\](?:1|11|11;[^\u0007\u001b]*\u001b?)?)$/;

const NO_HANDLERS: KeyboardHandlers = { onMouse() {}, onAnswer() {} };

/** Terminals send DEL for the backspace key, and ink names that as it names the delete key. */
const DEL = '\u007f';
const BACKSPACE = '\b';

/** The keys of a terminal, without the reports that are no keys. */
export class Keyboard extends PassThrough {
  readonly isTTY = true;
  #held = '';

  /** @param handlers get the reports */
  constructor(public handlers: KeyboardHandlers = NO_HANDLERS) {
    super();
  }

  /** Takes input of the terminal. */
  feed(input: string): void {
    const all = this.#held + input;
    this.#held = BEGUN.exec(all)?.[0] ?? '';
    const whole = all.slice(0, all.length - this.#held.length);
    const keys = whole.replace(REPORTS, (_, mouse?: string, answer?: string) => {
      const event = mouse === undefined ? null : mouseEvent(mouse);
      if (event !== null) this.handlers.onMouse(event);
      if (answer !== undefined) this.handlers.onAnswer(answer);
      return '';
    });
    if (keys !== '') this.write(keys.replaceAll(DEL, BACKSPACE));
  }

  /** The terminal's mode is set by the owner of the terminal. */
  setRawMode(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
