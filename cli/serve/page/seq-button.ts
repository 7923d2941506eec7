/** A button that goes to an event. */
import type { Place } from '../page-messages.js';
import { element } from './dom.js';
import { get } from './fetch-answer.js';
import type { ViewState } from './view-state.js';

export function seqButton(seq: number, state: ViewState): HTMLElement {
  const button = element('button', { className: 'seq', title: `Go to event ${seq}` }, `#${seq}`);
  button.addEventListener('click', () => void goTo(seq, state));
  return button;
}

export async function goTo(seq: number, state: ViewState): Promise<void> {
  const { trace } = state;
  const place = await get<Place>('place', { trace, seq });
  if (place.seq >= 0) state.select(trace, { seq, at: place.at });
}
