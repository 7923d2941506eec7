/** All that the event at the cursor says, and why it happened. */
import type { EventView } from '../page-messages.js';
import { element } from './dom.js';
import { Latest } from './fetch-answer.js';
import type { ViewState } from './view-state.js';
import { WhyList } from './why-list.js';

export class EventPanel {
  readonly panel = element('div');
  readonly #facts = element('dl');
  readonly #note = element('p', { className: 'bad' });
  readonly #button = element('button', { disabled: true }, 'Why did this happen?');
  readonly #why: WhyList;
  readonly #latest = new Latest();

  constructor(private readonly state: ViewState) {
    this.#why = new WhyList(state);
    const hint = element(
      'p',
      { className: 'hint' },
      'Choose an event in the lanes or in the table.',
    );
    this.panel.append(hint, this.#button, this.#why.list, this.#note, this.#facts);
    this.#button.addEventListener('click', () => this.askWhy());
    state.on(['cursor'], () => {
      hint.hidden = true;
      void this.#show();
    });
  }

  askWhy(): void {
    const { cursor } = this.state;
    if (cursor !== null) void this.#why.ask(cursor.seq);
  }

  async #show(): Promise<void> {
    const { cursor, trace } = this.state;
    if (cursor === null) return;
    this.#button.disabled = false;
    this.#why.clear();
    const view = await this.#latest.get<EventView>('event', { trace, seq: cursor.seq });
    if (view === undefined) return;
    this.#note.textContent = view.note;
    const facts = view.facts.flatMap((fact) => {
      const at = fact.indexOf(' ');
      return [element('dt', {}, fact.slice(0, at)), element('dd', {}, fact.slice(at + 1))];
    });
    this.#facts.replaceChildren(...facts);
  }
}
