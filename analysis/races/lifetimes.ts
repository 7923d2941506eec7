/**
 * Collects the operations on the binding of every device, with the state of a replay of the
 * recording at each event.
 */
import {
  certainly,
  covers,
  type Engine,
  ERRNO,
  type EventCursor,
  only,
  type PciDevice,
  type Possible,
  parseStore,
  possibly,
  Replayer,
  type Store,
} from '../../replay/index.js';
import {
  type Batch,
  type Bdf,
  type Nanos,
  parseBdf,
  type Seq,
  type TraceMeta,
  toNanos,
} from '../../traces/index.js';
import { BegunOperations, begun } from './begun-operations.js';
import { Habits } from './habits.js';
import type { Action, GateSegment, Lifetime, Operation } from './operation.js';

export interface Lifetimes {
  readonly all: readonly Lifetime[];
  /** Drivers that were tried on a device without an override, by the `idOf` of the device. */
  readonly natives: ReadonlyMap<string, readonly string[]>;
  readonly habits: Habits;
}

/**
 * What devices of one kind share: vendor and device id, or the address if the ids are not known.
 */
export const idOf = (lifetime: Lifetime): string => lifetime.id ?? lifetime.device;

type Handler = (collector: LifetimeCollector, e: EventCursor, state: Engine) => void;

export class LifetimeCollector {
  readonly #replayer: Replayer;
  /** By the number of the kind, once looked up. */
  readonly #handlers: (Handler | null)[] = [];
  readonly #all: Lifetime[] = [];
  readonly #current = new Map<Bdf, Lifetime>();
  readonly #natives = new Map<string, Set<string>>();
  readonly #habits = new Habits();
  /** By PF. */
  readonly #gates = new Map<Bdf, GateSegment>();
  readonly #begun = new BegunOperations();
  /** Lives whose removal has begun, each with the thread that removes. */
  readonly #leaving = new Map<Lifetime, number>();
  /** Lives whose driver was called in the current probe. */
  readonly #asked = new Set<Lifetime>();
  /** Lives without a known override when the probe began. */
  readonly #gated = new Set<Lifetime>();
  #last = 0n as Nanos;

  /** @param meta metadata of the recording */
  constructor(meta: Pick<TraceMeta, 'kernel' | 'clock' | 'notes'>) {
    this.#replayer = new Replayer({
      ...meta,
      divergencesMax: 0,
      observe: (e, _verdict, state) => {
        let handler = this.#handlers[e.kindId];
        if (handler === undefined) {
          handler = HANDLERS[e.kind] ?? null;
          this.#handlers[e.kindId] = handler;
        }
        handler?.(this, e, state);
      },
    });
  }

  add(batch: Batch): void {
    this.#replayer.feed(batch);
  }

  finish(): Lifetimes {
    this.#begun.end(null);
    this.#habits.finish(this.#last);
    for (const pf of this.#gates.keys()) this.#learnGate(pf, this.#replayer.engine.machine);
    const { doubts } = this.#replayer.engine.snapshot;
    const doubted = new Set(doubts.map(({ path }) => path.split('/', 1)[0]));
    const { ignored } = this.#replayer.engine.snapshot;
    // If the beginning of a life is recorded wrongly, nothing is known about it.
    const all = this.#all.filter(
      ({ fromSnapshot, device }) => !fromSnapshot || (!ignored && !doubted.has(device)),
    );
    for (const { operations } of all) operations.sort((a, b) => a.effect - b.effect);
    const natives = [...this.#natives].map(([id, drivers]) => [id, [...drivers]] as const);
    return { all, natives: new Map(natives), habits: this.#habits };
  }

  /**
   * Processes a function that the snapshot lists; does nothing when the snapshot is not trusted.
   */
  snapshot(e: EventCursor, { machine }: Engine): void {
    const device = e.device === null ? undefined : machine.find(e.device);
    if (e.name !== 'start' || device === undefined || !device.assumed.driver) return;
    this.#begin(device, null, {
      override: only(device.override) ?? null,
      driver: only(device.driver) ?? null,
      mayBind: true,
    });
  }

  deviceAdd(e: EventCursor, { machine }: Engine): void {
    const device = e.device === null ? undefined : machine.find(e.device);
    if (device === undefined) return;
    if (e.name === 'pci_device_add') {
      this.#begin(device, e, { override: null, driver: null, mayBind: false });
    } else if (e.name === 'pci_bus_add_device') {
      const lifetime =
        this.#lifetime(e) ??
        this.#begin(device, e, { override: null, driver: null, mayBind: false });
      if (lifetime !== null) record(lifetime, e, { type: 'initial' });
    }
  }

  /** The removal waits for the lock of the function: until it has it, others may bind it. */
  deviceRemove(e: EventCursor, engine: Engine): void {
    const lifetime = this.#lifetime(e);
    if (lifetime === null) return;
    if (engine.records('device_release_driver_internal')) this.#leaving.set(lifetime, e.tid);
    else this.#end(lifetime, e);
  }

  /** The removal has taken the function from its driver: from here on nothing can bind it. */
  #end(lifetime: Lifetime, e: EventCursor): void {
    this.#leaving.delete(lifetime);
    this.#current.delete(lifetime.device);
    this.#begun.end(lifetime);
    this.#habits.ended(lifetime, toNanos(e.ts));
  }

  store(e: EventCursor, state: Engine): void {
    if (e.phase === 'end') this.#storeEnd(e, state);
    else this.#storeBegin(e, state);
  }

  #storeBegin(e: EventCursor, state: Engine): void {
    const action = parseStore(e.name, e.driver, e.text ?? '');
    const lives = action === null ? [] : this.#livesOf(action, e, state);
    const operations = lives.map((life) => begun(life, record(life, e, actionOf(action!))));
    if (action?.type === 'autoprobe') this.#newGate(e, state);
    if (e.phase === 'begin') this.#begun.beginStore(e.tid, { action, seq: e.seq, operations });
  }

  /** The lives that a write affects. */
  #livesOf(action: Store, e: EventCursor, { machine }: Engine): Lifetime[] {
    const open = [...this.#current.values()];
    switch (action.type) {
      case 'remove_id':
        return [];
      case 'new_id':
        return open.filter(({ device }) => {
          const ids = machine.find(device)?.ids ?? null;
          return ids !== null && covers(action.entry, ids) === true;
        });
      case 'autoprobe':
        return open.filter(({ physfn }) => physfn === e.device);
      default: {
        const lifetime = this.#lifetime(e);
        return lifetime === null ? [] : [lifetime];
      }
    }
  }

  #storeEnd(e: EventCursor, state: Engine): void {
    const store = this.#begun.endStore(e.tid);
    if (store === undefined) return;
    const refused = e.hasRet && e.ret < 0;
    const { type } = store.action ?? {};
    const settles = type === 'override' || type === 'autoprobe';
    for (const { lifetime, operation, hasActed } of store.operations) {
      operation.returned = toNanos(e.ts);
      operation.failed = refused;
      operation.isVain = !hasActed && (refused || type === 'drivers_probe');
      if (refused && settles) remove(lifetime.operations, operation);
      // The store of an override waits for the device's lock before it changes anything.
      else if (type === 'override') operation.effect = e.seq;
    }
    if (type === 'autoprobe') this.#newGate(e, state);
  }

  match(e: EventCursor, { machine }: Engine): void {
    const lifetime = this.#lifetime(e);
    const { driver, seq } = e;
    if (e.phase !== 'begin' || lifetime === null || driver === null) return;
    this.#begun.act(e.tid, lifetime, seq as Seq);
    const device = machine.find(lifetime.device);
    if (device === undefined || !certainly(machine.override(device), null)) return;
    const id = idOf(lifetime);
    this.#natives.set(id, (this.#natives.get(id) ?? new Set()).add(driver));
  }

  probe(e: EventCursor, engine: Engine): void {
    const { machine, frames } = engine;
    const lifetime = this.#lifetime(e);
    const device = lifetime === null ? undefined : machine.find(lifetime.device);
    if (lifetime === null || device === undefined) return;
    if (lifetime.physfn !== null) this.#learnGate(lifetime.physfn, machine);
    const bare = certainly(machine.override(device), null);
    if (e.phase !== 'end') {
      if (e.name === 'pci_device_probe') {
        this.#gated.delete(lifetime);
        if (possibly(machine.override(device), null)) this.#gated.add(lifetime);
      }
      // The driver's own function is only called if the gate is open.
      if (frames.onDevice(device, 'driver_probe') === null) return;
      this.#asked.add(lifetime);
      if (bare) this.#seeOpen(lifetime);
      return;
    }
    const { driver } = e;
    if (e.name !== 'pci_device_probe' || driver === null || !e.hasRet) return;
    const works = e.ret >= 0;
    if (works && bare) this.#seeOpen(lifetime);
    const asked = this.#asked.delete(lifetime);
    const gated = this.#gated.delete(lifetime) && lifetime.physfn !== null;
    const mayBeGate = gated && !asked && e.ret === -ERRNO.ENODEV;
    const flag = this.#flagOf(lifetime, machine);
    const closed = mayBeGate && bare && engine.recordsOwnProbe(driver);
    if (closed && lifetime.physfn !== null) this.#gate(lifetime.physfn).closed = true;
    if (mayBeGate && certainly(flag, false)) return;
    const result = { works, doubtful: mayBeGate && !certainly(flag, true) };
    lifetime.probes.set(driver, [...(lifetime.probes.get(driver) ?? []), result]);
    this.#habits.probed(lifetime, driver, idOf(lifetime), works, toNanos(e.ts));
  }

  #seeOpen(lifetime: Lifetime): void {
    lifetime.seenOpen = true;
    if (lifetime.physfn !== null) this.#gate(lifetime.physfn).open = true;
  }

  /** A release without a request in sysfs is the driver's own, from a work item or rmmod. */
  release(e: EventCursor): void {
    const lifetime = this.#lifetime(e);
    if (lifetime === null) return;
    const isRemoval = this.#leaving.get(lifetime) === e.tid;
    if (e.phase === 'begin') {
      if (!isRemoval && e.driver !== null) this.#beginRelease(lifetime, e, e.driver);
    } else if (isRemoval) this.#end(lifetime, e);
    else this.#begun.act(e.tid, lifetime, e.seq as Seq);
  }

  #beginRelease(lifetime: Lifetime, e: EventCursor, driver: string): void {
    const { operations = [] } = this.#begun.storeOf(e.tid) ?? {};
    const own = !operations.some((one) => one.lifetime === lifetime);
    this.#habits.released(lifetime, driver, idOf(lifetime), own, toNanos(e.ts));
    if (!own) return;
    const release = record(lifetime, e, { type: 'release', driver });
    this.#begun.beginRelease(e.tid, begun(lifetime, release));
  }

  /** The lost events may include a write of the flag. */
  lost(_: EventCursor, { machine }: Engine): void {
    this.#begun.forget();
    for (const pf of this.#gates.keys()) this.#gates.set(pf, newGate(machine, pf));
  }

  #lifetime(e: EventCursor): Lifetime | null {
    const device = e.device === null ? null : parseBdf(e.device);
    this.#last = toNanos(e.ts);
    return device === null ? null : (this.#current.get(device) ?? null);
  }

  /** @param by the event that made it; null for the snapshot */
  #begin(device: PciDevice, by: EventCursor | null, initial: Lifetime['initial']): Lifetime | null {
    const address = parseBdf(device.address);
    if (address === null) return null;
    const physfn = device.physfn === null ? null : parseBdf(device.physfn);
    const lifetime: Lifetime = {
      device: address,
      physfn,
      id: device.ids === null ? null : `${hex(device.ids.vendor)}:${hex(device.ids.device)}`,
      madeBy: by === null ? null : (this.#begun.storeOf(by.tid)?.seq ?? null),
      fromSnapshot: by === null,
      initial,
      gate: physfn === null ? NO_GATE : this.#gate(physfn),
      seenOpen: false,
      operations: [],
      probes: new Map(),
    };
    this.#all.push(lifetime);
    this.#current.set(address, lifetime);
    return lifetime;
  }

  #gate(pf: Bdf): GateSegment {
    const gate = this.#gates.get(pf) ?? newGate(this.#replayer.engine.machine, pf);
    this.#gates.set(pf, gate);
    return gate;
  }

  /** A write of the flag: later observations say nothing about the time before it. */
  #newGate(e: EventCursor, { machine }: Engine): void {
    const pf = e.device === null ? null : parseBdf(e.device);
    if (pf !== null) this.#gates.set(pf, newGate(machine, pf));
  }

  /** The replay knows more about the flag than when the segment began, or doubts the snapshot. */
  #learnGate(pf: Bdf, machine: Engine['machine']): void {
    this.#gate(pf).value = flagAt(machine, pf);
  }

  #flagOf({ physfn }: Lifetime, machine: Engine['machine']): Possible<boolean> {
    return physfn === null ? [true] : flagAt(machine, physfn);
  }
}

/** For a function that is not a VF. */
const NO_GATE: GateSegment = Object.freeze({ value: [true], open: true, closed: false });

const newGate = (machine: Engine['machine'], pf: Bdf): GateSegment => ({
  value: flagAt(machine, pf),
  open: false,
  closed: false,
});

const flagAt = (machine: Engine['machine'], pf: Bdf): Possible<boolean> =>
  machine.find(pf)?.sriov?.autoprobe ?? 'unknown';

const HANDLERS: Readonly<Record<string, Handler>> = {
  snapshot: (collector, e, state) => collector.snapshot(e, state),
  'device.add': (collector, e, state) => collector.deviceAdd(e, state),
  'device.remove': (collector, e, state) => collector.deviceRemove(e, state),
  'sysfs.write': (collector, e, state) => collector.store(e, state),
  match: (collector, e, state) => collector.match(e, state),
  probe: (collector, e, state) => collector.probe(e, state),
  unbind: (collector, e) => collector.release(e),
  lost: (collector, e, state) => collector.lost(e, state),
};

function record(lifetime: Lifetime, e: EventCursor, action: Action): Operation {
  const { seq, task, tid } = e;
  const operation: Operation = {
    seq,
    ts: toNanos(e.ts),
    actor: { task, tid },
    action,
    effect: seq as Seq,
    returned: null,
    failed: false,
    isVain: false,
  };
  lifetime.operations.push(operation);
  return operation;
}

function remove<T>(list: T[], item: T): void {
  const at = list.indexOf(item);
  if (at >= 0) list.splice(at, 1);
}

function actionOf(store: Store): Action {
  switch (store.type) {
    case 'new_id':
    case 'remove_id':
      return { type: 'new_id', driver: store.driver };
    default:
      return store;
  }
}

const hex = (id: number): string => id.toString(16).padStart(4, '0');
