/** The event under the cursor as one line without colours, to be pasted. */
import { type Browser, positionOf } from '../model/browser.js';
import { summaryOf } from './event-summary.js';
import { stringOf, textOf } from './event-values.js';
import { resultOf } from './row-line.js';

export function plainLine(browser: Browser): string | null {
  const position = positionOf(browser);
  const begin = position === null ? null : browser.store.atPosition(position);
  if (position === null || begin === null) return null;
  const at = browser.calls.endOf(position);
  const end = (at === null ? null : browser.store.atPosition(at)) ?? begin;
  const task = stringOf(begin, 'task');
  const parts = [
    `seq ${begin.seq}`,
    task === null ? null : `${task}-${textOf(begin, 'tid') ?? '?'}`,
    stringOf(begin, 'device') ?? stringOf(end, 'device'),
    summaryOf(begin, end, browser.overview.insights.registerAt),
    resultOf(end).text,
  ];
  return parts.filter((part) => part !== null && part !== '').join('  ');
}
