/** The public face of replay/: a recording re-driven through models of the kernel. */

export { ERRNO, errnoName } from '../traces/index.js';
export {
  type Enacted,
  enact,
  type NoRun,
  type RecordedRun,
  type RunLimits,
  RunReader,
} from './enact/index.js';
export {
  ADVICE,
  actionText,
  anyOf,
  type Condition,
  classOfPair,
  type ExplainedStep,
  type Explanation,
  type Exploration,
  endOf,
  explainRun,
  exploreOrders,
  type FoundOutcome,
  modelVersion,
  type Named,
  namesIn,
  namesInRecording,
  nearestOrder,
  type OperationAt,
  OrderedRun,
  type OtherEnd,
  otherEnds,
  type RaceClass,
  readSchedule,
  type ScheduleDocument,
  scheduleDocument,
  scheduled,
  scheduleOf,
  scheduleText,
  shareOf,
  sliceOf,
  type WitnessStep,
  withDriverOf,
  witnessOf,
} from './explore/index.js';
export {
  type Call,
  callsIn,
  type Expression,
  evaluate,
  everParts,
  type FactName,
  parseExpression,
  printExpression,
} from './expressions/index.js';
export { type Holders, holdersOf, type UnderWay } from './judge/engine/device-holders.js';
export { Engine } from './judge/engine/engine.js';
export { EventCursor } from './judge/engine/event-cursor.js';
export {
  type DeviceState,
  deviceState,
  type FunctionState,
  type MachineState,
  machineState,
  type OpenState,
} from './judge/engine/plain-state.js';
export {
  type Checkpoint,
  type Divergence,
  Replayer,
  type ReplayOptions,
  type ReplayResult,
  replay,
} from './judge/engine/replayer.js';
export type { SnapshotDoubt } from './judge/engine/snapshot-trust.js';
export { cellAt } from './judge/engine/state-cells.js';
export { stateFact } from './judge/engine/state-facts.js';
export { type RandomAccess, Timeline } from './judge/engine/timeline.js';
export { type Counts, type Difference, reasonsOf, type Verdict } from './judge/engine/verdict.js';
export { type Change, stateAt, watch } from './judge/engine/watch-state.js';
export type { PciDevice } from './judge/machine/pci-device.js';
export {
  type Action as KernelAction,
  type ActorSpec,
  boot,
  type Deadlock,
  describeDeadlock,
  type FunctionSpec as KernelFunction,
  functionOfWrite,
  type Kernel,
  type NativeDrivers,
  type OperationSpec,
  type Outcome,
  oneAfterTheOther,
  type RunSpec,
  randomly,
  run,
  type Scheduler,
  TraceRecorder,
  World,
  waitsForGood,
} from './kernel/index.js';
export { autoprobeGate, matchesWith } from './model/binding/autoprobe-gate.js';
export { parseSnapshot } from './model/binding/function-facts.js';
export { parseBool, parseStore, type Store } from './model/binding/parse-store.js';
export { covers, parseNewId } from './model/binding/pci-ids.js';
export { routingId } from './model/binding/vf-address.js';
export { MODELS, type Model } from './model/models.js';
export { aerAgent } from './model/pcie-errors/index.js';
export { certainly, only, type Possible, possibly } from './model/possible.js';
export type { Reason } from './model/reason.js';
export { IOCTLS } from './model/vfio/ioctl-numbers.js';
export { VM_FAULT } from './model/vfio-pci-core/mmap-faults.js';
export {
  checkScenario,
  isVfioDriver,
  kindOf,
  type LineMistake,
  publishedSchema,
  readScenario,
  runsKernel,
  SCENARIO_PARTS,
  SCENARIO_SCHEMA,
  SCENARIOS,
  type ScenarioDocument,
  specOf,
  VMMS,
  type Vmm,
  withDriver,
  withVmm,
} from './scenarios/index.js';
