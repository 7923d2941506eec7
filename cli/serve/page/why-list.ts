/** Why an event happened: a list from it back to its first cause. */
import type { WhyView } from '../page-messages.js';
import { element, say } from './dom.js';
import { Latest } from './fetch-answer.js';
import { seqButton } from './seq-button.js';
import type { ViewState } from './view-state.js';

export class WhyList {
  readonly list = element('div', { className: 'why' });
  readonly #latest = new Latest();

  constructor(private readonly state: ViewState) {}

  clear(): void {
    this.list.replaceChildren();
  }

  /** Asks and shows; the answer for a large trace takes some seconds. */
  async ask(seq: number): Promise<void> {
    this.list.replaceChildren(element('p', {}, `Looking for the cause of event ${seq}…`));
    try {
      const why = await this.#latest.get<WhyView>('why', { trace: this.state.trace, seq });
      if (why !== undefined) this.#show(why);
    } catch (error) {
      this.list.replaceChildren(element('p', { className: 'bad' }, (error as Error).message));
    }
  }

  #show({ known, chain }: WhyView): void {
    const items = chain.map(({ seq, relation, text }) =>
      element(
        'li',
        {},
        element('span', { className: 'relation' }, relation),
        seq === null ? null : seqButton(seq, this.state),
        ` ${text}`,
      ),
    );
    const note = known ? null : element('p', {}, 'The recording does not show the whole cause.');
    this.list.replaceChildren(element('h3', {}, 'Why'), element('ol', {}, ...items));
    if (note !== null) this.list.append(note);
    say(`${chain.length} steps from the event to its cause`);
  }
}
