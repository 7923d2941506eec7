export { driverColors } from './driver-colors.js';
export {
  type DriverStretch,
  type Edge,
  isEventful,
  type Lane,
  type Lanes,
  type LossBand,
  MARK_KINDS,
  type Mark,
  type MarkKind,
  type Stretch,
} from './lane.js';
export { type Cell, cellsOf, columnOf, type Span } from './lane-cells.js';
export { type LanePart, type LaneSign, partsWithin, signsWithin } from './lane-parts.js';
export { edgeWords, partWords, signWords } from './lane-words.js';
export { lastTimeOf } from './last-time.js';
export { PALETTE } from './palette.js';
export { readLanes } from './read-lanes.js';
export { rowsOf } from './session-rows.js';
