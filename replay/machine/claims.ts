/**
 * Which drivers claim which ids, and in which order they are tried. Id tables of most drivers and
 * the order of registration are not in a recording; what was tried teaches them. A driver can
 * register at any time, but only at the end of the list (driver-core-and-pci §1.3), so the order in
 * which known drivers were tried once holds for good.
 */

import { covers, type IdMatch, idsKey, type PciIds } from '../binding/ids.js';
import { driverModel } from '../drivers/index.js';

/** The drivers that were tried for some ids without an override, in order. */
interface Walk {
  readonly drivers: string[];
  /** Drivers known when the list was last walked to its end without success. */
  ended: ReadonlySet<string> | null;
}

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
}

export const newClaims = (): ClaimsData => ({
  registered: new Set(),
  order: new Map(),
  dynamic: new Map(),
  walks: new Map(),
  without: new Map(),
});

export class Claims {
  readonly #registered: Set<string>;
  readonly #place: Map<string, number>;
  readonly #dynamic: Map<string, IdMatch[]>;
  readonly #walks: Map<string, Walk>;
  readonly #without: Map<string, Set<string>>;

  constructor(data: ClaimsData) {
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
    if (place !== null) this.#place.set(driver, place);
  }

  unregister(driver: string): void {
    this.#registered.delete(driver);
    this.#dynamic.delete(driver);
    for (const walk of this.#walks.values()) {
      const at = walk.drivers.indexOf(driver);
      if (at >= 0) walk.drivers.splice(at, 1);
    }
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
    const { table, overrideOnly } = driverModel(driver);
    if (overrideOnly) return false;
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
   * The driver that a walk over the driver list tries after `tried`, without an override.
   * @returns the driver, null for none, undefined when it is not known
   */
  next(ids: PciIds, tried: readonly string[]): string | null | undefined {
    const order = this.#order(ids);
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

  #order(ids: PciIds): Walk {
    const walk = this.#walks.get(idsKey(ids)) ?? { drivers: [], ended: null };
    const known = this.#registered;
    const byTable = [...known].filter((d) => this.claims(d, ids) === true);
    const more = byTable.filter((d) => !walk.drivers.includes(d));
    if (more.length === 0) return walk;
    // A dynamic id makes a driver match that stands anywhere in the list.
    const anywhere = more.some((d) => this.dynamicIds(d).some((e) => covers(e, ids) === true));
    if (anywhere) return { drivers: [], ended: null };
    // Claimants that no walk has met yet come after those it met; among them, as they registered.
    const place = (driver: string) => this.#place.get(driver) ?? Number.NaN;
    const ordered = more.length === 1 || more.every((driver) => this.#place.has(driver));
    if (!ordered) return { drivers: walk.drivers, ended: null };
    const drivers = [...walk.drivers, ...more.toSorted((a, b) => place(a) - place(b))];
    return { drivers, ended: walk.ended };
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
    const walk = this.#walks.get(key) ?? { drivers: [], ended: null };
    this.#walks.set(key, walk);
    const prefix = before.every((d, i) => walk.drivers[i] === d);
    if (prefix && walk.drivers[before.length] === undefined && !walk.drivers.includes(driver)) {
      walk.drivers.push(driver);
    }
  }

  /** Learns from a walk that tried `tried` and came to the end of the list without success. */
  walkEnded(ids: PciIds, tried: readonly string[]): void {
    const key = idsKey(ids);
    const walk = this.#walks.get(key) ?? { drivers: [], ended: null };
    for (const driver of this.#registered) {
      if (!tried.includes(driver)) this.excludeDynamicId(driver, ids);
    }
    if (walk.drivers.length !== tried.length) return;
    walk.ended = new Set(this.#registered);
    this.#walks.set(key, walk);
  }

  /** Nothing that was learned holds: it is of another machine. */
  clear(): void {
    this.#registered.clear();
    this.#place.clear();
    this.#dynamic.clear();
    this.#walks.clear();
    this.#without.clear();
  }

  /** Forgets what depended on seeing every registration. */
  forget(): void {
    for (const walk of this.#walks.values()) walk.ended = null;
    this.#without.clear();
  }
}
