/** Lanes of a trace as the page draws them. */
import {
  type Lane,
  type LanePart,
  type Lanes,
  type LossBand,
  partsWithin,
  partWords,
  type Span,
  type Stretch,
  signsWithin,
  signWords,
} from '../../analysis/index.js';
import type { LaneView, LaneWindow, LossView, PartView } from './page-messages.js';

/** Lanes without the report of races, as `vfr timeline --json` prints them. */
export type PlainLanes = Omit<Lanes, 'races' | 'zero'>;

/** @param columns of the screen; at least 1 */
export const laneWindow = (lanes: PlainLanes, span: Span, columns: number): LaneWindow => ({
  ...span,
  lanes: lanes.devices.map((lane) => laneView(lane, span, columns)),
  losses: lossViews(lanes.losses, span, columns),
});

function laneView(lane: Lane, span: Span, columns: number): LaneView {
  const parts = (stretches: readonly Stretch[], driver: string) =>
    partsWithin(
      stretches.map((stretch) => ({ ...stretch, driver })),
      span,
      columns,
    ).map(partView);
  return {
    device: lane.device,
    present: parts(lane.present, 'present'),
    bars: partsWithin(lane.bars, span, columns).map(partView),
    holds: parts(lane.holds, 'open through VFIO'),
    overrides: partsWithin(lane.overrides, span, columns).map((part) => {
      const view = partView(part);
      return { ...view, words: `driver_override ${view.words}` };
    }),
    signs: signsWithin(lane.marks, span, columns).map((sign) => ({
      kind: sign.kind,
      at: sign.mark.at,
      seq: sign.mark.seq,
      words: signWords(sign),
    })),
  };
}

const partView = (part: LanePart): PartView => ({
  from: part.from,
  to: part.to,
  driver: part.driver,
  count: part.count,
  seq: part.stretch.from?.seq ?? null,
  words: partWords(part),
});

/** Bands of losses; those that begin in one column are one band. */
function lossViews(losses: readonly LossBand[], span: Span, columns: number): LossView[] {
  const found: LossView[] = [];
  const size = (span.to - span.from) / columns;
  for (const { from, to, events } of losses) {
    if (to < span.from || from > span.to) continue;
    const last = found.at(-1);
    if (last !== undefined && losses.length > columns && from < last.from + size)
      found[found.length - 1] = { from: last.from, to: Math.max(to, last.to), words: SEVERAL };
    else found.push({ from, to, words: `${events ?? 'an unknown number of'} events lost` });
  }
  return found;
}

const SEVERAL = 'events lost, several times';
