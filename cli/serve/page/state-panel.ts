/** The state of the devices after the event at the cursor; each value leads to what set it. */
import type { DeviceView, FieldView, StateView } from '../page-messages.js';
import { element } from './dom.js';
import { Latest } from './fetch-answer.js';
import type { ViewState } from './view-state.js';
import { WhyList } from './why-list.js';

/** The state is fetched again after that many milliseconds if the replay has not come so far. */
const AGAIN_MS = 500;

export class StatePanel {
  readonly panel = element('div');
  readonly #table = element('div', { className: 'scroll' });
  readonly #hint = element(
    'p',
    { className: 'hint' },
    'Choose an event to see the state after it.',
  );
  readonly #why: WhyList;
  readonly #latest = new Latest();
  #timer = 0;

  constructor(private readonly state: ViewState) {
    this.#why = new WhyList(state);
    this.panel.append(this.#hint, this.#why.list, this.#table);
    state.on(['cursor'], () => void this.#show());
  }

  async #show(): Promise<void> {
    const { cursor, trace } = this.state;
    clearTimeout(this.#timer);
    if (cursor === null) return;
    const view = await this.#latest.get<StateView>('state', { trace, seq: cursor.seq });
    if (view === undefined) return;
    if (view.devices === null) {
      this.#hint.textContent = 'The trace is being replayed up to this event…';
      this.#timer = setTimeout(() => void this.#show(), AGAIN_MS);
    } else this.#hint.textContent = `After event ${view.seq}. A value leads to what set it.`;
    this.#table.replaceChildren(this.#tableOf(view.devices ?? []));
  }

  #tableOf(devices: readonly DeviceView[]): HTMLElement {
    const names = [...new Set(devices.flatMap(({ fields }) => fields.map(({ name }) => name)))];
    const head = ['device', ...names].map((name) => element('th', { scope: 'col' }, name));
    const rows = devices.map(({ device, fields }) => {
      const cells = names.map((name) => {
        const field = fields.find((one) => one.name === name);
        return element('td', {}, field === undefined ? null : this.#valueOf(device, field));
      });
      return element(
        'tr',
        {},
        element('th', { scope: 'row' }, device.replace(/^0000:/, '')),
        ...cells,
      );
    });
    return element(
      'table',
      {},
      element('thead', {}, element('tr', {}, ...head)),
      element('tbody', {}, ...rows),
    );
  }

  #valueOf(device: string, { name, value, setBy }: FieldView): HTMLElement {
    if (setBy === null)
      return element('span', { title: 'It had this value when the recording began.' }, value);
    const title = `Set by event ${setBy}. Who set this?`;
    const label = `${name} of ${device} is ${value}. Who set this?`;
    const button = element(
      'button',
      { className: 'value', title, aria: { 'aria-label': label } },
      value,
    );
    button.addEventListener('click', () => void this.#why.ask(setBy));
    return button;
  }
}
