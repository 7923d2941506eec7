/** What a recording has of the functions that the kernel that runs knows, and of the machine. */
import { type Batch, type Nanos, parseBdf, type Seq, toNanos } from '../../traces/index.js';
import { EventCursor } from '../judge/engine/event-cursor.js';
import { FUNCTIONS, type FunctionName } from '../kernel/index.js';
import {
  type DriverFacts,
  type FunctionFacts,
  parseDriver,
  parseSnapshot,
} from '../model/binding/function-facts.js';
import { isUuid } from '../model/mdev/index.js';
import type { Emitted } from './emitted.js';
import { ConfigLog } from './recorded-config.js';
import { OF_OTHERS, Scope } from './scope.js';
import { type SystemCall, SystemCalls } from './system-calls.js';
import { accessOf, RESET_METHODS, VFIO_KINDS, vfioFunctionOf } from './vfio-events.js';

export interface RecordedEvent extends Emitted {
  readonly seq: Seq;
  readonly ts: Nanos;
  readonly value: number;
  readonly tid: number;
  readonly pid: number;
  /** Name of the thread. */
  readonly task: string;
  /** A worker tries the driver on behalf of a driver that probes asynchronously. */
  readonly isAsync: boolean;
  /** Of a write. */
  readonly text: string;
  /** Bytes that are written; null when the event does not have it. */
  readonly count: number | null;
  /**
   * Vendor, device and class of a function that comes into being: 12 bytes; the argument or the
   * answer of a call of VFIO.
   */
  readonly data: Buffer | null;
  /** The system call that it is part of, where it is recorded. */
  readonly systemCall: SystemCall | null;
}

export interface Recording {
  /** All events of the trace. */
  readonly total: number;
  readonly events: readonly RecordedEvent[];
  readonly systemCalls: readonly SystemCall[];
  /** Functions of the snapshot. */
  readonly functions: ReadonlyMap<string, FunctionFacts>;
  /** Configuration spaces and resources. */
  readonly config: ConfigLog;
  /** Drivers of the snapshot. */
  readonly drivers: ReadonlyMap<string, DriverFacts>;
  /** Names of all events of the trace. */
  readonly names: ReadonlySet<string>;
  /** Processes that use mediated devices which the recording sees come. */
  readonly mediatedUsers: ReadonlySet<number>;
  /** Processes that use mediated devices which were there before the recording. */
  readonly earlyUsers: ReadonlySet<number>;
  /** Events that come from outside of the procedures, by kind. */
  readonly outside: Record<string, number>;
  /** Events of modelled kinds that are not re-enacted, by kind, and by function. */
  readonly skipped: Skipped;
}

/** Counts of events that are not re-enacted. */
export class Skipped {
  constructor(
    readonly kinds: Record<string, number> = {},
    readonly functions: Record<string, number> = {},
  ) {}

  copy(): Skipped {
    return new Skipped({ ...this.kinds }, { ...this.functions });
  }

  add(kind: string, what: string): void {
    count(this.kinds, kind);
    count(this.functions, what);
  }
}

/** Kinds whose events are always about a device. */
const OF_DEVICES: ReadonlySet<string> = new Set(['match', 'probe', 'bind', 'unbind', 'deferred']);
/** Kinds whose events have the name of the driver's bus. */
const OF_DRIVERS: ReadonlySet<string> = new Set(['driver.register', 'driver.unregister']);
/** Kinds whose points have a text of their own, that is no line of the kernel's log. */
const TEXT_IS_OWN: ReadonlySet<string> = new Set(['sysfs.write', 'override']);
const KINDS: ReadonlySet<string> = new Set([
  ...Object.values(FUNCTIONS).map(({ kind }) => kind),
  ...VFIO_KINDS,
]);

/** Older recordings have the function around the one that changes the bus's list of drivers. */
const AROUND: Readonly<Record<string, FunctionName>> = {
  driver_register: 'bus_add_driver',
  driver_unregister: 'bus_remove_driver',
};

/** Work items of asynchronous probes (kernel drivers/base/dd.c 6.1). */
const HELPERS: ReadonlySet<string> = new Set([
  '__driver_attach_async_helper',
  '__device_attach_async_helper',
]);

const count = (counts: Record<string, number>, key: string): void => {
  counts[key] = (counts[key] ?? 0) + 1;
};

export function readRecording(batches: Iterable<Batch>): Recording {
  const reader = new RecordingReader();
  for (const batch of batches) reader.read(batch);
  return reader;
}

/** Reads a recording batch by batch. */
export class RecordingReader implements Recording {
  total = 0;
  readonly events: RecordedEvent[] = [];
  readonly functions = new Map<string, FunctionFacts>();
  readonly config = new ConfigLog();
  readonly drivers = new Map<string, DriverFacts>();
  readonly names = new Set<string>();
  readonly mediatedUsers = new Set<number>();
  readonly earlyUsers = new Set<number>();
  readonly outside: Record<string, number> = {};
  readonly skipped = new Skipped();
  readonly #cursor = new EventCursor();
  readonly #systemCalls = new SystemCalls();
  readonly #scope = new Scope();
  readonly #inHelper = new Set<number>();
  /** Mediated devices that somebody has made. */
  readonly #made = new Set<string>();
  #hasInner = false;

  get systemCalls(): readonly SystemCall[] {
    return this.#systemCalls.ended;
  }

  read(batch: Batch): void {
    const cursor = this.#cursor;
    cursor.open(batch);
    const { names } = cursor;
    for (const name of names) this.names.add(name);
    this.#hasInner ||= names.includes('bus_add_driver') || names.includes('bus_remove_driver');
    for (let row = 0; row < cursor.rows; row++) {
      cursor.moveTo(row);
      this.total++;
      this.#take(cursor);
    }
  }

  #take(e: EventCursor): void {
    const { kind, tid } = e;
    if (HELPERS.has(e.name)) {
      if (e.phase === 'begin') this.#inHelper.add(tid);
      else this.#inHelper.delete(tid);
    }
    if (kind === 'snapshot') this.#snapshot(e);
    if (kind === 'syscall') this.#systemCalls.take(e);
    if (kind.startsWith('config')) this.config.take(e);
    const isMessage = e.isLogMessage && !TEXT_IS_OWN.has(kind);
    const isHardware = isOwnAccess(e) || RESET_METHODS.has(e.name);
    if (!KINDS.has(kind) || isMessage || isHardware) count(this.outside, kind);
    else this.#modelled(e);
  }

  #snapshot({ name, device, driver, text, data }: EventCursor): void {
    // The snapshot at the end is for people to compare.
    if (name === 'end') return;
    if (device !== null) {
      this.functions.set(device, parseSnapshot(text));
      this.config.snapshot(device, text, data);
    } else if (driver !== null) this.drivers.set(driver, parseDriver(text));
  }

  /** Whether a mediated device has come since the recording began. */
  #knows({ name, kind, device, text }: EventCursor): boolean {
    const uuid = (kind === 'sysfs.write' ? text?.trim() : device)?.toLowerCase() ?? '';
    if (kind === 'sysfs.write' && name === 'create') this.#made.add(uuid);
    return this.#made.has(uuid) || (device !== null && this.#made.has(device));
  }

  #modelled(e: EventCursor): void {
    const { kind, phase, device, tid, pid } = e;
    const call = vfioFunctionOf(e);
    const name = this.#hasInner ? e.name : (AROUND[e.name] ?? e.name);
    const isVfio = call !== null;
    const bus = busOf(e);
    if (bus === 'other') {
      count(this.outside, kind);
      return;
    }
    const isEarly = bus === 'mdev' && !this.#knows(e);
    if (isEarly && kind === 'ioctl') this.earlyUsers.add(pid);
    if (isEarly || (!isVfio && !isModelled(name, kind))) {
      this.skipped.add(kind, isEarly ? `${e.name} of a mediated device of before` : e.name);
      return;
    }
    if (bus === 'mdev' && isVfio) this.mediatedUsers.add(pid);
    const foreign = this.#scope.foreign(tid, { name, kind, phase, device, pid, isVfio });
    if (foreign === OF_OTHERS) {
      count(this.outside, kind);
      return;
    }
    if (foreign !== null) {
      this.skipped.add(kind, foreign);
      return;
    }
    if (name === 'vfio_pci_core_enable') this.config.open(tid, phase === 'begin' ? device : null);
    this.events.push({
      seq: e.seq,
      ts: toNanos(e.ts),
      kind,
      phase,
      name,
      call: call ?? name,
      device,
      driver: e.driver,
      ret: e.hasRet ? e.ret : null,
      access: isVfio ? accessOf(e) : null,
      value: e.value,
      tid,
      pid,
      task: e.task,
      isAsync: this.#inHelper.has(tid),
      text: kind === 'sysfs.write' ? (e.text ?? '') : '',
      count: e.hasLength ? e.length : null,
      data: isVfio || name === 'pci_device_add' ? e.data : null,
      systemCall: this.#systemCalls.of(tid),
    });
  }
}

/** An access by the kernel or a native driver for itself, by sysfs, or in a guest. */
const isOwnAccess = ({ kind, path, name }: EventCursor): boolean =>
  (kind.startsWith('config.') && (path === 'kernel' || path === 'sysfs' || path === 'guest')) ||
  name === 'mmio';

const isModelled = (name: string, kind: string): name is FunctionName =>
  name in FUNCTIONS && FUNCTIONS[name as FunctionName].kind === kind;

/** The bus that an event is about: others than PCI have devices and drivers, too. */
function busOf({ name, kind, device, text }: EventCursor): 'pci' | 'mdev' | 'other' {
  const written = text?.trim() ?? '';
  // The device of a write to `create` is the parent.
  const named = kind === 'sysfs.write' && name === 'create' ? written : (device ?? written);
  if (isUuid((kind === 'sysfs.write' ? named : (device ?? '')).toLowerCase())) return 'mdev';
  if (kind === 'sysfs.write' && name === 'create') return 'pci';
  if (kind === 'mdev.parent') return name === 'mdev_unregister_parent' ? 'pci' : 'other';
  if (device !== null) return parseBdf(device) === null ? 'other' : 'pci';
  if (OF_DEVICES.has(kind)) return 'other';
  const isModelledBus = text === null || text === 'pci' || text === 'mdev';
  return !OF_DRIVERS.has(kind) || isModelledBus ? 'pci' : 'other';
}
