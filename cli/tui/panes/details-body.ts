/** The panes of the event under the cursor and of the state of its device. */
import { type Browser, current } from '../model/browser.js';
import { fieldText, STATE_FIELDS } from '../model/state-history.js';
import { cells } from '../text/cell-text.js';
import { detailsOf } from '../text/details-text.js';
import { stringOf } from '../text/event-values.js';
import { flowed } from '../text/flowed-text.js';
import { readable } from './list-body.js';
import type { View } from './view.js';

/** The note of a race or divergence, then the facts of the event, as many per line as fit. */
export function detailsBody(browser: Browser, { work, paint }: View, width: number): string[] {
  const ref = current(browser);
  if (ref === null) return [];
  const position = browser.rows.positionAt(browser.cursor);
  const end = browser.calls.endOf(position);
  const seqs = [ref.seq, ...(end === null ? [] : [browser.store.seqAt(end)])];
  const notes = seqs.flatMap((seq) => {
    const divergence = work.divergenceAt(seq);
    const race = browser.search?.notes?.get(seq) ?? work.raceNotes().get(seq);
    return [
      ...(divergence === undefined
        ? []
        : [`diverged: expected ${divergence.expected}, was ${divergence.actual}`]),
      ...(race === undefined ? [] : [race]),
    ];
  });
  const facts = readable(
    () => detailsOf(position, browser.store, browser.calls, browser.overview.insights.registerAt),
    (problem) => [problem],
  );
  const lines = flowed(notes, width).map((line) => paint('bad', line));
  return [...lines, ...flowed(facts, width)];
}

/** The fields of the state of the device under the cursor. */
export function stateBody(browser: Browser, { work, paint }: View, width: number): string[] {
  const ref = current(browser);
  const device =
    ref === null
      ? null
      : readable(
          () => stringOf(ref, 'device'),
          () => null,
        );
  if (ref === null || device === null)
    return [paint('dim', cells('The event has no device.', width))];
  const known = work.stateAt(device, ref.seq);
  const name = paint('device', cells(device, width));
  if (known === undefined) {
    const why = work.problem ?? `replaying, ${Math.floor(work.progress * 100)} %`;
    return [name, paint('dim', cells(why, width))];
  }
  if (known === null) return [name, paint('dim', cells('nothing known of its state', width))];
  const cursor = browser.lower.type === 'state' ? browser.lower.cursor : -1;
  const lines = STATE_FIELDS.map(({ name: field, of }, i) => {
    const line = cells(`${field.padEnd(12)} ${fieldText(known, of) ?? '-'}`, width);
    return i === cursor ? paint('cursor', line) : line;
  });
  return [name, ...lines];
}
