/** Records a run as a trace: each event is the one that the recorder would have made. */
import {
  CELL,
  type EventAppender,
  type EventRow,
  type Phase,
  type Seq,
} from '../../traces/index.js';
import { type PciIds, writeIds } from '../model/binding/pci-ids.js';
import { kernelRules } from '../model/kernel-rules.js';
import { IOCTLS } from '../model/vfio/ioctl-numbers.js';
import {
  type CallAnswer,
  type CallEvent,
  callsOf,
  type FunctionFacts,
  factsOfCall,
} from './calls.js';
import {
  FUNCTIONS,
  type FunctionName,
  type Recorder,
  RUNTIME_EVENTS,
  type RuntimeEvent,
  SEEN_READS,
  type SeenRead,
  type Store,
  UEVENT,
} from './functions.js';
import { emitSnapshot } from './snapshot.js';
import type { SentUevent } from './uevents.js';
import type { World } from './world.js';

/** A function that has begun. */
interface Open {
  readonly row: EventRow;
  seq: Seq;
  text: string | null;
}

/** Calls of one thread, innermost last; rows are reused. */
interface Calls {
  readonly open: Open[];
  depth: number;
}

/** Between two events, in nanoseconds. */
const TICK = 1_000;
const NS_PER_S = 1_000_000_000;
/** Process ids: those of actors begin here, those of the kernel's workers below. */
const FIRST_ACTOR = 1000;
const FIRST_WORKER = 100;
const CPUS = 4;
/** Tasks of udev (systemd 252). */
export const UDEV_TASK = '(udev-worker)';

export class TraceRecorder implements Recorder {
  readonly #events: EventAppender;
  /** Uevents are recorded where the machine has udev. */
  readonly hearsUevents: boolean;
  readonly #calls: Calls[] = [];
  readonly #point: EventRow;
  /** Devices of VFIO by their number; null for a free one. */
  readonly #vfioDevices: (string | null)[] = [];
  #ns = NS_PER_S;

  constructor(
    private readonly world: World,
    events: EventAppender,
  ) {
    this.hearsUevents = world.udev !== null;
    this.#events = events;
    this.#point = events.row('model');
    if (world.files.length > 0) this.#nameCalls();
    emitSnapshot(world, events);
  }

  /** A call of VFIO that does not come was not made: the recording has the names of all. */
  #nameCalls(): void {
    const { name } = this.#events.dictionaries;
    const rules = kernelRules(this.world.spec.machine.kernel);
    for (const call of [...callsOf(rules), ...Object.keys(IOCTLS)]) name.id(call);
  }

  begin(
    thread: number,
    name: FunctionName,
    device: string | null,
    driver: string | null,
    value: number,
    text?: string,
  ): void {
    const call = this.#enter(thread);
    this.#fill(call.row, thread, name, 'begin', device, driver, value);
    if (text !== undefined) {
      call.text = text;
      call.row.text(text);
    }
    call.seq = this.#events.append(call.row);
  }

  beginStore(thread: number, { name, device, driver, text }: Store): void {
    const call = this.#enter(thread);
    this.#fill(call.row, thread, name, 'begin', device, driver, -1);
    call.row.setNumber(CELL.length, Buffer.byteLength(text));
    call.text = text;
    call.row.text(text);
    call.seq = this.#events.append(call.row);
  }

  beginRead(thread: number, attribute: SeenRead, device: string): void {
    const call = this.#enter(thread);
    const facts = SEEN_READS[attribute];
    this.#start(call.row, thread, 'begin', facts, attribute, device, null);
    call.seq = this.#events.append(call.row);
  }

  beginDriver(thread: number, name: FunctionName, driver: string, bus: 'pci' | 'mdev'): void {
    const call = this.#enter(thread);
    this.#fill(call.row, thread, name, 'begin', null, driver, -1);
    call.text = bus;
    call.row.text(call.text);
    call.seq = this.#events.append(call.row);
  }

  end(thread: number, ret: number | null): void {
    const calls = this.#calls[thread];
    const { row, seq, text } = calls.open[--calls.depth];
    row.set(CELL.phase, this.#events.phase('end'));
    row.setNumber(CELL.span, seq);
    if (ret !== null) row.setNumber(CELL.ret, ret);
    if (text !== null) row.text(text);
    this.#time(row);
    this.#events.append(row);
  }

  point(
    thread: number,
    name: FunctionName,
    device: string | null,
    driver: string | null,
    value: number,
  ): void {
    this.#fill(this.#point, thread, name, 'point', device, driver, value);
    this.#events.append(this.#point);
  }

  runtime(thread: number, { name, device, value, text }: RuntimeEvent): void {
    this.#start(this.#point, thread, 'point', RUNTIME_EVENTS[name], name, device, null);
    this.#point.setNumber(CELL.value, value);
    this.#point.text(text);
    this.#events.append(this.#point);
  }

  added(thread: number, device: string, ids: PciIds): void {
    this.#fill(this.#point, thread, 'pci_device_add', 'point', device, null, -1);
    this.#point.data(writeIds(ids));
    this.#events.append(this.#point);
  }

  uevent(thread: number, uevent: SentUevent): void {
    const { action, device, group } = uevent;
    const name = uevent.subsystem === 'vfio-dev' ? this.#deviceName(uevent) : (device ?? group);
    // The recorder finds an address in the object's name alone.
    const address = uevent.subsystem === 'pci' ? device : null;
    this.#start(this.#point, thread, 'point', UEVENT, UEVENT.name, address, null);
    this.#point.text(`${action}@${name}`);
    this.#events.append(this.#point);
  }

  /** The name of a device of VFIO, which has the lowest free number. */
  #deviceName({ action, device }: SentUevent): string {
    const numbers = this.#vfioDevices;
    let number = numbers.indexOf(device);
    if (number < 0) number = numbers.indexOf(null);
    if (number < 0) number = numbers.length;
    numbers[number] = action === 'remove' ? null : device;
    return `vfio${number}`;
  }

  beginCall(thread: number, event: CallEvent): void {
    const call = this.#enter(thread);
    this.#fillCall(call.row, thread, event, 'begin');
    call.seq = this.#events.append(call.row);
  }

  endCall(thread: number, ret: number | null, answer?: CallAnswer): void {
    const calls = this.#calls[thread];
    const { row } = calls.open[calls.depth - 1];
    if (answer?.value !== undefined) row.setNumber(CELL.value, answer.value);
    if (answer?.data !== undefined) row.data(answer.data);
    this.end(thread, ret);
  }

  pointCall(thread: number, event: CallEvent): void {
    this.#fillCall(this.#point, thread, event, 'point');
    this.#events.append(this.#point);
  }

  #fillCall(row: EventRow, thread: number, event: CallEvent, phase: Phase): void {
    const { device = null, driver = null } = event;
    const name = event.ioctl ?? event.call;
    this.#start(row, thread, phase, factsOfCall(event), name, device, driver);
    if (event.region !== undefined) row.set(CELL.region, event.region);
    if (event.offset !== undefined) row.setNumber(CELL.offset, event.offset);
    if (event.length !== undefined) row.setNumber(CELL.length, event.length);
    if (event.value !== undefined) row.setNumber(CELL.value, event.value);
    if (event.data !== undefined) row.data(event.data);
  }

  #enter(thread: number): Open {
    this.#calls[thread] ??= { open: [], depth: 0 };
    const calls = this.#calls[thread];
    const depth = calls.depth++;
    calls.open[depth] ??= { row: this.#events.row('model'), seq: 0 as Seq, text: null };
    calls.open[depth].text = null;
    return calls.open[depth];
  }

  #fill(
    row: EventRow,
    thread: number,
    name: FunctionName,
    phase: Phase,
    device: string | null,
    driver: string | null,
    value: number,
  ): void {
    this.#start(row, thread, phase, FUNCTIONS[name], name, device, driver);
    if (value >= 0) row.setNumber(CELL.value, value);
  }

  /** What every event has. */
  #start(
    row: EventRow,
    thread: number,
    phase: Phase,
    { kind, path }: FunctionFacts,
    name: string,
    device: string | null,
    driver: string | null,
  ): void {
    const events = this.#events;
    const { dictionaries } = events;
    row.start(events.kind(kind), events.phase(phase));
    row.set(CELL.name, dictionaries.name.id(name));
    if (path !== undefined) row.set(CELL.path, dictionaries.path.id(path));
    if (device !== null) row.set(CELL.device, dictionaries.device.id(device));
    if (driver !== null) row.set(CELL.driver, dictionaries.driver.id(driver));
    this.#task(row, thread);
  }

  /** The running thread, and the time. */
  #task(row: EventRow, thread: number): void {
    const { dictionaries } = this.#events;
    const actor = this.world.actors[thread];
    const tid = actor === undefined ? FIRST_WORKER + thread : FIRST_ACTOR + thread;
    // The first thread of a process has its number.
    const first = actor === undefined ? thread : this.world.firstThreadOf(thread);
    row.set(CELL.pid, tid - thread + first);
    row.set(CELL.tid, tid);
    row.set(CELL.cpu, thread % CPUS);
    const ofSystem = thread < this.world.firstUdevThread ? `kworker/u8:${thread}` : UDEV_TASK;
    row.set(CELL.task, dictionaries.task.id(actor?.name ?? ofSystem));
    this.#time(row);
  }

  #time(row: EventRow): void {
    this.#ns += TICK;
    row.time(Math.floor(this.#ns / NS_PER_S), this.#ns % NS_PER_S);
  }
}
