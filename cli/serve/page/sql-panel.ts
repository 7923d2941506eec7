/** SQL over all traces: a query, its rows. */
import type { SqlView, Tables } from '../page-messages.js';
import { element } from './dom.js';
import { get, post } from './fetch-answer.js';
import { goTo } from './seq-button.js';
import type { Editor } from './sql-editor.js';
import type { ViewState } from './view-state.js';

const FIRST_QUERY =
  'SELECT device, driver, bound_task, bound_seq AS seq\nFROM bindings WHERE bound_seq IS NOT NULL';
/** Rows that are shown: a browser lays out tables slowly. */
const ROWS_MAX = 500;

export class SqlPanel {
  readonly panel = element('div');
  readonly #home = element('div', { className: 'editor' });
  readonly #run = element('button', {}, 'Run');
  readonly #cancel = element('button', { disabled: true }, 'Cancel');
  readonly #message = element('p', { className: 'message', role: 'status' });
  readonly #result = element('div', {
    className: 'scroll',
    tabIndex: 0,
    role: 'region',
    aria: { 'aria-label': 'Rows' },
  });
  #editor: Editor | null = null;

  constructor(private readonly state: ViewState) {
    const hint = element(
      'p',
      { className: 'hint' },
      'Ctrl-Enter runs the query. A number in a column seq leads to its event.',
    );
    const buttons = element('p', {}, this.#run, ' ', this.#cancel);
    this.panel.append(this.#home, buttons, hint, this.#message, this.#result);
    this.#run.addEventListener('click', () => void this.#ask());
    this.#cancel.addEventListener('click', () => void post('cancel').catch(() => undefined));
  }

  /** Loads the editor, which is large, when the panel is seen first. */
  async show(): Promise<void> {
    if (this.#editor !== null || this.#home.childElementCount > 0) return;
    const [{ openEditor }, tables] = await Promise.all([
      import('./sql-editor.js'),
      get<Tables>('tables'),
    ]);
    this.#editor = openEditor(this.#home, FIRST_QUERY, tables, () => void this.#ask());
  }

  async #ask(): Promise<void> {
    if (this.#editor === null || this.#run.disabled) return;
    this.#setBusy(true);
    this.#message.className = 'message';
    this.#message.textContent = 'Running…';
    try {
      const view = await post<SqlView>('sql', this.#editor.text());
      const shown = Math.min(ROWS_MAX, view.rows.length);
      const more = view.more || shown < view.rows.length;
      const count = more ? `the first ${shown} rows` : `${shown} rows`;
      this.#message.textContent = `${count}, ${view.milliseconds} ms`;
      this.#result.replaceChildren(this.#tableOf(view));
    } catch (error) {
      this.#message.className = 'message bad';
      this.#message.textContent = (error as Error).message;
      this.#result.replaceChildren();
    } finally {
      this.#setBusy(false);
    }
  }

  #setBusy(isBusy: boolean): void {
    this.#run.disabled = isBusy;
    this.#cancel.disabled = !isBusy;
  }

  #tableOf({ columns, rows }: SqlView): HTMLElement {
    const head = columns.map((name) => element('th', { scope: 'col' }, name));
    const body = rows.slice(0, ROWS_MAX).map((row) => {
      const cells = row.map((value, i) => element('td', {}, this.#valueOf(columns[i], value)));
      return element('tr', {}, ...cells);
    });
    return element(
      'table',
      {},
      element('thead', {}, element('tr', {}, ...head)),
      element('tbody', {}, ...body),
    );
  }

  #valueOf(column: string, value: string): string | HTMLElement {
    // Of several traces it is not known which one a number belongs to.
    const isSeq = /(?:^|_)seq$/.test(column) && /^\d+$/.test(value);
    if (!isSeq || this.state.status.traces.length > 1) return value;
    const button = element('button', { className: 'seq', title: `Go to event ${value}` }, value);
    button.addEventListener('click', () => void goTo(Number(value), this.state));
    return button;
  }
}
