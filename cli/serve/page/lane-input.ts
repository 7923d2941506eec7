/** Keys, wheel and drag on lanes. */

import { part, say } from './dom.js';
import { get } from './fetch-answer.js';
import { panned, type Span, zoomed } from './time-span.js';
import type { Cursor, ViewState } from './view-state.js';

/** The lanes that the input is for. */
export interface LaneTarget {
  readonly trace: number;
  readonly width: number;
  readonly timeAt: (x: number) => number;
  /** What is drawn at a place. */
  readonly at: (x: number, y: number) => LaneHit | null;
  /** The device whose name is at a place. */
  readonly deviceAt: (x: number, y: number) => string | null;
  /** Moves the cursor to the first event at a time, or to an event. */
  readonly select: (where: { readonly at: number } | { readonly seq: number }) => Promise<void>;
}

export interface LaneHit {
  readonly words: string;
  readonly seq: number | null;
  readonly isSign: boolean;
}

const PAN = 0.15;
const ZOOM = 1.5;
/** A wheel step of that many pixels doubles or halves the time. */
const WHEEL_DOUBLE = 240;
/** A pointer that moves less than this has clicked. */
const CLICK_PIXELS = 4;
const LINE_PIXELS = 18;

export function handleLaneInput(area: HTMLElement, lanes: LaneTarget, state: ViewState): void {
  area.addEventListener('keydown', (event) => pressed(event, lanes, state));
  area.addEventListener('wheel', (event) => wheeled(event, area, lanes, state), { passive: false });
  area.addEventListener('dblclick', () => state.showAll());
  area.addEventListener('pointerleave', () => hideTip());
  area.addEventListener('pointerdown', (event) => grabbed(event, area, lanes, state));
  area.addEventListener('pointermove', (event) => {
    if (event.buttons === 0) showTip(event, area, lanes);
  });
}

function pressed(event: KeyboardEvent, lanes: LaneTarget, state: ViewState): void {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const { span, cursor } = state;
  const middle = cursor !== null && isIn(cursor.at, span) ? cursor.at : (span.from + span.to) / 2;
  const actions: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => state.show(panned(span, -PAN)),
    ArrowRight: () => state.show(panned(span, PAN)),
    PageUp: () => state.show(panned(span, -1)),
    PageDown: () => state.show(panned(span, 1)),
    '+': () => state.show(zoomed(span, 1 / ZOOM, middle)),
    '=': () => state.show(zoomed(span, 1 / ZOOM, middle)),
    '-': () => state.show(zoomed(span, ZOOM, middle)),
    '0': () => state.showAll(),
    Home: () => state.showAll(),
    n: () => void goToMark(1, lanes, state),
    p: () => void goToMark(-1, lanes, state),
  };
  const action = actions[event.key];
  if (action === undefined) return;
  event.preventDefault();
  action();
}

const isIn = (at: number, { from, to }: Span): boolean => at >= from && at <= to;

async function goToMark(step: 1 | -1, { trace }: LaneTarget, state: ViewState): Promise<void> {
  const own = state.trace === trace ? state.cursor : null;
  const seq = own === null ? (step > 0 ? -1 : Number.MAX_SAFE_INTEGER) : own.seq;
  const mark = await get<Cursor | null>('mark', { trace, seq, step });
  if (mark === null) say('There is no further mark.');
  else state.select(trace, mark);
}

/** The wheel zooms; with shift, or to the side, it pans; over the names it scrolls. */
function wheeled(event: WheelEvent, area: HTMLElement, lanes: LaneTarget, state: ViewState): void {
  const { x, y } = placeIn(event, area);
  if (lanes.deviceAt(x, y) !== null) return;
  event.preventDefault();
  const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PIXELS : 1;
  const [across, along] = [event.deltaX * unit, event.deltaY * unit];
  const isPan = event.shiftKey || Math.abs(across) > Math.abs(along);
  if (isPan) state.show(panned(state.span, (across || along) / lanes.width));
  else state.show(zoomed(state.span, 2 ** (along / WHEEL_DOUBLE), lanes.timeAt(x)));
}

/** A drag pans; with shift it chooses the time to show; without movement it is a click. */
function grabbed(
  event: PointerEvent,
  area: HTMLElement,
  lanes: LaneTarget,
  state: ViewState,
): void {
  if (event.button !== 0) return;
  const start = placeIn(event, area);
  const device = lanes.deviceAt(start.x, start.y);
  if (device !== null) {
    state.select(lanes.trace, state.cursor ?? { seq: 0, at: 0 });
    state.setFilter(`device = '${device.replaceAll("'", "''")}'`);
    return;
  }
  const before = state.span;
  const perPixel = lanes.timeAt(1) - lanes.timeAt(0);
  let isMoved = false;
  const end = new AbortController();
  area.setPointerCapture(event.pointerId);
  const move = (moved: PointerEvent) => {
    const by = placeIn(moved, area).x - start.x;
    isMoved ||= Math.abs(by) > CLICK_PIXELS;
    if (isMoved && !event.shiftKey)
      state.show({ from: before.from - by * perPixel, to: before.to - by * perPixel });
  };
  const up = (ended: PointerEvent) => {
    end.abort();
    const { x, y } = placeIn(ended, area);
    if (!isMoved) void clicked(x, y, lanes);
    else if (event.shiftKey) {
      const times = [lanes.timeAt(start.x), lanes.timeAt(x)].sort((a, b) => a - b);
      state.show({ from: times[0], to: times[1] });
    }
  };
  const { signal } = end;
  area.addEventListener('pointermove', move, { signal });
  area.addEventListener('pointerup', up, { signal });
  area.addEventListener('pointercancel', () => end.abort(), { signal });
}

async function clicked(x: number, y: number, lanes: LaneTarget): Promise<void> {
  const found = lanes.at(x, y);
  if (found?.isSign && found.seq !== null) await lanes.select({ seq: found.seq });
  else await lanes.select({ at: lanes.timeAt(x) });
}

function placeIn({ clientX, clientY }: MouseEvent, area: HTMLElement) {
  const { left, top } = area.getBoundingClientRect();
  return { x: clientX - left, y: clientY - top };
}

function showTip(event: PointerEvent, area: HTMLElement, lanes: LaneTarget): void {
  const { x, y } = placeIn(event, area);
  const found = lanes.at(x, y);
  area.style.cursor = found === null && lanes.deviceAt(x, y) === null ? '' : 'pointer';
  const tip = part('tip');
  tip.hidden = found === null;
  if (found === null) return;
  tip.textContent = found.words;
  const most = document.documentElement.clientWidth - tip.offsetWidth - 8;
  tip.style.left = `${Math.max(4, Math.min(most, event.clientX + 12))}px`;
  tip.style.top = `${event.clientY + 16}px`;
}

const hideTip = (): void => {
  part('tip').hidden = true;
};
