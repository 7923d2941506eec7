/** The lines of the parts of the screen that the terminal paints. */
import { contextOf } from '../input/command.js';
import { HELP } from '../input/hints.js';
import { type Browser, current } from '../model/browser.js';
import { cells } from '../text/cell-text.js';
import { detailsBody, stateBody } from './details-body.js';
import { devicesBody } from './devices-body.js';
import { besideBody, diffBody } from './diff-body.js';
import { laneDevices } from './frame.js';
import type { Lanes } from './lanes-body.js';
import { listBody } from './list-body.js';
import { overviewBody } from './overview-body.js';
import { sqlBody, whyBody } from './pane-lists.js';
import type { BodyName } from './screen.js';
import { titleBody } from './title-body.js';
import type { View } from './view.js';

/** The lines of a body of some size; fewer than its height leave the rest blank. */
export function bodyLines(
  name: BodyName,
  browser: Browser,
  view: View,
  lanes: Lanes,
  [width, height]: readonly [width: number, height: number],
): string[] {
  switch (name) {
    case 'overview':
      return overviewBody(browser, view, lanes, width, height);
    case 'list':
      return listBody(browser, view, width, height, browser.beside?.differing.a);
    case 'beside':
      return browser.beside === null ? [] : besideBody(browser.beside, view, [width, height]);
    case 'devices':
      return devicesBody(browser, view, width, height);
    case 'lanes': {
      const seq = current(browser)?.seq ?? null;
      return lanes.body(laneDevices(browser), seq, [width, height], view.paint);
    }
    case 'title':
      return titleBody(browser, view, width);
    case 'details':
      return detailsBody(browser, view, width);
    case 'state':
      return stateBody(browser, view, width);
    case 'lower':
      return lowerBody(browser, view, [width, height]);
    case 'help': {
      const lines = HELP[contextOf(browser)];
      const first = Math.min(browser.help ?? 0, Math.max(0, lines.length - height));
      return lines.slice(first, first + height).map((line) => cells(line, width));
    }
  }
}

function lowerBody(
  browser: Browser,
  view: View,
  size: readonly [width: number, height: number],
): string[] {
  const { lower } = browser;
  if (lower.type === 'why') return whyBody(browser, view, lower, size);
  if (lower.type === 'diff' && browser.beside !== null)
    return diffBody(browser.beside, lower.cursor, size, view.paint);
  if (lower.type === 'sql') return sqlBody(lower.result, lower.cursor, size, view.paint);
  return [];
}
