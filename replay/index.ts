/** The public face of replay/: a recording re-driven through models of the kernel. */

export { ERRNO, errnoName } from '../traces/index.js';
export { type Enacted, enact } from './enact/index.js';
export { EventCursor } from './judge/engine/cursor.js';
export { Engine } from './judge/engine/engine.js';
export { type Holders, holdersOf, type UnderWay } from './judge/engine/holders.js';
export {
  type Checkpoint,
  type Divergence,
  Replayer,
  type ReplayOptions,
  type ReplayResult,
  replay,
} from './judge/engine/replay.js';
export type { SnapshotDoubt } from './judge/engine/snapshot-trust.js';
export {
  type DeviceState,
  deviceState,
  type FunctionState,
  type MachineState,
  machineState,
  type OpenState,
} from './judge/engine/state.js';
export { type RandomAccess, Timeline } from './judge/engine/timeline.js';
export type { Counts, Difference, Verdict } from './judge/engine/verdict.js';
export { type Change, stateAt, watch } from './judge/engine/watch.js';
export type { PciDevice } from './judge/machine/device.js';
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
export { autoprobeGate, matchesWith } from './model/binding/gate.js';
export { covers, parseNewId } from './model/binding/ids.js';
export { parseSnapshot } from './model/binding/snapshot.js';
export { parseBool, parseStore, type Store } from './model/binding/stores.js';
export { certainly, only, type Possible, possibly } from './model/possible.js';
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
