/**
 * Knows which drivers claim which ids, and in which order they are tried. Id tables of most drivers
 * and the order of registration are not in a recording; attempts reveal them. A driver can register
 * at any time, but only at the end of the list (driver_register, bus_add_driver, kernel
 * drivers/base/bus.c 6.1), so a known order stays valid as long as none of the drivers unregisters.
 * A driver that has a device cannot unregister unnoticed. Any other driver may have unregistered,
 * and may have come back at the end of the list.
 */

import type { DriverFacts } from '../../model/binding/function-facts.js';
import { covers, type IdMatch, idsKey, type PciIds } from '../../model/binding/pci-ids.js';
import { driverModel, idsOf, type ModuleParameters } from '../../model/drivers/index.js';
import type { Unknown } from '../../model/possible.js';
import { type ClaimsData, noDrivers, type TriedDrivers } from './claims-data.js';

/** The drivers that may be tried next; null: none is tried any more. */
export interface NextDrivers {
  readonly drivers: readonly (string | null)[];
  /** Any other driver may be tried, too: the order is known only in part. */
  readonly mayBeOther: boolean;
}

export const ANY_NEXT: NextDrivers = { drivers: [], mayBeOther: true };

/** The most drivers that change at the same time; with more, nothing is predicted. */
const CHANGING_MAX = 4;
/** Positions of drivers that registered during the recording come after those of the snapshot. */
const PLACES_OF_SNAPSHOTS = 1 << 20;
/** The place of a driver that is just registering. */
const LAST = Number.MAX_SAFE_INTEGER;

export class Claims {
  readonly #data: ClaimsData;
  readonly #registered: Set<string>;
  readonly #place: Map<string, number>;
  readonly #dynamic: Map<string, IdMatch[]>;
  readonly #tried: Map<string, TriedDrivers>;
  readonly #without: Map<string, Set<string>>;

  constructor(data: ClaimsData) {
    this.#data = data;
    this.#registered = data.registered;
    this.#place = data.order;
    this.#dynamic = data.dynamic;
    this.#tried = data.tried;
    this.#without = data.without;
  }

  /**
   * Notes that a driver is on the bus.
   * @param place its place in the order of registration, when it is known
   */
  register(driver: string, place: number | null = null): void {
    this.#registered.add(driver);
    this.#data.loose.delete(driver);
    if (place !== null) this.#place.set(driver, place);
  }

  /**
   * Stores the facts of a snapshot of a simulated run, which has all drivers, on the bus or not.
   */
  learnFacts(driver: string, { loaded, isAsync, ids: table, parameters }: DriverFacts): void {
    const data = this.#data;
    data.parameters.set(driver, parameters);
    if (loaded === true) data.dynamic.set(driver, [...idsOf(parameters)]);
    data.registrations = true;
    data.asynchronous ??= new Set();
    if (isAsync) data.asynchronous.add(driver);
    if (table !== null) data.tables.set(driver, table);
  }

  /** What the module of a driver is loaded with; undefined when that is not known. */
  parametersOf(driver: string): ModuleParameters | undefined {
    return this.#data.parameters.get(driver);
  }

  /**
   * A driver has registered, and its thread adds the ids of its module's parameters one by one.
   * Until the thread goes on to something else, an id may count already, or not yet.
   */
  addGivenIds(driver: string, tid: number): void {
    const ids = idsOf(this.parametersOf(driver) ?? {});
    if (ids.length === 0) return;
    for (const entry of ids) this.addDynamicId(driver, entry);
    this.beginChange(driver);
    this.#data.loading.set(tid, driver);
  }

  /** A thread does something that no loading of a module does. */
  endLoading(tid: number): void {
    const driver = this.#data.loading.get(tid);
    if (driver === undefined) return;
    this.#data.loading.delete(tid);
    this.#data.changing.delete(driver);
  }

  get areLoading(): boolean {
    return this.#data.loading.size > 0;
  }

  /** Drivers that prefer to be probed asynchronously; null when that is not known. */
  get asynchronous(): ReadonlySet<string> | null {
    return this.#data.asynchronous;
  }

  /** A driver begins to register, or to leave: from some moment on it is on the list, or not. */
  beginChange(driver: string): void {
    const { loading, changing } = this.#data;
    for (const [tid, other] of loading) if (other === driver) loading.delete(tid);
    changing.add(driver);
  }

  /** Whether a driver is registering, or leaving. */
  isChanging(driver: string): boolean {
    return this.#data.changing.has(driver);
  }

  /** An event shows that a driver registered: it is now at the end of the list. */
  registers(driver: string, seq: number): void {
    this.drop(driver);
    this.register(driver, PLACES_OF_SNAPSHOTS + seq);
    for (const known of this.#tried.values()) known.ended = null;
  }

  /**
   * An event shows that a driver unregistered: its facts are void, and such events are recorded.
   */
  leaves(driver: string): void {
    this.#data.registrations = true;
    this.drop(driver);
  }

  /** A driver is not on the bus: nothing of it is known. */
  drop(driver: string): void {
    this.#registered.delete(driver);
    this.#dynamic.delete(driver);
    this.#place.delete(driver);
    this.#data.loose.delete(driver);
    this.#data.changing.delete(driver);
    for (const known of this.#tried.values()) {
      const at = known.drivers.indexOf(driver);
      if (at >= 0) known.drivers.splice(at, 1);
      known.firm.delete(driver);
      known.ended?.delete(driver);
    }
    for (const drivers of this.#without.values()) drivers.delete(driver);
  }

  /**
   * A driver has lost its last device. Without events of drivers that register and unregister, it
   * may unregister from now on, and come back at the end of the list or with another table.
   */
  loosen(driver: string): void {
    if (this.#data.registrations) return;
    this.#data.loose.add(driver);
    for (const known of this.#tried.values()) {
      known.firm.delete(driver);
      known.ended?.delete(driver);
    }
    for (const drivers of this.#without.values()) drivers.delete(driver);
  }

  /**
   * Whether the predicted next driver is certainly next: it has not unregistered since. A driver
   * that no pass has met has its position in the snapshot's order of registration.
   */
  isFirm(ids: PciIds, driver: string): boolean {
    const known = this.#tried.get(idsKey(ids));
    if (known?.drivers.includes(driver)) return known.firm.has(driver);
    return !this.#data.loose.has(driver);
  }

  /** What was learned of the order for some numbers does not hold any more. */
  forgetOrder(ids: PciIds): void {
    this.#tried.delete(idsKey(ids));
  }

  isRegistered(driver: string): boolean {
    return this.#registered.has(driver);
  }

  get registered(): readonly string[] {
    return [...this.#registered];
  }

  dynamicIds(driver: string): readonly IdMatch[] {
    return this.#dynamic.get(driver) ?? [];
  }

  addDynamicId(driver: string, entry: IdMatch): void {
    this.#dynamic.set(driver, [...this.dynamicIds(driver), entry]);
    for (const drivers of this.#without.values()) drivers.delete(driver);
  }

  /** A driver did not match: it has no dynamic id for these numbers. */
  excludeDynamicId(driver: string, ids: PciIds): void {
    const key = idsKey(ids);
    const drivers = this.#without.get(key);
    if (drivers === undefined) this.#without.set(key, new Set([driver]));
    else drivers.add(driver);
  }

  /**
   * Whether a driver that is not known to claim the ids may match nevertheless: it may have
   * received a dynamic id before the recording began, or in a write that was not recorded.
   */
  mayHaveDynamicId(driver: string, ids: PciIds): boolean {
    if (this.claims(driver, ids) === true) return false;
    return this.#without.get(idsKey(ids))?.has(driver) !== true;
  }

  /** Whether a driver claims the numbers for a dynamic id. */
  claimsDynamically(driver: string, ids: PciIds): boolean {
    return this.dynamicIds(driver).some((entry) => covers(entry, ids) !== false);
  }

  /** Removes all ids that cover the numbers. */
  forgetDynamicIds(driver: string, ids: PciIds): void {
    const kept = this.dynamicIds(driver).filter((entry) => covers(entry, ids) === false);
    this.#dynamic.set(driver, kept);
  }

  /**
   * Removes the first equal id.
   * @returns false when no equal id is known
   */
  removeDynamicId(driver: string, entry: IdMatch): boolean {
    const ids = this.dynamicIds(driver);
    const at = ids.findIndex((other) => JSON.stringify(other) === JSON.stringify(entry));
    if (at < 0) return false;
    this.#dynamic.set(driver, ids.toSpliced(at, 1));
    return true;
  }

  /**
   * A dynamic id of a driver was removed. It may be older than the recording, and explain attempts
   * that were used to learn the order.
   */
  unlearn(driver: string): void {
    for (const known of this.#tried.values()) {
      const at = known.drivers.indexOf(driver);
      if (at < 0) continue;
      known.drivers.splice(at, 1);
      known.ended = null;
    }
  }

  /** Whether `driver` claims `ids` when no override is set; null when that is not known. */
  claims(driver: string, ids: PciIds): boolean | null {
    const dynamic = this.dynamicIds(driver).map((entry) => covers(entry, ids));
    if (dynamic.includes(true)) return true;
    const fixed = this.#claimsStatically(driver, ids);
    return fixed === false && dynamic.includes(null) ? null : fixed;
  }

  #claimsStatically(driver: string, ids: PciIds): boolean | null {
    const model = driverModel(driver);
    if (model.overrideOnly) return false;
    const table = this.#data.tables.get(driver) ?? model.table;
    if (table !== null) {
      const found = table.map((entry) => covers(entry, ids));
      if (found.includes(true)) return true;
      return found.includes(null) ? null : false;
    }
    const known = this.#tried.get(idsKey(ids));
    if (known?.drivers.includes(driver)) return true;
    return known?.ended?.has(driver) ? false : null;
  }

  /**
   * The driver that a pass over the driver list tries after `tried`, without an override: one for
   * each way in which changing drivers may be on the list or not.
   * @param leftOut drivers that this pass leaves to another
   */
  next(
    ids: PciIds,
    tried: readonly string[],
    leftOut: ReadonlySet<string> = new Set(),
  ): NextDrivers {
    const changing = [...this.#data.changing];
    if (changing.length > CHANGING_MAX) return ANY_NEXT;
    const drivers = new Set<string | null>();
    let mayBeOther = false;
    for (let set = 0; set < 1 << changing.length; set++) {
      const absent = new Set([...leftOut, ...changing.filter((_, i) => (set >> i) & 1)]);
      const next = this.#next(ids, tried, absent);
      if (next === 'unknown') mayBeOther = true;
      else drivers.add(next.driver);
    }
    return { drivers: [...drivers], mayBeOther };
  }

  #next(
    ids: PciIds,
    tried: readonly string[],
    absent: ReadonlySet<string>,
  ): { readonly driver: string | null } | Unknown {
    const order = this.#order(ids, absent);
    const known = order.drivers[tried.length];
    if (tried.some((driver, i) => order.drivers[i] !== driver)) return 'unknown';
    if (known !== undefined) return { driver: known };
    return order.ended === null ? 'unknown' : { driver: null };
  }

  /** Whether `driver` may be tried after `tried` although another one or none was expected. */
  mayComeNext(ids: PciIds, tried: readonly string[], driver: string): boolean {
    const order = this.#order(ids);
    // Known drivers have their place; one that was never heard of may have registered since.
    if (order.ended?.has(driver)) return false;
    return order.drivers[tried.length] === undefined && !order.drivers.includes(driver);
  }

  #order(ids: PciIds, absent: ReadonlySet<string> = new Set()): TriedDrivers {
    const learned = this.#tried.get(idsKey(ids)) ?? noDrivers();
    const drivers = learned.drivers.filter((d) => !absent.has(d));
    const known = absent.size === 0 ? learned : { ...learned, drivers };
    const registered = new Set([...this.#registered, ...this.#data.changing]);
    const byTable = [...registered].filter((d) => !absent.has(d) && this.claims(d, ids) === true);
    const more = byTable.filter((d) => !known.drivers.includes(d));
    const place = (driver: string) =>
      this.#registered.has(driver) ? (this.#place.get(driver) ?? Number.NaN) : LAST;
    const all = [...known.drivers, ...more];
    if (all.every((driver) => !Number.isNaN(place(driver)))) {
      return { ...known, drivers: all.toSorted((a, b) => place(a) - place(b)) };
    }
    if (more.length === 0) return known;
    // A dynamic id makes a driver match at any position of the list.
    const anywhere = more.some((d) => this.dynamicIds(d).some((e) => covers(e, ids) === true));
    if (anywhere) return noDrivers();
    // Claimants that no pass has met yet come after those it met, and among themselves in the order
    // of registration.
    const ordered = more.length === 1 || more.every((driver) => !Number.isNaN(place(driver)));
    if (!ordered) return { ...known, ended: null };
    const sorted = more.toSorted((a, b) => place(a) - place(b));
    return { ...known, drivers: [...known.drivers, ...sorted] };
  }

  /**
   * Learns from an attempt in a pass without override. An attempt that a dynamic id explains, or
   * that only one can explain, says nothing about the driver's table.
   */
  tried(ids: PciIds, before: readonly string[], driver: string): void {
    this.register(driver);
    if (this.claimsDynamically(driver, ids)) return;
    if (this.#claimsStatically(driver, ids) === false) return;
    const key = idsKey(ids);
    const known = this.#tried.get(key) ?? noDrivers();
    this.#tried.set(key, known);
    const prefix = before.every((d, i) => known.drivers[i] === d);
    const at = known.drivers.indexOf(driver);
    if (prefix && known.drivers[before.length] === undefined && at < 0) known.drivers.push(driver);
    if (prefix && known.drivers[before.length] === driver) known.firm.add(driver);
  }

  /**
   * Learns from a pass that tried `tried` and reached the end of the list without success.
   * @param stayed whether a driver was certainly on the bus: only such a driver's absence proves
   * anything
   */
  passEnded(ids: PciIds, tried: readonly string[], stayed: (driver: string) => boolean): void {
    const key = idsKey(ids);
    const known = this.#tried.get(key) ?? noDrivers();
    const there = [...this.#registered].filter((d) => tried.includes(d) || stayed(d));
    for (const driver of there) {
      if (!tried.includes(driver)) this.excludeDynamicId(driver, ids);
    }
    if (known.drivers.length !== tried.length) return;
    known.ended = new Set(there);
    this.#tried.set(key, known);
  }

  /** Whether events show which drivers are on the bus, and this one is. */
  showsRegistered(driver: string): boolean {
    return this.#data.registrations && this.#registered.has(driver);
  }

  /** Nothing that was learned holds: it is of another machine. */
  clear(): void {
    const { loose, tables, changing, loading, parameters } = this.#data;
    const learned = [this.#registered, this.#place, this.#dynamic, this.#tried, this.#without];
    for (const facts of [...learned, loose, tables, changing, loading, parameters]) facts.clear();
    this.#data.asynchronous = null;
  }

  /** Forgets what depended on seeing every registration. */
  forget(): void {
    for (const known of this.#tried.values()) {
      known.ended = null;
      known.firm.clear();
    }
    for (const driver of this.#registered) this.#data.loose.add(driver);
    this.#without.clear();
  }
}
