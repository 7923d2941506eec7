/** The state of the machine's PCI functions and drivers as `snapshot` events. */
import {
  type Bdf,
  CELL,
  type EventAppender,
  highWord,
  lowWord,
  type Source,
} from '../../traces/index.js';

/** What sysfs prints for a driver_override that is not set. */
export const OVERRIDE_UNSET = '(null)';

/** One PCI function, with the sysfs attributes of its device directory as sysfs prints them. */
export interface FunctionState {
  readonly bdf: Bdf;
  readonly driver: string | null;
  readonly driverOverride: string | null;
  readonly iommuGroup: string | null;
  /** The PF, when the function is a VF. */
  readonly physfn: string | null;
  /** Other attributes by name: vendor, device, class, sriov_numvfs, resource, … */
  readonly attributes: Readonly<Record<string, string | readonly string[]>>;
  /** Configuration space, 64 to 4096 bytes, or as much of it as could be read. */
  readonly config: Buffer | null;
}

/** A driver of the PCI bus; `order` is its place in the order of registration, when known. */
export interface DriverState {
  readonly name: string;
  readonly order: number | null;
}

export interface MachineState {
  /** Time of the snapshot on the trace's clock, in nanoseconds, when known. */
  readonly timeNs: bigint | null;
  readonly functions: readonly FunctionState[];
  readonly drivers: readonly DriverState[];
}

/** Whether the state is that before the recording or that after it. */
export type SnapshotMoment = 'start' | 'end';

/**
 * Appends one `snapshot` event per function: `data` is its configuration space, `text` the JSON of
 * the rest; then one per driver. `name` is the moment of the snapshot.
 */
export function emitSnapshot(
  events: EventAppender,
  source: Source,
  state: MachineState,
  moment: SnapshotMoment,
): void {
  const kind = events.kind('snapshot');
  const time = state.timeNs ?? 0n;
  const row = events.row(source);
  row.timeWords(lowWord(time), highWord(time));
  const start = () => {
    row.start(kind, events.phase('point'));
    row.set(CELL.name, events.id('name', moment));
  };
  for (const f of state.functions) {
    start();
    row.set(CELL.device, events.id('device', f.bdf));
    if (f.driver !== null) row.set(CELL.driver, events.id('driver', f.driver));
    if (f.config !== null) row.data(f.config);
    row.text(functionText(f));
    events.append(row);
  }
  for (const driver of state.drivers) {
    start();
    row.set(CELL.driver, events.id('driver', driver.name));
    row.text(JSON.stringify({ order: driver.order }));
    events.append(row);
  }
}

const functionText = (f: FunctionState) =>
  JSON.stringify({
    driver: f.driver,
    driver_override: f.driverOverride,
    iommu_group: f.iommuGroup,
    physfn: f.physfn,
    ...f.attributes,
  });
