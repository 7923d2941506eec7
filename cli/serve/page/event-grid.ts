/** The table of events: rows are fetched as they scroll into view. */
import type { Place, RowView, RowWindow } from '../page-messages.js';
import { element, say } from './dom.js';
import { get, Refused } from './fetch-answer.js';
import { secondsText } from './time-span.js';
import type { ViewState } from './view-state.js';

const ROW_HEIGHT = 22;
/** Rows of a request. */
const PAGE = 100;
/** Pages that are kept. */
const PAGES_MAX = 60;
/** A taller element would not be laid out by every browser. */
const HEIGHT_MAX = 4_000_000;
const COLUMNS = ['seconds', 'task', 'device', 'what', 'result', 'took'] as const;

export class EventGrid {
  readonly #input = element('input', {
    type: 'search',
    placeholder: "kind = 'bind' AND ret < 0",
    spellcheck: false,
    aria: { 'aria-label': 'Condition in SQL that events have to satisfy' },
  });
  readonly #message = element('p', { className: 'message', role: 'status' });
  readonly #body = element('div', { className: 'rows', role: 'rowgroup' });
  readonly #room = element('div', { className: 'room' });
  readonly #scroll = element('div', { className: 'scrollbar', tabIndex: -1 }, this.#room);
  readonly #grid: HTMLElement;
  readonly #pages = new Map<number, readonly RowView[] | 'asked'>();
  #total = 0;
  /** The first row that is shown; a fraction while it scrolls. */
  #top = 0;
  /** The row of the cursor. */
  #row = 0;
  #isPending = false;
  /** Answers to questions from before a change are not used. */
  #version = 0;
  #known = '';

  constructor(
    home: HTMLElement,
    private readonly state: ViewState,
  ) {
    this.#grid = element(
      'div',
      { className: 'grid', role: 'grid', tabIndex: 0, aria: { 'aria-label': 'Events' } },
      element(
        'div',
        { className: 'row head', role: 'row' },
        ...COLUMNS.map((name) => element('span', { role: 'columnheader', className: name }, name)),
      ),
      this.#body,
    );
    const form = element('form', {}, this.#input, element('button', {}, 'Filter'));
    const head = element('h2', {}, 'Events');
    home.append(
      head,
      form,
      this.#message,
      element('div', { className: 'table' }, this.#grid, this.#scroll),
    );
    this.#listen(form);
    state.on(['status'], () => this.#updated());
    state.on(['filter', 'trace'], () => void this.#restart());
    state.on(['cursor'], () => void this.#follow());
  }

  #listen(form: HTMLFormElement): void {
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.state.setFilter(this.#input.value.trim());
    });
    this.#scroll.addEventListener('scroll', () => {
      const top = (this.#scroll.scrollTop / this.#most) * this.#last;
      // The position of the scroll bar is rounded; small steps of the wheel must not be undone.
      if (Math.abs(this.#scrollTop - this.#scroll.scrollTop) > 1) this.#scrollTo(top);
    });
    this.#grid.addEventListener(
      'wheel',
      (event) => {
        if (event.ctrlKey) return;
        event.preventDefault();
        const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 1 : 1 / ROW_HEIGHT;
        this.#scrollTo(this.#top + event.deltaY * unit);
      },
      { passive: false },
    );
    this.#grid.addEventListener('keydown', (event) => this.#pressed(event));
    this.#body.addEventListener('click', (event) => {
      const row = (event.target as HTMLElement).closest<HTMLElement>('.row');
      if (row?.dataset.row !== undefined) this.#choose(Number(row.dataset.row));
    });
    new ResizeObserver(() => this.#draw()).observe(this.#grid);
  }

  /** Rows that fit. */
  get #height(): number {
    return Math.max(1, Math.floor(this.#body.clientHeight / ROW_HEIGHT));
  }

  get #last(): number {
    return Math.max(0, this.#total - this.#height);
  }

  /** How far the scroll bar moves, in pixels. */
  get #most(): number {
    return Math.max(1, this.#scroll.scrollHeight - this.#scroll.clientHeight);
  }

  /** Where the scroll bar is for the first row. */
  get #scrollTop(): number {
    return this.#last === 0 ? 0 : (this.#top / this.#last) * this.#most;
  }

  #scrollTo(top: number): void {
    this.#top = Math.max(0, Math.min(this.#last, top));
    this.#draw();
  }

  /** More is known of the trace: rows, results of calls, what was found. */
  #updated(): void {
    const { current, filter } = this.state;
    if (current === undefined) return;
    const { generation, stage, rows, lanes } = current;
    // Races come with the lanes.
    const known = `${generation} ${stage} ${rows} ${lanes?.generation}`;
    if (known === this.#known) return;
    this.#known = known;
    this.#pages.clear();
    this.#version++;
    if (filter === '') this.#setTotal(current.rows);
    this.#draw();
  }

  async #restart(): Promise<void> {
    const { filter, trace, current } = this.state;
    this.#input.value = filter;
    const version = ++this.#version;
    this.#pages.clear();
    this.#message.className = 'message';
    this.#message.textContent = filter === '' ? '' : 'Searching…';
    try {
      const { total } = await get<RowWindow>('rows', { trace, filter, first: 0, count: 0 });
      if (version !== this.#version) return;
      this.#setTotal(total);
      if (filter !== '') this.#message.textContent = `${total} of ${current?.rows ?? 0} rows`;
      await this.#follow();
    } catch (error) {
      if (version === this.#version) this.#refuse(error);
    }
    this.#draw();
  }

  #refuse(error: unknown): void {
    if (!(error instanceof Refused)) return;
    this.#message.className = 'message bad';
    this.#message.textContent = error.message;
  }

  #setTotal(total: number): void {
    this.#total = total;
    this.#grid.setAttribute('aria-rowcount', String(total + 1));
    this.#room.style.height = `${Math.min(HEIGHT_MAX, total * ROW_HEIGHT)}px`;
    this.#scrollTo(this.#top);
  }

  /** Shows the row of the cursor. */
  async #follow(): Promise<void> {
    const { cursor, trace, filter } = this.state;
    if (cursor === null) return this.#draw();
    const version = this.#version;
    const { row } = await get<Place>('place', { trace, filter, seq: cursor.seq });
    if (version !== this.#version) return;
    this.#row = row;
    const isSeen = row >= this.#top && row < this.#top + this.#height;
    if (!isSeen) this.#top = Math.max(0, Math.min(this.#last, row - Math.floor(this.#height / 3)));
    this.#draw();
  }

  #pressed(event: KeyboardEvent): void {
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: this.#height,
      PageUp: -this.#height,
      Home: -this.#total,
      End: this.#total,
    };
    const by = moves[event.key];
    if (by === undefined) return;
    event.preventDefault();
    this.#choose(this.#row + by);
  }

  /** Moves the cursor to a row. */
  #choose(row: number): void {
    this.#row = Math.max(0, Math.min(this.#total - 1, row));
    if (this.#row < this.#top) this.#top = this.#row;
    if (this.#row >= this.#top + this.#height) this.#top = this.#row - this.#height + 1;
    void this.#rowAt(this.#row).then((view) => {
      if (view === undefined) return;
      this.state.select(this.state.trace, { seq: view.seq, at: view.at });
      say(`${view.what} ${view.result}`);
    });
  }

  async #rowAt(row: number): Promise<RowView | undefined> {
    const page = this.#pages.get(Math.floor(row / PAGE));
    if (Array.isArray(page)) return page[row % PAGE] as RowView;
    const { trace, filter } = this.state;
    const { rows } = await get<RowWindow>('rows', { trace, filter, first: row, count: 1 });
    return rows[0];
  }

  #draw(): void {
    if (this.#isPending) return;
    this.#isPending = true;
    requestAnimationFrame(() => {
      this.#isPending = false;
      this.#paint();
    });
  }

  #paint(): void {
    const first = Math.floor(this.#top);
    const count = Math.min(this.#height + 1, this.#total - first);
    const rows = Array.from({ length: Math.max(0, count) }, (_, i) => this.#rowElement(first + i));
    this.#body.replaceChildren(...rows);
    this.#grid.setAttribute('aria-activedescendant', `row-${this.#row}`);
    this.#scroll.scrollTop = this.#scrollTop;
  }

  #rowElement(row: number): HTMLElement {
    const view = this.#view(row);
    const isCurrent = row === this.#row && this.state.cursor !== null;
    const cells = view === null ? [] : cellsOf(view);
    const shown = element(
      'div',
      { className: classOf(view, isCurrent), role: 'row', id: `row-${row}` },
      ...cells.map(([name, text]) =>
        element('span', { role: 'gridcell', className: name, title: text }, text),
      ),
    );
    if (cells.length === 0) shown.append(element('span', { role: 'gridcell' }, '…'));
    if (view !== null) shown.style.setProperty('--depth', String(view.depth));
    shown.dataset.row = String(row);
    shown.setAttribute('aria-rowindex', String(row + 2));
    shown.setAttribute('aria-selected', String(isCurrent));
    return shown;
  }

  /** A row that is there; else it is fetched. */
  #view(row: number): RowView | null {
    const number = Math.floor(row / PAGE);
    const page = this.#pages.get(number);
    if (page === undefined) void this.#fetch(number);
    return page === undefined || page === 'asked' ? null : (page[row % PAGE] ?? null);
  }

  async #fetch(number: number): Promise<void> {
    const { trace, filter } = this.state;
    const version = this.#version;
    this.#pages.set(number, 'asked');
    if (this.#pages.size > PAGES_MAX) this.#pages.delete(this.#pages.keys().next().value!);
    try {
      const parameters = { trace, filter, first: number * PAGE, count: PAGE };
      const { rows } = await get<RowWindow>('rows', parameters);
      if (version === this.#version) this.#pages.set(number, rows);
    } catch (error) {
      if (version === this.#version) this.#refuse(error);
    }
    this.#draw();
  }
}

const classOf = (view: RowView | null, isCurrent: boolean): string =>
  ['row', isCurrent ? 'current' : '', view?.isBad ? 'bad' : '', view?.note ? 'noted' : '']
    .filter((name) => name !== '')
    .join(' ');

function cellsOf(view: RowView): readonly (readonly [string, string])[] {
  const what = view.note === '' ? view.what : `${view.what} ◆ ${view.note}`;
  return [
    ['seconds', secondsText(view.at, MICROSECONDS).replace(' s', '')],
    ['task', view.task],
    ['device', view.device.replace(/^0000:/, '')],
    ['what', what],
    ['result', view.result],
    ['took', view.took],
  ];
}

/** Times of the table have six digits. */
const MICROSECONDS = 10_000;
