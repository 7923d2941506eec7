/**
 * Which drivers claim which ids, and in which order they are tried. Id tables of most drivers and
 * the order of registration are not in a recording; what was tried teaches them. A driver can
 * register at any time, but only at the end of the list (driver_register, bus_add_driver, kernel
 * drivers/base/bus.c 6.1), so the order in which drivers were tried once holds as long as none of
 * them leaves. A driver that has a device cannot leave unseen; of any other nothing tells that it
 * is still on the bus, nor that it did not come back at the end of the list.
 */

import { covers, type IdMatch, idsKey, type PciIds } from '../../model/binding/pci-ids.js';
import { driverModel } from '../../model/drivers/index.js';

/** The drivers that were tried for some ids without an override, in order. */
interface Walk {
  readonly drivers: string[];
  /** Those of them that cannot have left since their place was learned. */
  readonly firm: Set<string>;
  /**
   * Drivers that cannot have left since the list was last walked to its end without success; null
   * when it was not.
   */
  ended: Set<string> | null;
}

const newWalk = (): Walk => ({ drivers: [], firm: new Set(), ended: null });

/** What is known of drivers, as plain data. */
export interface ClaimsData {
  readonly registered: Set<string>;
  /** Place in the order of registration, of drivers for which a snapshot tells it. */
  readonly order: Map<string, number>;
  readonly dynamic: Map<string, IdMatch[]>;
  /** By the numbers that id tables match. */
  readonly walks: Map<string, Walk>;
  /** Drivers that certainly have no dynamic id for some numbers. */
  readonly without: Map<string, Set<string>>;
  /** Drivers of which nothing has told, since this was known last, that they are still there. */
  readonly loose: Set<string>;
  /** The recording tells of drivers that leave. */
  registrations: boolean;
  /** Id tables that a snapshot tells, of drivers whose model has none. */
  readonly tables: Map<string, readonly IdMatch[]>;
  /** Drivers that are registering, or leaving: they may be on the list already, or still. */
  readonly changing: Set<string>;
  /** Drivers that prefer to be probed asynchronously; null when nothing tells. */
  asynchronous: Set<string> | null;
}

/** Drivers that change at once; of more nothing is told. */
const CHANGING_MAX = 4;
/** Places of drivers that registered in the recording come behind those of the snapshot. */
const PLACES_OF_SNAPSHOTS = 1 << 20;
/** The place of a driver that is just registering. */
const LAST = Number.MAX_SAFE_INTEGER;

export const newClaims = (): ClaimsData => ({
  registered: new Set(),
  order: new Map(),
  dynamic: new Map(),
  walks: new Map(),
  without: new Map(),
  loose: new Set(),
  registrations: false,
  tables: new Map(),
  changing: new Set(),
  asynchronous: null,
});

export class Claims {
  readonly #data: ClaimsData;
  readonly #registered: Set<string>;
  readonly #place: Map<string, number>;
  readonly #dynamic: Map<string, IdMatch[]>;
  readonly #walks: Map<string, Walk>;
  readonly #without: Map<string, Set<string>>;

  constructor(data: ClaimsData) {
    this.#data = data;
    this.#registered = data.registered;
    this.#place = data.order;
    this.#dynamic = data.dynamic;
    this.#walks = data.walks;
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

  /** A snapshot of a run tells all of a driver, whether it is on the bus or not. */
  tell(driver: string, isAsync: boolean, table: readonly IdMatch[] | null): void {
    const data = this.#data;
    data.registrations = true;
    data.asynchronous ??= new Set();
    if (isAsync) data.asynchronous.add(driver);
    if (table !== null) data.tables.set(driver, table);
  }

  /** Drivers that prefer to be probed asynchronously; null when nothing tells. */
  get asynchronous(): ReadonlySet<string> | null {
    return this.#data.asynchronous;
  }

  /** A driver begins to register, or to leave: from some moment on it is on the list, or not. */
  beginChange(driver: string): void {
    this.#data.changing.add(driver);
  }

  /** Whether a driver is registering, or leaving. */
  isChanging(driver: string): boolean {
    return this.#data.changing.has(driver);
  }

  /** An event tells that a driver registered: it stands at the end of the list, if it left it. */
  registers(driver: string, seq: number): void {
    this.drop(driver);
    this.register(driver, PLACES_OF_SNAPSHOTS + seq);
    for (const walk of this.#walks.values()) walk.ended = null;
  }

  /** An event tells that a driver left: what was known of it is void, and such events are there. */
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
    for (const walk of this.#walks.values()) {
      const at = walk.drivers.indexOf(driver);
      if (at >= 0) walk.drivers.splice(at, 1);
      walk.firm.delete(driver);
      walk.ended?.delete(driver);
    }
    for (const drivers of this.#without.values()) drivers.delete(driver);
  }

  /**
   * A driver has no device any more: where nothing tells of drivers that register and leave, it may
   * leave from now on, and come back at the end of the list or with another table.
   */
  loosen(driver: string): void {
    if (this.#data.registrations) return;
    this.#data.loose.add(driver);
    for (const walk of this.#walks.values()) {
      walk.firm.delete(driver);
      walk.ended?.delete(driver);
    }
    for (const drivers of this.#without.values()) drivers.delete(driver);
  }

  /**
   * Whether a driver that comes next by what was learned certainly does: it has not left since.
   * One that no walk has met has its place by the order of registration that a snapshot told.
   */
  isFirm(ids: PciIds, driver: string): boolean {
    const walk = this.#walks.get(idsKey(ids));
    if (walk?.drivers.includes(driver)) return walk.firm.has(driver);
    return !this.#data.loose.has(driver);
  }

  /** What was learned of the order for some numbers does not hold any more. */
  forgetOrder(ids: PciIds): void {
    this.#walks.delete(idsKey(ids));
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
   * Whether a driver that does not claim the numbers, as far as is known, may all the same: it may
   * have got a dynamic id before the recording began, or by a write that was not recorded.
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

  /** Removes the first equal id. @returns false when there is none that is known */
  removeDynamicId(driver: string, entry: IdMatch): boolean {
    const ids = this.dynamicIds(driver);
    const at = ids.findIndex((other) => JSON.stringify(other) === JSON.stringify(entry));
    if (at < 0) return false;
    this.#dynamic.set(driver, ids.toSpliced(at, 1));
    return true;
  }

  /**
   * A dynamic id of a driver was taken away. It may be older than the recording, and have explained
   * attempts from which something was learned.
   */
  unlearn(driver: string): void {
    for (const walk of this.#walks.values()) {
      const at = walk.drivers.indexOf(driver);
      if (at < 0) continue;
      walk.drivers.splice(at, 1);
      walk.ended = null;
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
    const walk = this.#walks.get(idsKey(ids));
    if (walk?.drivers.includes(driver)) return true;
    return walk?.ended?.has(driver) ? false : null;
  }

  /**
   * The driver that a walk over the driver list tries after `tried`, without an override: one for
   * each way in which drivers that are changing may be on the list or not.
   * @param leftOut drivers that this walk leaves to another
   * @returns drivers, null for none, undefined when it is not known
   */
  next(
    ids: PciIds,
    tried: readonly string[],
    leftOut: ReadonlySet<string> = new Set(),
  ): readonly (string | null | undefined)[] {
    const changing = [...this.#data.changing];
    if (changing.length === 0) return [this.#next(ids, tried, leftOut)];
    if (changing.length > CHANGING_MAX) return [undefined];
    const nexts = new Set<string | null | undefined>();
    for (let set = 0; set < 1 << changing.length; set++) {
      const absent = new Set([...leftOut, ...changing.filter((_, i) => (set >> i) & 1)]);
      nexts.add(this.#next(ids, tried, absent));
    }
    return [...nexts];
  }

  #next(
    ids: PciIds,
    tried: readonly string[],
    absent: ReadonlySet<string>,
  ): string | null | undefined {
    const order = this.#order(ids, absent);
    const known = order.drivers[tried.length];
    if (tried.some((driver, i) => order.drivers[i] !== driver)) return undefined;
    if (known !== undefined) return known;
    return order.ended === null ? undefined : null;
  }

  /** Whether `driver` may be tried after `tried` though another or none was expected. */
  mayComeNext(ids: PciIds, tried: readonly string[], driver: string): boolean {
    const order = this.#order(ids);
    // Known drivers have their place; one that was never heard of may have registered since.
    if (order.ended?.has(driver)) return false;
    return order.drivers[tried.length] === undefined && !order.drivers.includes(driver);
  }

  #order(ids: PciIds, absent: ReadonlySet<string> = new Set()): Walk {
    const learned = this.#walks.get(idsKey(ids)) ?? newWalk();
    const drivers = learned.drivers.filter((d) => !absent.has(d));
    const walk = absent.size === 0 ? learned : { ...learned, drivers };
    const known = new Set([...this.#registered, ...this.#data.changing]);
    const byTable = [...known].filter((d) => !absent.has(d) && this.claims(d, ids) === true);
    const more = byTable.filter((d) => !walk.drivers.includes(d));
    const place = (driver: string) =>
      this.#registered.has(driver) ? (this.#place.get(driver) ?? Number.NaN) : LAST;
    const all = [...walk.drivers, ...more];
    if (all.every((driver) => !Number.isNaN(place(driver)))) {
      return { ...walk, drivers: all.toSorted((a, b) => place(a) - place(b)) };
    }
    if (more.length === 0) return walk;
    // A dynamic id makes a driver match that stands anywhere in the list.
    const anywhere = more.some((d) => this.dynamicIds(d).some((e) => covers(e, ids) === true));
    if (anywhere) return newWalk();
    // Claimants that no walk has met yet come after those it met; among them, as they registered.
    const ordered = more.length === 1 || more.every((driver) => !Number.isNaN(place(driver)));
    if (!ordered) return { ...walk, ended: null };
    const sorted = more.toSorted((a, b) => place(a) - place(b));
    return { ...walk, drivers: [...walk.drivers, ...sorted] };
  }

  /**
   * Learns from an attempt in a walk without override. An attempt that a dynamic id explains, or
   * only one can, says nothing of the driver's table.
   */
  tried(ids: PciIds, before: readonly string[], driver: string): void {
    this.register(driver);
    if (this.claimsDynamically(driver, ids)) return;
    if (this.#claimsStatically(driver, ids) === false) return;
    const key = idsKey(ids);
    const walk = this.#walks.get(key) ?? newWalk();
    this.#walks.set(key, walk);
    const prefix = before.every((d, i) => walk.drivers[i] === d);
    const at = walk.drivers.indexOf(driver);
    if (prefix && walk.drivers[before.length] === undefined && at < 0) walk.drivers.push(driver);
    if (prefix && walk.drivers[before.length] === driver) walk.firm.add(driver);
  }

  /**
   * Learns from a walk that tried `tried` and came to the end of the list without success.
   * @param stayed whether a driver was certainly on the bus: one that was not says nothing
   */
  walkEnded(ids: PciIds, tried: readonly string[], stayed: (driver: string) => boolean): void {
    const key = idsKey(ids);
    const walk = this.#walks.get(key) ?? newWalk();
    const there = [...this.#registered].filter((d) => tried.includes(d) || stayed(d));
    for (const driver of there) {
      if (!tried.includes(driver)) this.excludeDynamicId(driver, ids);
    }
    if (walk.drivers.length !== tried.length) return;
    walk.ended = new Set(there);
    this.#walks.set(key, walk);
  }

  /** Whether events tell which drivers are on the bus, and this one is. */
  showsRegistered(driver: string): boolean {
    return this.#data.registrations && this.#registered.has(driver);
  }

  /** Nothing that was learned holds: it is of another machine. */
  clear(): void {
    this.#registered.clear();
    this.#place.clear();
    this.#dynamic.clear();
    this.#walks.clear();
    this.#without.clear();
    this.#data.loose.clear();
    this.#data.tables.clear();
    this.#data.changing.clear();
    this.#data.asynchronous = null;
  }

  /** Forgets what depended on seeing every registration. */
  forget(): void {
    for (const walk of this.#walks.values()) {
      walk.ended = null;
      walk.firm.clear();
    }
    for (const driver of this.#registered) this.#data.loose.add(driver);
    this.#without.clear();
  }
}
