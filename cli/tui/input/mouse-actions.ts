/** What the mouse does. */
import { type Browser, moveTo, revealed, type Step } from '../model/browser.js';
import { press } from './commands.js';
import type { MouseEvent } from './mouse.js';

/** A part of the screen, in cells from the top left. */
export interface Place {
  readonly row: number;
  readonly column: number;
  readonly width: number;
  readonly height: number;
}

/** Where the parts are that the mouse can be used on. */
export interface MousePlaces {
  readonly list?: Place;
  readonly devices?: Place;
  readonly lanes?: Place;
  /** The event of a column of the lanes. */
  readonly seqAtLane: (column: number, width: number) => number | null;
  /** The device of a line of the pane of devices. */
  readonly deviceAt: (line: number) => string | null;
}

const WHEEL_ROWS = 3;

/** The browser after an action of the mouse, or what it requests. */
export function pointed(
  browser: Browser,
  event: MouseEvent,
  places: MousePlaces,
  height: number,
): Step {
  if (event.type === 'wheel up' || event.type === 'wheel down') {
    const key = event.type === 'wheel up' ? 'up' : 'down';
    let step: Step = { browser };
    for (let i = 0; i < WHEEL_ROWS; i++) step = press(step.browser, key, height);
    return step;
  }
  const { list, lanes, devices } = places;
  if (lanes !== undefined && isIn(event, lanes)) {
    const seq = places.seqAtLane(event.column - lanes.column, lanes.width);
    return { browser: seq === null ? browser : revealed(browser, seq, height) };
  }
  if (event.type === 'drag') return { browser };
  if (list !== undefined && isIn(event, list))
    return clicked(browser, event.row - list.row - 1, height);
  if (devices !== undefined && isIn(event, devices)) {
    const device = places.deviceAt(event.row - devices.row);
    if (device !== null) return { browser, request: { type: 'device', device } };
  }
  return { browser };
}

/** A click selects a row; one on the selected row is the Enter key. */
function clicked(browser: Browser, line: number, height: number): Step {
  const row = browser.top + line;
  if (line < 0 || row >= browser.rows.length) return { browser };
  if (row === browser.cursor) return press(browser, 'return', height);
  return { browser: moveTo(browser, row, height) };
}

const isIn = ({ row, column }: MouseEvent, place: Place): boolean =>
  row >= place.row &&
  row < place.row + place.height &&
  column >= place.column &&
  column < place.column + place.width;
