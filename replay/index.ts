/** The public face of replay/: a recording re-driven through models of the kernel. */

export { autoprobeGate, matchesWith } from './binding/gate.js';
export { covers, parseNewId } from './binding/ids.js';
export { parseSnapshot } from './binding/snapshot.js';
export { parseBool, parseStore, type Store } from './binding/stores.js';
export { type Enacted, enact } from './enact/index.js';
export { EventCursor } from './engine/cursor.js';
export { Engine } from './engine/engine.js';
export { type Holders, holdersOf, type UnderWay } from './engine/holders.js';
export {
  type Checkpoint,
  type Divergence,
  Replayer,
  type ReplayOptions,
  type ReplayResult,
  replay,
} from './engine/replay.js';
export type { SnapshotDoubt } from './engine/snapshot-trust.js';
export {
  type DeviceState,
  deviceState,
  type FunctionState,
  type MachineState,
  machineState,
  type OpenState,
} from './engine/state.js';
export { type RandomAccess, Timeline } from './engine/timeline.js';
export type { Counts, Difference, Verdict } from './engine/verdict.js';
export { type Change, stateAt, watch } from './engine/watch.js';
export {
  boot,
  type Deadlock,
  describeDeadlock,
  type Kernel,
  type Outcome,
  type RunSpec,
  randomly,
  run,
  TraceRecorder,
  World,
} from './kernel/index.js';
export type { PciDevice } from './machine/device.js';
export { ERRNO, errnoName } from './machine/errno.js';
export { certainly, only, type Possible, possibly } from './machine/possible.js';
export {
  checkScenario,
  kindOf,
  type LineMistake,
  readScenario,
  runsKernel,
  SCENARIO_SCHEMA,
  SCENARIOS,
  type ScenarioDocument,
  specOf,
} from './scenarios/index.js';
