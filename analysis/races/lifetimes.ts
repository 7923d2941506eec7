/** Collects what was done to the binding of every device from the events of a trace. */
import {
  type Batch,
  type Bdf,
  type DictView,
  type Nanos,
  parseBdf,
  type Seq,
  toNanos,
  toSeq,
} from '../../traces/index.js';
import type { Action, Actor, BindingState, Lifetime, Operation } from './operation.js';

/** One event, as far as binding is concerned; reused for every row. */
interface Row {
  seq: Seq;
  ts: Nanos;
  kind: string;
  phase: string;
  name: string | null;
  device: Bdf | null;
  driver: string | null;
  actor: Actor;
  text: string | null;
  data: Buffer | null;
  ret: number | null;
}

/** A sysfs store of a thread that has begun: its effect comes later, under the device's lock. */
interface Store {
  readonly lifetime: Lifetime | null;
  readonly operation: Operation | null;
  placed: boolean;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const KINDS = new Set([
  'snapshot',
  'device.add',
  'device.remove',
  'vf.add',
  'sysfs.write',
  'match',
  'probe',
  'unbind',
]);

export interface Lifetimes {
  readonly all: readonly Lifetime[];
  /** Drivers that were tried on a device without an override, by what `idOf` calls it. */
  readonly natives: ReadonlyMap<string, readonly string[]>;
}

/** What devices of one kind share: vendor and device id, or the address when it is not known. */
export const idOf = (lifetime: Lifetime): string => lifetime.id ?? lifetime.device;

export class LifetimeCollector {
  readonly #all: Lifetime[] = [];
  readonly #current = new Map<Bdf, Lifetime>();
  /** The state as recorded so far, to tell a probe that the gate refused from one that failed. */
  readonly #state = new Map<Lifetime, Mutable<BindingState>>();
  readonly #natives = new Map<string, Set<string>>();
  readonly #autoprobe = new Map<Bdf, boolean>();
  readonly #pfOfVf = new Map<Bdf, Bdf>();
  /**
   * Devices whose removal has begun. They can no longer be bound, but until they are gone an
   * override can still be written, too late.
   */
  readonly #leaving = new Set<Bdf>();
  /** The PF for which a thread is making a VF. */
  readonly #creating = new Map<number, Bdf>();
  readonly #stores = new Map<number, Store>();

  add(batch: Batch): void {
    const kinds = batch.column('kind');
    const wanted = new Set(kinds.entries.flatMap((kind, id) => (KINDS.has(kind) ? [id] : [])));
    const rows = new Rows(batch, kinds);
    for (let row = 0; row < batch.rows; row++) {
      if (wanted.has(kinds.ids[row])) this.#take(rows.at(row));
    }
  }

  finish(): Lifetimes {
    for (const { operations } of this.#all) operations.sort((a, b) => a.effect - b.effect);
    const natives = [...this.#natives].map(([id, drivers]) => [id, [...drivers]] as const);
    return { all: this.#all, natives: new Map(natives) };
  }

  #take(row: Row): void {
    const { kind, phase, device, actor } = row;
    if (kind === 'snapshot') this.#snapshot(row);
    else if (kind === 'device.add') this.#deviceAdd(row);
    else if (kind === 'device.remove' && device !== null) this.#leaving.add(device);
    else if (kind === 'vf.add' && phase === 'end') this.#creating.delete(actor.tid);
    else if (kind === 'vf.add' && device !== null) this.#creating.set(actor.tid, device);
    else if (kind === 'sysfs.write' && phase === 'end') this.#storeEnd(row);
    else if (kind === 'sysfs.write') this.#storeBegin(row);
    else if (kind === 'match' && phase === 'begin') this.#match(row);
    else if (kind === 'probe' && phase === 'end' && row.name === 'pci_device_probe') {
      this.#probed(row);
    } else if (kind === 'unbind' && phase === 'begin') this.#unbind(row);
  }

  #begin(device: Bdf, isVf: boolean, id: string | null, initial: BindingState): Lifetime {
    const lifetime: Lifetime = { device, isVf, id, initial, operations: [], probes: new Map() };
    this.#all.push(lifetime);
    this.#current.set(device, lifetime);
    this.#leaving.delete(device);
    this.#state.set(lifetime, { ...initial });
    return lifetime;
  }

  #snapshot({ device, driver, name, text }: Row): void {
    if (device === null || name !== 'start') return;
    const told = parseObject(text);
    const pf = typeof told.physfn === 'string' ? parseBdf(told.physfn) : null;
    if (pf !== null) this.#pfOfVf.set(device, pf);
    if (told.sriov_drivers_autoprobe !== undefined) {
      this.#autoprobe.set(device, told.sriov_drivers_autoprobe !== '0');
    }
    const id = `${plainHex(told.vendor)}:${plainHex(told.device)}`;
    const override = typeof told.driver_override === 'string' ? told.driver_override : null;
    const autoprobe = pf === null || (this.#autoprobe.get(pf) ?? true);
    this.#begin(device, pf !== null, id, { override, driver, autoprobe, mayBind: true });
  }

  #deviceAdd(row: Row): void {
    if (row.device === null) return;
    if (row.name === 'pci_bus_add_device') {
      const lifetime = this.#current.get(row.device) ?? this.#appear(row.device, row, null);
      const state = this.#state.get(lifetime)!;
      state.mayBind = true;
      this.#record(lifetime, row, { type: 'initial' });
      return;
    }
    const { data } = row;
    const hex = (at: number) => data?.readUInt32LE(at).toString(16).padStart(4, '0');
    const id = data !== null && data.byteLength >= 8 ? `${hex(0)}:${hex(4)}` : null;
    this.#appear(row.device, row, id);
  }

  #appear(device: Bdf, row: Row, id: string | null): Lifetime {
    const pf = this.#creating.get(row.actor.tid) ?? null;
    if (pf !== null) this.#pfOfVf.set(device, pf);
    const autoprobe = pf === null || (this.#autoprobe.get(pf) ?? true);
    const initial = { override: null, driver: null, autoprobe, mayBind: false };
    return this.#begin(device, pf !== null, id, initial);
  }

  #record(lifetime: Lifetime, row: Row, action: Action): Operation {
    const { seq, ts, actor } = row;
    const operation: Operation = { seq, ts, actor, action, effect: seq };
    lifetime.operations.push(operation);
    return operation;
  }

  #storeBegin(row: Row): void {
    const { device, name } = row;
    if (name === 'sriov_drivers_autoprobe') this.#writeAutoprobe(row);
    else if (name === 'new_id') this.#writeNewId(row);
    const action = storeAction(row);
    const tooLate = action?.type !== 'override' && device !== null && this.#leaving.has(device);
    const lifetime = device === null || tooLate ? undefined : this.#current.get(device);
    const known = action !== null && lifetime !== undefined;
    const operation = known ? this.#record(lifetime, row, action) : null;
    this.#stores.set(row.actor.tid, { lifetime: lifetime ?? null, operation, placed: false });
  }

  #storeEnd(row: Row): void {
    const store = this.#stores.get(row.actor.tid);
    this.#stores.delete(row.actor.tid);
    const { lifetime, operation } = store ?? {};
    if (!lifetime || !operation || operation.action.type !== 'override') return;
    if ((row.ret ?? 0) < 0) {
      lifetime.operations.splice(lifetime.operations.indexOf(operation), 1);
      return;
    }
    // The store waits for the device's lock before it changes anything.
    operation.effect = row.seq;
    this.#state.get(lifetime)!.override = operation.action.driver;
  }

  #writeAutoprobe({ device, text, ...row }: Row): void {
    if (device === null) return;
    const on = !/^(?:0|n|off)/i.test(text ?? '');
    this.#autoprobe.set(device, on);
    for (const lifetime of this.#current.values()) {
      if (this.#pfOfVf.get(lifetime.device) !== device) continue;
      this.#state.get(lifetime)!.autoprobe = on;
      this.#record(lifetime, { ...row, device, text }, { type: 'autoprobe', on });
    }
  }

  #writeNewId(row: Row): void {
    const [vendor, device] = (row.text ?? '').trim().split(/\s+/);
    if (device === undefined || row.driver === null) return;
    const id = `${plainHex(vendor)}:${plainHex(device)}`;
    for (const lifetime of this.#current.values()) {
      if (lifetime.id === id) this.#record(lifetime, row, { type: 'new_id', driver: row.driver });
    }
  }

  /** A driver is tried: the place in which the thread's store takes effect, under the lock. */
  #match(row: Row): void {
    const lifetime = row.device === null ? undefined : this.#current.get(row.device);
    if (lifetime === undefined || row.driver === null) return;
    const store = this.#stores.get(row.actor.tid);
    if (store?.operation && store.lifetime === lifetime && !store.placed) {
      store.operation.effect = row.seq;
      store.placed = true;
    }
    if (this.#state.get(lifetime)!.override !== null) return;
    const id = idOf(lifetime);
    this.#natives.set(id, (this.#natives.get(id) ?? new Set()).add(row.driver));
  }

  #probed({ device, driver, ret }: Row): void {
    const lifetime = device === null ? undefined : this.#current.get(device);
    if (lifetime === undefined || driver === null || ret === null) return;
    const { autoprobe, override } = this.#state.get(lifetime)!;
    if (lifetime.isVf && !autoprobe && override === null) return;
    lifetime.probes.set(driver, [...(lifetime.probes.get(driver) ?? []), ret >= 0]);
  }

  /** A release that nobody asked for in sysfs is the driver's own, from a work item or rmmod. */
  #unbind(row: Row): void {
    const lifetime = row.device === null ? undefined : this.#current.get(row.device);
    if (lifetime === undefined || row.driver === null) return;
    if (this.#leaving.has(lifetime.device)) return;
    const store = this.#stores.get(row.actor.tid);
    if (store?.operation && store.lifetime === lifetime) return;
    this.#record(lifetime, row, { type: 'release', driver: row.driver });
  }
}

function storeAction({ name, driver, text }: Row): Action | null {
  switch (name) {
    case 'driver_override': {
      const line = (text ?? '').split('\n', 1)[0];
      return { type: 'override', driver: line === '' ? null : line };
    }
    case 'bind':
      return driver === null ? null : { type: 'bind', driver };
    case 'unbind':
      return driver === null ? null : { type: 'unbind', driver };
    case 'drivers_probe':
      return { type: 'drivers_probe' };
    default:
      return null;
  }
}

function parseObject(text: string | null): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** `0x8086` and `8086` as the four digits that ids are compared by. */
const plainHex = (value: unknown) =>
  String(value ?? '')
    .replace(/^0x/, '')
    .toLowerCase()
    .padStart(4, '0');

/** The columns of a batch that binding needs, row by row. */
class Rows {
  readonly #batch: Batch;
  readonly #kinds: DictView;

  constructor(batch: Batch, kinds: DictView) {
    this.#batch = batch;
    this.#kinds = kinds;
  }

  at(row: number): Row {
    const batch = this.#batch;
    const device = batch.column('device').at(row);
    const ret = batch.column('ret');
    return {
      seq: toSeq(batch.seqFirst + row),
      ts: toNanos(batch.column('ts').big(row)),
      kind: this.#kinds.entries[this.#kinds.ids[row]],
      phase: batch.column('phase').at(row) ?? 'point',
      name: batch.column('name').at(row),
      device: device === null ? null : parseBdf(device),
      driver: batch.column('driver').at(row),
      actor: { task: batch.column('task').at(row) ?? '', tid: batch.column('tid').at(row) },
      text: batch.column('text').text(row),
      data: batch.column('data').at(row),
      ret: ret.has(row) ? ret.number(row) : null,
    };
  }
}
