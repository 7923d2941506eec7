/** The nested calls of the thread at the cursor, in the time that is shown. */
import type { FlameCall, FlameView } from '../page-messages.js';
import { element, part } from './dom.js';
import { Latest } from './fetch-answer.js';
import type { Palette } from './lane-painter.js';
import { goTo } from './seq-button.js';
import { durationText, lengthOf, type Span, secondsText } from './time-span.js';
import type { ViewState } from './view-state.js';

const ROW = 20;
const CHARACTER = 6;
const ASK_MS = 120;
const COLORS = ['--vfio', '--native-3', '--vfio-3', '--native-2'];

export class FlamePanel {
  readonly panel = element('div');
  readonly #hint = element(
    'p',
    { className: 'hint' },
    'Choose an event to see the calls of its thread.',
  );
  readonly #canvas = element('canvas', { role: 'img' });
  readonly #list = element('ol', { className: 'unseen' });
  readonly #latest = new Latest();
  #view: FlameView | null = null;
  #timer = 0;

  constructor(
    private readonly state: ViewState,
    private readonly palette: Palette,
  ) {
    const home = element('div', { className: 'flame' }, this.#canvas);
    this.panel.append(this.#hint, home, this.#list);
    new ResizeObserver(() => this.#paint()).observe(home);
    state.on(['cursor', 'span'], () => this.#askSoon());
    this.#canvas.addEventListener('pointermove', (event) => this.#showTip(event));
    this.#canvas.addEventListener('pointerleave', () => {
      part('tip').hidden = true;
    });
    this.#canvas.addEventListener('click', (event) => {
      const call = this.#callAt(event);
      if (call !== null) void goTo(call.seq, state);
    });
  }

  /** Asks when the panel is seen, and the user has stopped moving. */
  show(): void {
    this.#askSoon();
  }

  #askSoon(): void {
    clearTimeout(this.#timer);
    this.#paint();
    if (this.panel.hidden || this.state.cursor === null) return;
    this.#timer = setTimeout(() => void this.#ask(), ASK_MS);
  }

  async #ask(): Promise<void> {
    const { cursor, trace, span } = this.state;
    if (cursor === null) return;
    const parameters = { trace, seq: cursor.seq, from: span.from, to: span.to };
    const view = await this.#latest.get<FlameView>('flame', parameters);
    if (view === undefined) return;
    this.#view = view;
    const { task, calls, from, to } = view;
    const isCut = from > span.from + lengthOf(span) / 20 || to < span.to - lengthOf(span) / 20;
    const time = isCut
      ? `, from ${secondsText(from, to - from)} to ${secondsText(to, to - from)}`
      : '';
    this.#hint.textContent = `${task}: ${calls.length} calls${time}`;
    this.#canvas.setAttribute('aria-label', `Nested calls of ${task}`);
    const shown = calls.slice(0, LISTED).map((call) => element('li', {}, wordsOf(call)));
    this.#list.replaceChildren(...shown);
    this.#paint();
  }

  #paint(): void {
    const width = this.#canvas.parentElement?.clientWidth ?? 0;
    const canvas = this.#canvas.getContext('2d');
    if (canvas === null || width === 0) return;
    const calls = this.#view?.calls ?? [];
    const depth = calls.reduce((most, call) => Math.max(most, call.depth), 0) + 1;
    const ratio = devicePixelRatio;
    this.#canvas.width = width * ratio;
    this.#canvas.height = depth * ROW * ratio;
    this.#canvas.style.width = `${width}px`;
    this.#canvas.style.height = `${depth * ROW}px`;
    canvas.setTransform(ratio, 0, 0, ratio, 0, 0);
    canvas.font = '11px system-ui, sans-serif';
    canvas.textBaseline = 'middle';
    for (const call of calls) this.#paintCall(canvas, call, width);
  }

  #paintCall(canvas: CanvasRenderingContext2D, call: FlameCall, width: number): void {
    const { x, size } = boxOf(call, this.state.span, width);
    if (size <= 0) return;
    const y = call.depth * ROW;
    canvas.fillStyle = this.palette(call.isBad ? '--bad' : COLORS[call.depth % COLORS.length]);
    canvas.fillRect(x, y, Math.max(1, size - 0.5), ROW - 2);
    const text = call.count > 1 ? `${call.count} calls` : call.what;
    const room = Math.floor((size - 8) / CHARACTER);
    if (room < 3) return;
    canvas.fillStyle = this.palette('--paper');
    canvas.fillText(
      text.length > room ? `${text.slice(0, room - 1)}…` : text,
      x + 4,
      y + ROW / 2 - 1,
    );
  }

  #callAt({ offsetX, offsetY }: MouseEvent): FlameCall | null {
    const width = this.#canvas.clientWidth;
    const depth = Math.floor(offsetY / ROW);
    const found = this.#view?.calls.find((call) => {
      const { x, size } = boxOf(call, this.state.span, width);
      return call.depth === depth && offsetX >= x - 1 && offsetX <= x + Math.max(2, size);
    });
    return found ?? null;
  }

  #showTip(event: PointerEvent): void {
    const call = this.#callAt(event);
    const tip = part('tip');
    tip.hidden = call === null;
    if (call === null) return;
    tip.textContent = wordsOf(call);
    tip.style.left = `${Math.max(4, event.clientX - tip.offsetWidth / 2)}px`;
    tip.style.top = `${event.clientY + 16}px`;
  }
}

/** Calls that are listed for users that do not see the picture. */
const LISTED = 200;

const wordsOf = ({ what, from, to, count, isBad, seq }: FlameCall): string =>
  `${count > 1 ? `${count} calls, the first: ` : ''}${what}, ${durationText(to - from)}` +
  `${isBad ? ', failed' : ''} (seq ${seq})`;

function boxOf({ from, to }: Span, span: Span, width: number): { x: number; size: number } {
  const place = (at: number) => ((at - span.from) / lengthOf(span)) * width;
  const x = Math.max(0, place(from));
  const end = Math.min(width, place(to));
  return { x, size: end < 0 || x > width ? 0 : Math.max(1, end - x) };
}
