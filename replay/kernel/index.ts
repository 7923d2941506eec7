/** The kernel that runs. */
export { type Deadlock, describeDeadlock, nameOfThread, waitsForGood } from './blocked.js';
export { boot } from './boot.js';
export { CALLS, type CallAnswer, type CallEvent, type CallName, factsOfCall } from './calls.js';
export type { CellLog } from './cells.js';
export { allOf, conditionsOf } from './conditions.js';
export type { NodeChange, User } from './dev-nodes.js';
export {
  FUNCTIONS,
  type FunctionName,
  type Recorder,
  RUNTIME_EVENTS,
  SEEN_READS,
  type SeenRead,
  type Store,
} from './functions.js';
export { defaultHardware } from './hardware.js';
export { brokenInvariants, leftOver } from './invariants.js';
export type {
  Kernel,
  NativeDrivers,
  OpenedConfig,
  RecordedHardware,
  Watch,
} from './kernel.js';
export type {
  Action,
  ActorSpec,
  Answer,
  Condition,
  DriverSpec,
  FunctionSpec,
  FunctionStart,
  HardwareSpec,
  IoctlAction,
  Link,
  MachineSpec,
  OperationSpec,
  ReadAttribute,
  RunSpec,
  SriovSpec,
  Touch,
  UdevMatch,
  UdevRule,
  UdevSpec,
  UserAction,
  VfSpec,
} from './machine-spec.js';
export { READ_ATTRIBUTES } from './machine-spec.js';
export { functionOfWrite, type Operation } from './operation.js';
export { foundAt } from './place.js';
export {
  type Outcome,
  oneAfterTheOther,
  outcomeOf,
  randomly,
  randomNumbers,
  readyThreads,
  run,
  type Scheduler,
} from './run.js';
export { TraceRecorder } from './trace-recorder.js';
export { type SentUevent, UEVENT_ACTIONS, UEVENT_SUBSYSTEMS } from './uevents.js';
export { World } from './world.js';
