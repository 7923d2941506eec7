/**
 * Why a driver may match a function at a moment of a recording: its override and dynamic ids. While
 * one of them is being written, it may be either.
 */

import { parseOverride } from '../model/binding/parse-store.js';
import { covers, type IdMatch, type PciIds, parseNewId } from '../model/binding/pci-ids.js';
import type { Possible } from '../model/possible.js';
import type { RecordedEvent } from './recording.js';

interface Override {
  /** What it may be: more than one while it is being written. */
  values: (string | null)[];
  /** What it was, and the event after which it was not that any more. */
  readonly past: { readonly value: string | null; readonly until: number }[];
  writing: number;
  /** Event since which it is certain. */
  since: number;
}

interface DynamicId {
  readonly entry: IdMatch;
  /** The thread that writes it. */
  readonly tid: number;
  /** Event since which the driver certainly has it; null while it is being written. */
  since: number | null;
  /** The thread that is taking it away; null when none is. */
  leaving: number | null;
  /** The event after which the driver does not have it any more. */
  until: number;
}

const STAYS = { leaving: null, until: Number.POSITIVE_INFINITY } as const;

/** What a write was refused for changed nothing. */
const isDone = ({ ret }: RecordedEvent): boolean => ret === null || ret >= 0;

function writeNewId(ids: DynamicId[], e: RecordedEvent, at: number): void {
  const { phase, tid } = e;
  if (phase === 'begin') {
    const entry = parseNewId(e.text)?.entry;
    if (entry !== undefined) ids.push({ entry, tid, since: null, ...STAYS });
    return;
  }
  const found = ids.findLastIndex((id) => id.tid === tid && id.since === null);
  if (found < 0) return;
  if (isDone(e)) ids[found].since = at;
  else ids.splice(found, 1);
}

function writeRemoveId(ids: readonly DynamicId[], e: RecordedEvent, at: number): void {
  const { phase, tid } = e;
  const here = ids.filter(({ until }) => until > at);
  if (phase === 'begin') {
    const key = JSON.stringify(parseNewId(e.text)?.entry);
    const found = here.find((id) => JSON.stringify(id.entry) === key && id.leaving === null);
    if (found !== undefined) found.leaving = tid;
    return;
  }
  const found = here.find((id) => id.leaving === tid);
  if (found === undefined) return;
  found.leaving = null;
  if (isDone(e)) found.until = at;
}

export class Reasons {
  readonly #overrides = new Map<string, Override>();
  readonly #ids = new Map<string, DynamicId[]>();
  /** Functions whose override of the beginning does not count any more. */
  readonly #written = new Set<string>();

  /** Sets an override whose write is not recorded. */
  setOverride(device: string, value: string | null, at: number): void {
    this.#overrides.set(device, { values: [value], past: [], writing: 0, since: at });
    if (at >= 0) this.#written.add(device);
  }

  /** A driver has ids since an event: those that the parameters of its module give it. */
  giveIds(driver: string, entries: readonly IdMatch[], since: number, tid = 0): void {
    const given = entries.map((entry) => ({ entry, tid, since, ...STAYS }));
    this.#ids.set(driver, [...(this.#ids.get(driver) ?? []), ...given]);
  }

  take(e: RecordedEvent, at: number): void {
    const { kind, name, device, driver } = e;
    if (name === 'bus_remove_driver' && driver !== null) this.#leave(driver, at);
    if (kind !== 'sysfs.write') return;
    if (name === 'driver_override' && device !== null) this.#write(device, e, at);
    if (driver === null || (name !== 'new_id' && name !== 'remove_id')) return;
    const ids = this.#ids.get(driver) ?? [];
    this.#ids.set(driver, ids);
    if (name === 'new_id') writeNewId(ids, e, at);
    else writeRemoveId(ids, e, at);
  }

  #leave(driver: string, at: number): void {
    for (const id of this.#ids.get(driver) ?? []) id.until = Math.min(id.until, at);
  }

  #write(device: string, { phase, text }: RecordedEvent, at: number): void {
    const known = this.#overrides.get(device) ?? {
      values: [null],
      past: [],
      writing: 0,
      since: 0,
    };
    this.#overrides.set(device, known);
    this.#written.add(device);
    if (phase === 'begin') {
      known.values.push(parseOverride(text));
      known.writing++;
    } else if (--known.writing <= 0) {
      known.writing = 0;
      for (const value of known.values.slice(0, -1)) known.past.push({ value, until: at });
      known.values = known.values.slice(-1);
      known.since = at;
    }
  }

  /** Whether the override of a function is not that of the beginning any more. */
  isWritten(device: string): boolean {
    return this.#written.has(device);
  }

  /** Whether a driver may have matched for its override or a dynamic id at some event since one. */
  mayMatch(driver: string, device: string, ids: PciIds, since: number): boolean {
    const override = this.#overrides.get(device);
    if (override?.values.includes(driver)) return true;
    if (override?.past.some(({ value, until }) => value === driver && until >= since)) return true;
    return (this.#ids.get(driver) ?? []).some(
      ({ entry, until }) => until >= since && covers(entry, ids) !== false,
    );
  }

  /**
   * Whether a driver certainly matches a function at an event and since another; `claims` says what
   * its own table does.
   */
  matchesSince(
    driver: string,
    device: string,
    ids: PciIds,
    since: number,
    claims: boolean,
  ): boolean {
    const override = this.#overrides.get(device);
    if (override !== undefined) {
      if (override.writing > 0 || override.since > since) return false;
      if (override.values[0] !== null) return override.values[0] === driver;
    }
    if (claims) return true;
    return (this.#ids.get(driver) ?? []).some(
      (id) =>
        id.since !== null &&
        id.since <= since &&
        id.leaving === null &&
        id.until === Number.POSITIVE_INFINITY &&
        covers(id.entry, ids) === true,
    );
  }

  /** The override of a function; not known while it is written. */
  overrideOf(device: string): Possible<string | null> {
    const override = this.#overrides.get(device);
    if (override === undefined) return [null];
    return override.writing > 0 ? 'unknown' : [override.values[0]];
  }
}
