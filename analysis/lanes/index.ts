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
export { readLanes } from './read-lanes.js';
export { rowsOf } from './session-rows.js';
