/** Paints lanes on a canvas: bars by driver, hatched while open, signs, bands for losses. */
import type { LaneView, LaneWindow, PartView, SignView } from '../page-messages.js';
import type { LaneHit } from './lane-input.js';
import { lengthOf, type Span, secondsText, ticksOf } from './time-span.js';

export const ROW_HEIGHT = 36;
export const AXIS_HEIGHT = 22;
export const GUTTER = 92;
/** Where the parts of a row are, from its top. */
const OVERRIDE = { top: 3, height: 2 };
const BAR = { top: 6, height: 16 };
const LINE = { top: 13, height: 2 };
const SIGN_MIDDLE = 28;
const SIGN_SIZE = 4;
const TICK_WIDTH = 110;
const FONT = '11px system-ui, sans-serif';

/** Colours of the style by their names. */
export type Palette = (name: string) => string;

export interface Picture {
  readonly span: Span;
  readonly width: number;
  readonly height: number;
  /** Pixels that the rows are scrolled by. */
  readonly top: number;
  readonly cursor: number | null;
  readonly devices: readonly string[];
  readonly colors: ReadonlyMap<string, string>;
  readonly window: LaneWindow | null;
  readonly palette: Palette;
}

/** The place of a time on a canvas. */
const placeOf = (at: number, span: Span, width: number): number =>
  GUTTER + ((at - span.from) / lengthOf(span)) * (width - GUTTER);

/** The time at a place. */
export const timeAt = (x: number, span: Span, width: number): number =>
  span.from + ((x - GUTTER) / Math.max(1, width - GUTTER)) * lengthOf(span);

export function paint(canvas: CanvasRenderingContext2D, picture: Picture): void {
  const { width, height, palette, window, devices, top } = picture;
  canvas.clearRect(0, 0, width, height);
  canvas.font = FONT;
  canvas.textBaseline = 'middle';
  paintAxis(canvas, picture);
  canvas.save();
  canvas.beginPath();
  canvas.rect(0, AXIS_HEIGHT, width, height - AXIS_HEIGHT);
  canvas.clip();
  const hatch = hatching(canvas, palette('--paper'));
  devices.forEach((device, i) => {
    const y = AXIS_HEIGHT + i * ROW_HEIGHT - top;
    if (y > height || y + ROW_HEIGHT < AXIS_HEIGHT) return;
    canvas.fillStyle = palette('--line');
    canvas.fillRect(0, y, width, 1);
    canvas.fillStyle = palette('--ink');
    canvas.fillText(device.replace(/^0000:/, ''), 6, y + BAR.top + BAR.height / 2);
    const lane = window?.lanes[i];
    if (lane !== undefined) paintLane(canvas, { ...picture, hatch }, lane, y);
  });
  paintLosses(canvas, picture);
  canvas.restore();
  paintCursor(canvas, picture);
}

interface LanePicture extends Picture {
  readonly hatch: CanvasPattern | null;
}

function paintLane(
  canvas: CanvasRenderingContext2D,
  picture: LanePicture,
  lane: LaneView,
  y: number,
): void {
  const { palette, colors, hatch, span, width } = picture;
  const colorOf = ({ driver }: PartView) => palette(colors.get(driver) ?? '--soft');
  const boxes = (
    parts: readonly PartView[],
    place: { readonly top: number; readonly height: number },
    fill: (part: PartView) => string | CanvasPattern,
  ) => {
    for (const part of parts) {
      const box = boxOf(part, span, width);
      if (box === null) continue;
      canvas.fillStyle = fill(part);
      canvas.fillRect(box.x, y + place.top, box.width, place.height);
      if (place === BAR && part.count === 1 && fill === colorOf)
        name(canvas, part, box, y, palette);
    }
  };
  boxes(lane.present, LINE, () => palette('--soft'));
  boxes(lane.bars, BAR, colorOf);
  if (hatch !== null) boxes(lane.holds, BAR, () => hatch);
  boxes(lane.overrides, OVERRIDE, colorOf);
  for (const sign of lane.signs) paintSign(canvas, sign, picture, y);
}

interface Box {
  readonly x: number;
  readonly width: number;
}

/** Where a part is, at least a pixel wide; null outside. */
function boxOf({ from, to }: Span, span: Span, width: number): Box | null {
  if (to < span.from || from > span.to) return null;
  const x = Math.max(GUTTER, placeOf(from, span, width));
  const end = Math.min(width, placeOf(to, span, width));
  return { x, width: Math.max(1, end - x) };
}

/** Characters are at most this wide: a name is only measured where it may fit. */
const CHARACTER = 8;

function name(
  canvas: CanvasRenderingContext2D,
  { driver }: PartView,
  { x, width }: Box,
  y: number,
  palette: Palette,
): void {
  if (width < driver.length * CHARACTER) return;
  canvas.fillStyle = palette('--paper');
  canvas.fillText(driver, x + 5, y + BAR.top + BAR.height / 2);
}

function paintSign(
  canvas: CanvasRenderingContext2D,
  { kind, at }: SignView,
  { span, width, palette }: Picture,
  y: number,
): void {
  if (at < span.from || at > span.to) return;
  const [x, middle, size] = [placeOf(at, span, width), y + SIGN_MIDDLE, SIGN_SIZE];
  const isBad = kind === 'race' || kind === 'failed probe';
  canvas.fillStyle = canvas.strokeStyle = palette(isBad ? '--bad' : '--ink');
  canvas.beginPath();
  switch (kind) {
    case 'race':
      canvas.moveTo(x, middle - size);
      canvas.lineTo(x + size, middle);
      canvas.lineTo(x, middle + size);
      canvas.lineTo(x - size, middle);
      canvas.fill();
      break;
    case 'failed probe':
      canvas.lineWidth = 2;
      canvas.moveTo(x - size, middle - size);
      canvas.lineTo(x + size, middle + size);
      canvas.moveTo(x - size, middle + size);
      canvas.lineTo(x + size, middle - size);
      canvas.stroke();
      break;
    case 'reset':
      canvas.moveTo(x, middle - size);
      canvas.lineTo(x + size, middle + size);
      canvas.lineTo(x - size, middle + size);
      canvas.fill();
      break;
    default:
      canvas.arc(x, middle, size - 1, 0, 2 * Math.PI);
      canvas.fill();
  }
}

function paintLosses(canvas: CanvasRenderingContext2D, picture: Picture): void {
  const { window, span, width, height, palette } = picture;
  canvas.fillStyle = palette('--bad');
  canvas.globalAlpha = 0.3;
  for (const loss of window?.losses ?? []) {
    const box = boxOf(loss, span, width);
    if (box !== null) canvas.fillRect(box.x - 1, AXIS_HEIGHT, box.width + 2, height);
  }
  canvas.globalAlpha = 1;
}

function paintAxis(canvas: CanvasRenderingContext2D, { span, width, height, palette }: Picture) {
  const length = lengthOf(span);
  for (const at of ticksOf(span, Math.max(1, (width - GUTTER) / TICK_WIDTH))) {
    const x = placeOf(at, span, width);
    canvas.fillStyle = palette('--line');
    canvas.fillRect(x, AXIS_HEIGHT - 6, 1, height);
    canvas.fillStyle = palette('--soft');
    canvas.fillText(secondsText(at, length), x + 4, AXIS_HEIGHT / 2);
  }
}

function paintCursor(canvas: CanvasRenderingContext2D, picture: Picture): void {
  const { cursor, span, width, height, palette } = picture;
  if (cursor === null || cursor < span.from || cursor > span.to) return;
  canvas.fillStyle = palette('--ink');
  const x = placeOf(cursor, span, width);
  canvas.fillRect(x - 0.75, 0, 1.5, height);
}

/** Lines across a bar, in the colour of the paper. */
function hatching(canvas: CanvasRenderingContext2D, color: string): CanvasPattern | null {
  const tile = document.createElement('canvas');
  tile.width = tile.height = HATCH;
  const lines = tile.getContext('2d');
  if (lines === null) return null;
  lines.strokeStyle = color;
  lines.globalAlpha = 0.75;
  lines.lineWidth = 1.5;
  for (const shift of [-HATCH, 0, HATCH]) {
    lines.moveTo(shift - 1, HATCH + 1);
    lines.lineTo(shift + HATCH + 1, -1);
  }
  lines.stroke();
  return canvas.createPattern(tile, 'repeat');
}

/** Pixels from one line of the hatching to the next. */
const HATCH = 6;

/** What is at a place of the picture: a sign within a few pixels, else parts of the lane. */
export function hitAt(picture: Picture, x: number, y: number): LaneHit | null {
  const { window, span, width, top } = picture;
  const line = y - AXIS_HEIGHT + top;
  const lane = window?.lanes[Math.floor(line / ROW_HEIGHT)];
  if (lane === undefined || x < GUTTER || y < AXIS_HEIGHT) return null;
  const isNear = (sign: SignView) => Math.abs(placeOf(sign.at, span, width) - x) <= SIGN_SIZE + 1;
  const signs = line % ROW_HEIGHT > BAR.top + BAR.height ? lane.signs.filter(isNear) : [];
  if (signs.length > 0) return { words: wordsOf(signs), seq: signs[0].seq, isSign: true };
  const covers = (part: PartView) => {
    const box = boxOf(part, span, width);
    return box !== null && x >= box.x - 1 && x <= box.x + box.width + 1;
  };
  const parts = [lane.bars, lane.holds, lane.overrides].flatMap((all) => all.filter(covers));
  return parts.length === 0 ? null : { words: wordsOf(parts), seq: parts[0].seq, isSign: false };
}

/** A tip has room for a few lines. */
const LINES_MAX = 8;

const wordsOf = (found: readonly { readonly words: string }[]): string =>
  found
    .slice(0, LINES_MAX)
    .map(({ words }) => words)
    .join('\n');
