/** The lanes of one trace: fetches what is near the time that is shown, and paints it. */
import type { LaneWindow, Place } from '../page-messages.js';
import { element } from './dom.js';
import { get, Latest } from './fetch-answer.js';
import { handleLaneInput, type LaneHit, type LaneTarget } from './lane-input.js';
import {
  AXIS_HEIGHT,
  GUTTER,
  hitAt,
  type Palette,
  type Picture,
  paint,
  ROW_HEIGHT,
  timeAt,
} from './lane-painter.js';
import { lengthOf, type Span } from './time-span.js';
import type { ViewState } from './view-state.js';

/** Fetched on either side of what is shown, in lengths of it. */
const MARGIN = 1;
/** A window is fetched again when this much less time is shown than when it was fetched. */
const FINER = 2;

export class LaneCanvas implements LaneTarget {
  readonly figure: HTMLElement;
  readonly #canvas = element('canvas', { aria: { 'aria-hidden': 'true' } });
  readonly #scroll: HTMLElement;
  readonly #room = element('div', { className: 'room' });
  readonly #empty = element('p', { className: 'empty' }, 'Computing the lanes…');
  readonly #latest = new Latest();
  #window: LaneWindow | null = null;
  /** All of the time, for when the user moves faster than answers come. */
  #whole: LaneWindow | null = null;
  #generation = -1;
  #wanted: Span | null = null;
  #isPending = false;
  #picture: Picture | null = null;

  constructor(
    private readonly state: ViewState,
    readonly trace: number,
    private readonly palette: Palette,
  ) {
    this.#scroll = element(
      'div',
      {
        className: 'lanes',
        tabIndex: 0,
        role: 'group',
        aria: { 'aria-label': LABEL },
      },
      this.#canvas,
      this.#room,
    );
    this.figure = element('figure', {}, element('figcaption'), this.#scroll, this.#empty);
    this.#scroll.addEventListener('scroll', () => this.draw());
    new ResizeObserver(() => this.#resized()).observe(this.#scroll);
    handleLaneInput(this.#scroll, this, state);
    state.on(['span', 'cursor', 'trace'], () => this.draw());
    state.on(['status'], () => this.update());
  }

  get width(): number {
    return this.#scroll.clientWidth;
  }

  /** Shows what is known of the trace now. */
  update(): void {
    const status = this.state.status.traces[this.trace];
    const name = status.name.split('/').at(-1) ?? status.name;
    this.figure.querySelector('figcaption')!.textContent = name;
    const { lanes } = status;
    this.#empty.hidden = lanes !== null && lanes.devices.length > 0;
    if (lanes !== null) this.#empty.textContent = 'No device appears in this trace.';
    else if (status.problem !== null) this.#empty.textContent = status.problem;
    this.#scroll.hidden = !this.#empty.hidden;
    this.#room.style.height = `${(lanes?.devices.length ?? 0) * ROW_HEIGHT}px`;
    if (lanes !== null && lanes.generation !== this.#generation) {
      this.#generation = lanes.generation;
      this.#wanted = null;
      void this.#fetchWhole();
    }
    this.draw();
  }

  /** Paints in the next frame. */
  draw(): void {
    if (this.#isPending) return;
    this.#isPending = true;
    requestAnimationFrame(() => {
      this.#isPending = false;
      this.#paint();
    });
  }

  timeAt(x: number): number {
    return timeAt(x, this.state.span, this.width);
  }

  /** What is drawn at a place. */
  at(x: number, y: number): LaneHit | null {
    return this.#picture === null ? null : hitAt(this.#picture, x, y);
  }

  /** The device whose name is at a place; null beside the names. */
  deviceAt(x: number, y: number): string | null {
    if (x > GUTTER || y < AXIS_HEIGHT || this.#picture === null) return null;
    const row = Math.floor((y - AXIS_HEIGHT + this.#scroll.scrollTop) / ROW_HEIGHT);
    return this.#picture.devices[row] ?? null;
  }

  /** Moves the cursor to the first event at a time, or to an event. */
  async select(where: { readonly at: number } | { readonly seq: number }): Promise<void> {
    const { seq, at } = await get<Place>('place', { trace: this.trace, ...where });
    if (seq >= 0) this.state.select(this.trace, { seq, at });
  }

  #resized(): void {
    const { clientWidth, clientHeight } = this.#scroll;
    const ratio = devicePixelRatio;
    this.#canvas.width = clientWidth * ratio;
    this.#canvas.height = clientHeight * ratio;
    this.#canvas.style.width = `${clientWidth}px`;
    this.#canvas.style.height = `${clientHeight}px`;
    this.#canvas.style.marginBottom = `${AXIS_HEIGHT - clientHeight}px`;
    this.#paint();
  }

  #paint(): void {
    const status = this.state.status.traces[this.trace];
    const canvas = this.#canvas.getContext('2d');
    if (canvas === null || status?.lanes === null || status === undefined) return;
    if (this.#canvas.width === 0 || this.#canvas.height === 0) return;
    const { span, cursor } = this.state;
    this.#fetch(span);
    const ratio = devicePixelRatio;
    canvas.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.#picture = {
      span,
      width: this.#scroll.clientWidth,
      height: this.#scroll.clientHeight,
      top: this.#scroll.scrollTop,
      cursor: cursor === null ? null : cursor.at,
      devices: status.lanes.devices,
      colors: new Map(status.lanes.drivers.map(([driver, color]) => [driver, nameOf(color)])),
      window: covers(this.#window, span) ? this.#window : (this.#whole ?? this.#window),
      palette: this.palette,
    };
    paint(canvas, this.#picture);
  }

  async #fetchWhole(): Promise<void> {
    const { from, to } = this.state.whole;
    const parameters = { trace: this.trace, from, to, columns: this.#columns };
    this.#whole = await get<LaneWindow | null>('lanes', parameters);
    this.#window = null;
    this.draw();
  }

  /** Fetches lanes around a span, unless those that are there are fine enough. */
  #fetch(span: Span): void {
    const wanted = this.#wanted;
    const isThere =
      wanted !== null &&
      covers(wanted, span) &&
      lengthOf(wanted) <= lengthOf(span) * FACTOR * FINER;
    if (isThere || this.width === 0) return;
    const by = lengthOf(span) * MARGIN;
    const [from, to] = [Math.floor(span.from - by), Math.ceil(span.to + by)];
    this.#wanted = { from, to };
    const columns = this.#columns * FACTOR;
    this.#latest
      .get<LaneWindow | null>('lanes', { trace: this.trace, from, to, columns })
      .then((window) => {
        if (window === undefined) return;
        this.#window = window;
        this.draw();
      })
      // The server has ended, which the head of the page says.
      .catch(() => undefined);
  }

  get #columns(): number {
    return Math.max(1, Math.round(this.width - GUTTER));
  }
}

const FACTOR = 1 + 2 * MARGIN;
const LABEL = 'Lanes: left and right pan, plus and minus zoom, 0 shows all, n and p go to marks';

const covers = (window: Span | null, { from, to }: Span): boolean =>
  window !== null && window.from <= from && window.to >= to;

/** `var(--vfio)` as `--vfio`. */
const nameOf = (color: string): string => color.replace(/^var\((.*)\)$/, '$1');
