/** The browser while it runs: keys and the mouse, work that takes time, what is on the screen. */

import type { TraceReader } from '../../traces/index.js';
import { type Answer, answerTo, failed, filterFor, isQuestion, type Question } from './answers.js';
import type { BackgroundWork } from './background-work.js';
import type { Begin } from './browse-options.js';
import type { EventQueries } from './event-queries.js';
import { press } from './input/commands.js';
import type { MouseEvent } from './input/mouse.js';
import { type Place, pointed } from './input/mouse-actions.js';
import { fitted, followed } from './model/beside.js';
import {
  ask,
  type Browser,
  current,
  idle,
  openBrowser,
  type Request,
  revealed,
  type Step,
  withNewEvents,
  withRows,
} from './model/browser.js';
import { type TimeBase, timeBaseOf } from './model/clock.js';
import type { EventStore } from './model/event-store.js';
import { bodyLines } from './panes/bodies.js';
import { firstDevice } from './panes/devices-body.js';
import { frameOf, laneDevices } from './panes/frame.js';
import { Lanes } from './panes/lanes-body.js';
import type { BodyName, Frame } from './panes/screen.js';
import type { Size, View } from './panes/view.js';
import type { Rectangle } from './terminal.js';
import type { Paint } from './text/theme.js';

export type Places = ReadonlyMap<BodyName, Place>;

/** What only the owner of the terminal can do. */
export interface SessionHost {
  readonly copy: (text: string) => void;
  readonly suspend: () => void;
  readonly quit: () => void;
  /** Something on the screen may have changed. */
  readonly redraw: () => void;
}

export interface SessionOptions {
  readonly title: string;
  readonly store: EventStore;
  readonly queries: EventQueries;
  readonly work: BackgroundWork;
  readonly base: TimeBase;
  readonly paint: Paint;
}

export class Session {
  #browser: Browser;
  #view: View;
  #places: Places = new Map();
  #lanes: Lanes;
  /** The event to go to when it has been read; null for no event. */
  #awaited: number | null = null;
  /** Whether the recording has gone on since it was opened. */
  #hasGrown = false;
  /** Only the answer to the last question is used. */
  #asked = 0;
  /** The question that is being answered, and those that follow it. */
  #questions: readonly Question[] = [];
  #host: SessionHost = { copy() {}, suspend() {}, quit() {}, redraw() {} };

  constructor(private readonly options: SessionOptions) {
    const { store, work, base, title, paint } = options;
    this.#browser = openBrowser(store, work.calls, base, work);
    this.#view = { title, work, paint };
    this.#lanes = new Lanes(store, base.start, work);
  }

  get browser(): Browser {
    return this.#browser;
  }

  /** Begins to answer; until then nothing but the first screen is needed. */
  attach(host: SessionHost): void {
    this.#host = host;
  }

  /** Rows that fit the list. */
  get height(): number {
    return Math.max(1, (this.#places.get('list')?.height ?? 21) - 1);
  }

  /** Rows that fit the list of the trace beside. */
  get #heightBeside(): number {
    return Math.max(1, (this.#places.get('beside')?.height ?? this.height) - 1);
  }

  setPaint(paint: Paint): void {
    this.#view = { ...this.#view, paint };
  }

  /** Sets where ink laid out the bodies. */
  setPlaces(places: Places): void {
    this.#places = places;
    this.#browser = fitted(this.#browser, this.height, this.#heightBeside);
  }

  frame(size: Size): Frame {
    return frameOf(this.#browser, this.#view, size);
  }

  /** The lines to paint over the frame. */
  rectangles(): Rectangle[] {
    return [...this.#places].map(([name, { row, column, width, height }]) => {
      const lines = bodyLines(name, this.#browser, this.#view, this.#lanes, [width, height]);
      const blank = ' '.repeat(width);
      const shown = Array.from({ length: height }, (_, i) => lines[i] || blank);
      return { row, column, width, lines: shown };
    });
  }

  keys(names: readonly string[]): void {
    this.#awaited = null;
    this.options.work.rest();
    for (const name of names)
      this.#apply(this.#readable(() => press(this.#browser, name, this.height)));
    this.#host.redraw();
  }

  mouse(event: MouseEvent): void {
    this.options.work.rest();
    const places = {
      ...Object.fromEntries(this.#places),
      seqAtLane: (column: number, width: number) => this.#lanes.seqAt(column, width),
      deviceAt: (line: number) => {
        const first = firstDevice(this.#browser, this.#places.get('devices')?.height ?? 0);
        return laneDevices(this.#browser)[first + line] ?? null;
      },
    };
    this.#apply(this.#readable(() => pointed(this.#browser, event, places, this.height)));
    this.#host.redraw();
  }

  /** Goes to where the browser begins, as long as the user asks nothing else. */
  begin({ at, where, other }: Begin): void {
    if (at !== null) this.beginAt(at);
    const stays = at !== null || where !== null;
    this.#ask([
      ...(where === null ? [] : [{ type: 'filter', condition: where } as const]),
      ...(other === null ? [] : [{ type: 'compare', file: other, stays } as const]),
    ]);
  }

  /**
   * Where to begin when the trace is opened again: at the event under the cursor of the list, with
   * the condition and the other trace that are shown, or asked for.
   */
  get place(): Begin {
    const { screen, beside, filter: shown } = this.#browser;
    const seq = screen === 'overview' ? null : (current(this.#browser)?.seq ?? null);
    const asked = this.#questions.find((question) => question.type === 'filter');
    const compare = this.#questions.find((question) => question.type === 'compare');
    return {
      at: this.#awaited ?? seq,
      where:
        asked?.condition ?? (shown?.question.type === 'filter' ? shown.question.condition : null),
      other: compare?.file ?? beside?.file ?? null,
    };
  }

  /** Asks questions one after the other. */
  #ask(questions: readonly Question[]): void {
    const [next] = questions;
    if (next === undefined) return;
    this.#apply(ask(this.#browser, next));
    this.#questions = questions;
  }

  /** Goes to an event as soon as the background work has come to it. */
  beginAt(seq: number): void {
    this.#browser = revealed(this.#browser, seq, this.height);
    const isThere = this.#browser.store.positionOf(seq) < this.#browser.calls.done;
    this.#awaited = isThere ? null : seq;
    if (isThere) this.#browser = { ...this.#browser, message: '' };
  }

  /** The recording went on: shows what it has in addition. */
  async grow(reader: TraceReader): Promise<void> {
    const { store, work, queries } = this.options;
    store.grow(reader);
    queries.grow(reader);
    const { dictionaries } = reader;
    const overview = { ...this.#browser.overview, devices: dictionaries.device.toSorted() };
    // Until there are events, nothing is known of when they begin.
    const base = timeBaseOf(reader);
    this.#browser = { ...this.#browser, overview, base };
    this.#lanes = new Lanes(store, base.start, work);
    this.#hasGrown = true;
    await work.continue();
    this.progressed();
    await this.#filterAgain();
  }

  /** Adds the new events that the filter shows, unless the user asks something else. */
  async #filterAgain(): Promise<void> {
    const { filter, looking } = this.#browser;
    if (filter === null || looking) return;
    const { queries, work } = this.options;
    const number = this.#asked;
    const found = await filterFor(filter.question, queries, work).catch((error: Error) => error);
    if (number !== this.#asked || this.#browser.filter !== filter) return;
    if (found instanceof Error) this.#browser = { ...this.#browser, message: found.message };
    else this.#browser = withNewEvents(this.#browser, this.height, found(this.#browser));
    this.#host.redraw();
  }

  /** The background work has progressed: the list may have become longer. */
  progressed(): void {
    const { calls, indexed } = this.#browser;
    const grown = calls.isComplete ? indexed < calls.done : calls.done >= 2 * Math.max(1, indexed);
    if (grown && this.#hasGrown) this.#browser = withNewEvents(this.#browser, this.height);
    else if (grown) this.#browser = withRows(this.#browser, {}, this.height);
    if (this.#awaited !== null) this.beginAt(this.#awaited);
    this.#host.redraw();
  }

  #apply({ browser, request }: Step): void {
    this.#browser = followed(browser, this.#heightBeside);
    if (request !== undefined) this.#do(request);
  }

  #do(request: Request): void {
    switch (request.type) {
      case 'copy':
        this.#host.copy(request.text);
        break;
      case 'suspend':
        this.#host.suspend();
        break;
      case 'quit':
        this.#asked++;
        this.#host.quit();
        break;
      default:
        this.#asked++;
        this.options.queries.cancel();
        this.#questions = isQuestion(request) ? [request] : [];
        if (isQuestion(request)) void this.#answer(request, this.#asked);
    }
  }

  async #answer(question: Question, number: number): Promise<void> {
    const { queries, work } = this.options;
    const found = await answerTo(question, queries, work).catch((error: Error) => error);
    if (number !== this.#asked) return;
    // After an error no question follows, so that its message can be read.
    const later = found instanceof Error ? [] : this.#questions.slice(1);
    const answer: Answer = found instanceof Error ? failed(found) : found;
    this.#questions = [];
    this.#apply(this.#readable(() => ({ browser: answer(this.#browser, this.height) })));
    this.#ask(later);
    this.#host.redraw();
  }

  /** A jump may have to read a damaged part of the trace. */
  #readable(step: () => Step): Step {
    try {
      return step();
    } catch (error) {
      return { browser: { ...idle(this.#browser), message: (error as Error).message } };
    }
  }
}
