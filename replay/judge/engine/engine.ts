import { notRecorded, type Seq, type TraceMeta, whatIsRecorded } from '../../../traces/index.js';
import { driverModel } from '../../model/drivers/index.js';
import { guessedRules, guessRelease, isCovered } from '../../model/kernel-rules.js';
import { forgetMdevs, type Mdevs, newMdevs } from '../../model/mdev/index.js';
import { certainly, type Possible } from '../../model/possible.js';
import {
  forgetHardware,
  forgetVfio,
  newVfioState,
  type VfioState,
} from '../../model/vfio/vfio-state.js';
import { Machine, type MachineData, newMachine } from '../machine/machine.js';
import { forgetDevice, type PciDevice } from '../machine/pci-device.js';
import { Frames, type FramesData, newFrames } from './call-frames.js';
import { Nesting, type NestingData, PCI_ADDRESS } from './call-nesting.js';
import { copyOf } from './deep-copy.js';
import type { EventCursor } from './event-cursor.js';
import { newRecorded, Recorded, type RecordedData } from './recorded-names.js';
import { addDoubt, checkSnapshot, newSnapshotTrust, type SnapshotTrust } from './snapshot-trust.js';
import { type Difference, UNKNOWN, type Verdict } from './verdict.js';

/** Predicts or processes one event of a kind. */
export type Rule = (engine: Engine, e: EventCursor) => Verdict;

/** The state of a replay, as plain data: copies share nothing that changes. */
export interface EngineData {
  readonly machine: MachineData;
  readonly frames: FramesData;
  readonly vfio: VfioState;
  readonly mdevs: Mdevs;
  readonly recorded: RecordedData;
  readonly nesting: NestingData;
  /** Length of the PCIe capability inferred from accesses, if the release does not determine it. */
  pcieBytes: 50 | 52 | null;
  readonly snapshot: SnapshotTrust;
}

/** What shows that a driver loses a device. */
const RELEASES = ['device_release_driver_internal', 'pci_device_remove', 'device_unbind_cleanup'];

const newEngineData = (): EngineData => ({
  machine: newMachine(),
  frames: newFrames(),
  vfio: newVfioState(),
  mdevs: newMdevs(),
  recorded: newRecorded(),
  nesting: new Map(),
  pcieBytes: null,
  snapshot: newSnapshotTrust(),
});

/** The state of a replay: the machine, and the kernel functions that are under way. */
export class Engine {
  readonly machine: Machine;
  readonly frames: Frames;
  readonly vfio: VfioState;
  readonly mdevs: Mdevs;
  readonly recording: Recorded;
  readonly nesting: Nesting;
  readonly #data: EngineData;
  /** The rules are those of the recorded kernel, if its release is known. */
  readonly coversKernel: boolean;
  #kernelKnown = true;
  /** PCI functions by the number of their name, once looked up; null for devices of other buses. */
  readonly #functions: (PciDevice | null)[] = [];
  /** The event that is being replayed. */
  #seq = 0 as Seq;

  /** @param data state to go on from; it belongs to the engine from then on */
  constructor(
    readonly release: string | undefined,
    data: EngineData = newEngineData(),
  ) {
    this.#data = data;
    this.coversKernel = isCovered(release);
    this.machine = new Machine(release, data.machine);
    this.frames = new Frames(data.frames);
    this.vfio = data.vfio;
    this.mdevs = data.mdevs;
    this.recording = new Recorded(data.recorded);
    this.nesting = new Nesting(data.nesting, this.recording);
  }

  /** A copy of the state that later events do not change. */
  save(): EngineData {
    return copyOf(this.#data);
  }

  /** The device of an event, or null when it names no device on the PCI bus. */
  deviceOf(e: EventCursor): PciDevice | null {
    const address = e.device;
    return address === null || !PCI_ADDRESS.test(address) ? null : this.machine.device(address);
  }

  /** The same for frequent events: looked up once for each name. */
  pciFunction(e: EventCursor): PciDevice | null {
    const id = e.deviceId;
    if (id < 0) return null;
    let found = this.#functions[id];
    if (found === undefined) {
      found = this.deviceOf(e);
      this.#functions[id] = found;
    }
    return found;
  }

  /**
   * Sets the names of functions and attributes that occur in the recording. They determine the
   * kernel release if nothing else does.
   * @param notes of the trace: those of a live recording list its probes
   */
  setRecordedNames(names: readonly string[], notes: TraceMeta['notes'] = {}): void {
    this.recording.names = names;
    const asked = whatIsRecorded({ notes }) !== null;
    this.recording.binding = asked && notRecorded({ notes }, 'binding') === null;
    if (this.release !== undefined) return;
    this.machine.kernel = guessedRules(names);
    this.#kernelKnown = guessRelease(names) !== undefined;
  }

  /**
   * Whether the absence of a function's event means that it was not called: its begin is recorded,
   * and no events were lost.
   */
  records(name: string): boolean {
    return this.recording.calls(name);
  }

  /** The same of several functions: that one of them is recorded is enough. */
  recordsAny(names: readonly string[]): boolean {
    return names.some((name) => this.records(name));
  }

  /** Whether writes of an attribute are recorded even if there are none, and none was lost. */
  recordsWrites(attribute: string): boolean {
    return this.records(attribute) || (this.recording.binding && !this.gaps);
  }

  /** A driver's own probe function began. */
  learnOwnProbe(name: string): void {
    this.recording.data.ownProbes.add(name);
  }

  /**
   * Whether the absence of a driver's own probe function means that it was not called. A probe of
   * that name which vfr does not know names no device, and is no such event.
   */
  recordsOwnProbe(driver: string): boolean {
    const name = driverModel(driver).probe;
    return this.recording.data.ownProbes.has(name) && this.records(name);
  }

  /**
   * Whether a driver is certainly on the bus: the recording has events of drivers that register and
   * unregister; or the driver has a device, whose release would have been recorded.
   */
  staysOnBus(driver: string): boolean {
    const { claims } = this.machine;
    if (claims.showsRegistered(driver)) return true;
    return this.showsReleases && this.machine.isBoundAnywhere(driver);
  }

  /** Whether the recording shows that a driver loses a device. */
  get showsReleases(): boolean {
    return this.recordsAny(RELEASES);
  }

  /** Marks functions that ended in a part of the recording without a recorded begin. */
  addBeginless(names: readonly string[]): void {
    for (const name of names) this.recording.data.beginless.add(name);
  }

  /** How far the snapshot is believed. */
  get snapshot(): Readonly<SnapshotTrust> {
    return this.#data.snapshot;
  }

  /**
   * Whether a batch, before its events are replayed, proves that the snapshot is of another
   * machine.
   */
  contradictsSnapshot(batch: EventCursor, clock: string): boolean {
    return checkSnapshot(this.#data.snapshot, batch, clock);
  }

  /** The snapshot does not belong to this recording: its facts are forgotten and no longer used. */
  ignoreSnapshot(): void {
    this.#data.snapshot.ignored = true;
    this.machine.forgetSnapshot();
    forgetHardware(this.vfio);
  }

  /**
   * An event contradicts what only the snapshot says of a device. The snapshot's facts about other
   * devices are just as old, and are no longer used if no event has confirmed them.
   */
  doubtSnapshot(path: string, snapshot: string, recorded: string): void {
    addDoubt(this.#data.snapshot, { seq: this.#seq, path, snapshot, recorded });
    this.machine.forgetAssumed();
  }

  /** Records whether the begin of a function was recorded. */
  recordBegin(e: EventCursor): void {
    this.#seq = e.seq;
    const { beginless } = this.recording.data;
    const { phase } = e;
    if (phase === 'end' && e.span < 0) beginless.add(e.name);
    else if (beginless.size > 0 && phase !== 'end') beginless.delete(e.name);
  }

  /**
   * A response that contradicts the state. A fact that only a snapshot has may have changed between
   * the snapshot and the first event, so the snapshot is doubted first.
   */
  weighAgainstSnapshot(
    device: PciDevice,
    part: 'driver' | 'override',
    verdict: Difference,
  ): Verdict {
    const unseen =
      part === 'override' && (!this.records('driver_override') || this.#mayComeWithOne(device));
    if (!device.assumed[part] && !unseen) return verdict;
    if (device.assumed[part]) this.#tellDoubt(part, verdict);
    device.assumed[part] = false;
    if (certainly(device.visible, false)) forgetDevice(device);
    return UNKNOWN;
  }

  /** A VF gets an override from the kernel if vfio-pci has its PF, which is not known here. */
  #mayComeWithOne(device: PciDevice): boolean {
    const pf = this.machine.physfnOf(device);
    return device.physfn !== null && (pf === undefined || pf.driver === 'unknown');
  }

  /** Overrides are set at any time before a recording; a driver is a sign of another boot. */
  #tellDoubt(part: 'driver' | 'override', { path, expected, actual }: Difference): void {
    const doubt = { path, snapshot: expected, recorded: actual };
    if (part === 'override') addDoubt(this.#data.snapshot, { seq: this.#seq, ...doubt });
    else this.doubtSnapshot(path, expected, actual);
  }

  /** An event shows a device that the snapshot lacks: its state is not known. */
  assumePresent(device: PciDevice): void {
    const lacking = certainly(device.visible, false) && device.assumed.driver;
    if (!lacking) return;
    forgetDevice(device, { visible: [true], assumed: device.assumed });
  }

  /** Whether the kernel release is known, so that version-dependent predictions are certain. */
  get kernelKnown(): boolean {
    return this.#kernelKnown;
  }

  /** Length of an endpoint's PCIe capability, according to the release or the recording. */
  get pcieBytes(): 50 | 52 | null {
    return this.#data.pcieBytes ?? this.machine.kernel.pcieEndpointBytes;
  }

  /** An access has shown it, which takes precedence over the release. */
  get showsPcieBytes(): boolean {
    return this.#data.pcieBytes !== null;
  }

  learnPcieBytes(bytes: 50 | 52): void {
    this.#data.pcieBytes = bytes;
  }

  /** Events were lost. */
  get gaps(): boolean {
    return this.recording.data.gaps;
  }

  onEventsLost(): void {
    this.recording.data.gaps = true;
    this.nesting.forget();
    this.frames.clear();
    this.machine.forget();
    forgetVfio(this.vfio);
    forgetMdevs(this.mdevs);
  }

  /** The possible overrides for the thread that has held the device lock since `seq`. */
  overrideUnderLock(device: PciDevice, seq: number): Possible<string | null> {
    if (!this.machine.kernel.overrideTakesDeviceLock) return this.machine.override(device);
    // A write that began after the lock was taken waits for it.
    const waiting = device.pending.filter((pending) => pending.seq > seq);
    if (waiting.length === 0) return this.machine.override(device);
    const others = device.pending.filter((pending) => pending.seq <= seq);
    return this.machine.override({ ...device, pending: others });
  }

  /** The possible overrides for a thread that reads now without the lock. */
  override(device: PciDevice): Possible<string | null> {
    const holder = this.frames.onDevice(device, '__driver_probe_device');
    if (holder === null) return this.machine.override(device);
    return this.overrideUnderLock(device, holder.seq);
  }
}
