/** The first screen: the recording, its devices with their drivers over time, its findings. */

import { formatDuration } from '../../format-duration.js';
import { plural } from '../../plural.js';
import type { Browser } from '../model/browser.js';
import { itemsOf, type OverviewItem } from '../model/overview.js';
import { cells, cellsRight } from '../text/cell-text.js';
import type { Lanes } from './lanes-body.js';
import { adviceFor, factsOf } from './recording-facts.js';
import { doingText, type View } from './view.js';

/** A line, and whether it is the one under the cursor. */
interface OverviewLine {
  readonly text: string;
  readonly selected: boolean;
}

/** The lines of the overview, scrolled so that the cursor is visible. */
export function overviewBody(
  browser: Browser,
  view: View,
  lanes: Lanes,
  width: number,
  height: number,
): string[] {
  const lines = [
    ...headLines(browser, view, lanes.span, width),
    ...itemLines(browser, view, lanes, width),
  ];
  const at = lines.findIndex(({ selected }) => selected);
  const top = Math.max(0, Math.min(at - Math.floor(height / 2), lines.length - height));
  const first = at < height - 1 ? 0 : top;
  return lines
    .slice(first, first + height)
    .map(({ text, selected }) => (selected ? view.paint('cursor', text) : text));
}

function headLines(
  { store }: Browser,
  { paint, work }: View,
  span: bigint,
  width: number,
): OverviewLine[] {
  const [facts, completeness] = factsOf(store.reader, span, work.isGrowing);
  const bad = completeness.startsWith('INCOMPLETE');
  return [
    paint('strong', cells(` ${facts}`, width)),
    paint(bad ? 'bad' : 'plain', cells(` ${completeness}`, width)),
    ...adviceFor(store.reader, work.isGrowing).map((text) =>
      paint('notable', cells(` ${text}`, width)),
    ),
    '',
  ].map(still);
}

const still = (text: string): OverviewLine => ({ text, selected: false });

function itemLines(browser: Browser, view: View, lanes: Lanes, width: number): OverviewLine[] {
  const { paint } = view;
  const { overview } = browser;
  const items = itemsOf(overview);
  const cursor = Math.min(overview.cursor, items.length - 1);
  const lines: OverviewLine[] = [];
  let section: OverviewItem['type'] | null = null;
  items.forEach((item, index) => {
    if (item.type !== section) lines.push(...sectionLines(item.type, browser, view, lanes, width));
    section = item.type;
    const text = cells(itemText(item, browser, lanes, width), width);
    lines.push({ text, selected: index === cursor });
  });
  const status = statusText(browser, view);
  if (status !== null) lines.push(still(''), still(paint('dim', cells(` ${status}`, width))));
  return lines;
}

function sectionLines(
  type: OverviewItem['type'],
  browser: Browser,
  { paint }: View,
  lanes: Lanes,
  width: number,
): OverviewLine[] {
  if (type === 'events') return [];
  if (type === 'finding') return ['', paint('strong', cells(' Findings', width))].map(still);
  const { left, lane } = laneColumns(width);
  const time = cells('Devices and their drivers over time', lane - 10);
  const end = cellsRight(formatDuration(lanes.span), 10);
  const title = ` ${browser.overview.all ? 'All devices' : 'Devices'}`;
  return ['', paint('strong', cells(cells(title, left) + time + end, width))].map(still);
}

/** Widths of the address, of the lane, and of the driver after it. */
function laneColumns(width: number) {
  const left = width < 60 ? 15 : 17;
  const right = width < 60 ? 0 : 16;
  return { left, right, lane: Math.max(8, width - left - right - 2) };
}

function itemText(item: OverviewItem, browser: Browser, lanes: Lanes, width: number): string {
  switch (item.type) {
    case 'events':
      return ` All events: ${eventCounts(browser)}`;
    case 'finding':
      return ` ${cellsRight(String(item.finding.count), 6)} × ${item.finding.what}`;
    case 'device': {
      const { left, right, lane } = laneColumns(width);
      const { cells: letters, last } = lanes.laneOf(item.device, lane);
      return cells(` ${item.device}`, left) + letters + cells(`  ${last}`, right);
    }
  }
}

const eventCounts = ({ store, rows, calls }: Browser): string => {
  const events = plural(store.length, 'event');
  return calls.isComplete ? `${events}, ${plural(rows.length, 'row')} as calls` : events;
};

function statusText({ overview }: Browser, { work }: View): string | null {
  if (work.problem !== null) return `Replay ended: ${work.problem}`;
  if (work.stage !== 'done') return doingText(work);
  return overview.insights.findings().length === 0 ? 'Nothing was refused, failed or lost.' : null;
}
