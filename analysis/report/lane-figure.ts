/** Draws lanes: a row for each device, bars by driver, signs of what happened under them. */
import { type Lane, type Lanes, MARK_KINDS, type MarkKind, type Span } from '../lanes/index.js';
import { barsOf, partsOf, type Sign, seconds, signsOf } from './lane-shapes.js';
import { draw, Plot } from './plot.js';

const ROW_HEIGHT = 44;
const FRAME_HEIGHT = 50;
const MARGIN_LEFT = 110;

/** Where the parts of a row are, from its top to its bottom. */
const BAR = { top: 0.16, bottom: 0.6 };
const LINE = { top: 0.36, bottom: 0.4 };
const OVERRIDE = { top: 0.08, bottom: 0.13 };
const SIGN = 0.76;

const SYMBOLS: Readonly<Record<MarkKind, string>> = {
  race: 'diamond',
  'failed probe': 'times',
  reset: 'triangle',
  override: 'circle',
};

export interface LaneFigure {
  readonly label: string;
  readonly lanes: readonly Lane[];
  readonly losses: Lanes['losses'];
  readonly span: Span;
  readonly colors: ReadonlyMap<string, string>;
}

export function laneFigure({ label, lanes, losses, span, colors }: LaneFigure): string {
  const colorOf = ({ driver }: { driver: string }) => colors.get(driver) ?? 'currentColor';
  const rows = <T>(of: (lane: Lane, row: number) => readonly T[]) => lanes.flatMap(of);
  const signs = rows(({ marks }, i) => signsOf(i, marks, span));
  const bars = rows((lane, i) => barsOf(i, lane.bars, span));
  const end = seconds(span.to);
  const options = {
    label,
    height: lanes.length * ROW_HEIGHT + FRAME_HEIGHT,
    marginLeft: MARGIN_LEFT,
    x: { domain: [seconds(span.from), end], label: 'seconds', ...zoomedTicks(span) },
    // The names of devices are marks of their own, in the middle of their rows.
    y: { domain: [lanes.length, 0], axis: null },
    color: { type: 'identity' },
    symbol: { type: 'categorical', domain: MARK_KINDS, range: MARK_KINDS.map((k) => SYMBOLS[k]) },
  };
  return draw(options, [
    Plot.ruleY(lanes, { y: (_: Lane, i: number) => i, strokeOpacity: 0.15 }),
    Plot.text(lanes, { y: (_: Lane, i: number) => i + LINE.bottom, text: 'device', ...LABELS }),
    boxes(
      rows(({ present }, i) => partsOf(i, present, 'present', span)),
      LINE,
      {
        fill: 'currentColor',
        fillOpacity: 0.35,
      },
    ),
    boxes(bars, BAR, { fill: colorOf, title: 'title', tip: false }),
    boxes(
      rows(({ holds }, i) => partsOf(i, holds, 'open through VFIO', span)),
      BAR,
      {
        fill: 'url(#hatch)',
        title: 'title',
      },
    ),
    boxes(
      rows(({ overrides }, i) => barsOf(i, overrides, span)),
      OVERRIDE,
      {
        fill: colorOf,
        title: 'title',
      },
    ),
    Plot.dot(signs, {
      x: 'x',
      y: ({ row }: Sign) => row + SIGN,
      symbol: 'kind',
      fill: signColor,
      stroke: signColor,
      r: 4,
      title: 'title',
    }),
    lossMarks(losses, span, lanes.length),
  ]);
}

const LABELS = {
  frameAnchor: 'left',
  textAnchor: 'end',
  dx: -8,
  fontVariant: 'tabular-nums',
} as const;

const signColor = ({ kind }: Sign): string =>
  kind === 'race' || kind === 'failed probe' ? 'var(--bad)' : 'currentColor';

interface Box {
  readonly row: number;
  readonly x1: number;
  readonly x2: number;
}

/** Rectangles at a place of their rows; a short one is still a pixel wide. */
const boxes = <T extends Box>(
  data: readonly T[],
  place: { readonly top: number; readonly bottom: number },
  look: object,
) =>
  Plot.rect(data as T[], {
    x1: 'x1',
    x2: 'x2',
    y1: ({ row }: T) => row + place.top,
    y2: ({ row }: T) => row + place.bottom,
    insetLeft: -0.5,
    insetRight: -0.5,
    ...look,
  });

/** A window of microseconds needs times with more digits. */
function zoomedTicks({ from, to }: Span): object {
  const digits = Math.max(0, Math.ceil(2 - Math.log10(seconds(to - from))));
  return { ticks: 6, tickFormat: (x: number) => x.toFixed(Math.min(9, digits)) };
}

const lossMarks = (losses: Lanes['losses'], span: Span, rows: number) =>
  Plot.rect(losses.filter(({ from, to }) => to >= span.from && from <= span.to) as never[], {
    x1: ({ from }: { from: number }) => seconds(Math.max(from, span.from)),
    x2: ({ to }: { to: number }) => seconds(to),
    y1: 0,
    y2: rows,
    insetLeft: -1,
    insetRight: -1,
    fill: 'var(--bad)',
    fillOpacity: 0.3,
    title: ({ events }: { events: number | null }) =>
      `${events ?? 'an unknown number of'} events lost`,
  });
