/** Which functions are in which IOMMU group, as a recording shows it. */
import { driverModel } from '../model/drivers/index.js';
import { isUuid } from '../model/mdev/index.js';
import { wordAt } from './call-structs.js';
import type { RecordedEvent, Recording } from './recording.js';

const OF_GROUP = 'vfio_group_fops_unl_ioctl';
const ARRIVAL = 'add_device_to_group';

export class Groups {
  /** The number that each function has, or had first. */
  readonly #numbers = new Map<string, number>();
  /** Functions that are not there at the moment: another group may have got their number. */
  readonly #gone = new Set<string>();
  /** Functions that a driver of VFIO has. */
  readonly #ofVfio = new Set<string>();
  readonly #variants = new Set<string>();
  /** Functions with drivers that use the kernel's DMA API. */
  readonly #native = new Set<string>();

  constructor({ functions, events }: Pick<Recording, 'functions' | 'events'>) {
    for (const [address, { group, driver }] of functions) {
      if (driver !== null) this.#bind(address, driver);
      if (group !== null) this.#numbers.set(address, group);
    }
    /** The number of the group that each thread makes a call on. */
    const called = new Map<number, number>();
    for (const e of events) {
      const { name, call, device, value, tid } = e;
      if (call === OF_GROUP) {
        const number = e.phase === 'begin' ? wordAt(e.data, 0) : null;
        if (number === null) called.delete(tid);
        else called.set(tid, number);
      }
      if (device === null || this.#numbers.has(device)) continue;
      // A call on a group is about functions of it.
      const number = name === ARRIVAL ? value : called.get(tid);
      if (number === undefined) continue;
      this.#numbers.set(device, number);
      if (name === ARRIVAL) this.#gone.add(device);
    }
  }

  /** The number of the group of a function; null when it is not known. */
  of(address: string): number | null {
    return this.#numbers.get(address) ?? null;
  }

  /** Whether a function has a driver of VFIO that changes what users see of it. */
  hasVariant(address: string): boolean {
    return this.#variants.has(address);
  }

  #bind(address: string, driver: string): void {
    const { vfioPci, managesDma } = driverModel(driver);
    if (!vfioPci && !isUuid(address)) {
      if (managesDma !== true) this.#native.add(address);
      return;
    }
    this.#ofVfio.add(address);
    if (driver !== 'vfio-pci' && !isUuid(address)) this.#variants.add(address);
  }

  /** A driver gets or loses a function. */
  take({ name, device, driver, value }: RecordedEvent): void {
    if (device === null) return;
    // A function may have another group each time that it comes.
    if (name === ARRIVAL) {
      this.#numbers.set(device, value);
      this.#gone.delete(device);
    } else if (name === 'remove_device_from_group') this.#gone.add(device);
    else if (name === 'driver_bound' && driver !== null) this.#bind(device, driver);
    else if (name === 'device_unbind_cleanup') {
      this.#ofVfio.delete(device);
      this.#variants.delete(device);
      this.#native.delete(device);
    }
  }

  /** A device of VFIO whose group a native driver uses, too; null unless it is the only one. */
  get notViable(): string | null {
    const numbers = new Set([...this.#native].map((address) => this.of(address)));
    const found = [...this.#ofVfio].filter((address) => numbers.has(this.of(address)));
    return found.length === 1 ? found[0] : null;
  }

  /** Functions of a group: devices of VFIO are first, and those last that are not there. */
  in(group: number): string[] {
    const all = [...this.#numbers].filter(([, number]) => number === group);
    const functions = all.map(([address]) => address);
    const rank = (address: string) =>
      Number(this.#ofVfio.has(address)) - Number(this.#gone.has(address));
    return functions.sort((a, b) => rank(b) - rank(a));
  }
}

/** A number that no kernel gives to a group. */
const FIRST_OWN = 1_000_000;

/**
 * Numbers by which functions of a machine are in one group. A kernel gives the number of a group
 * that is gone to another one: only functions that are there together have one group.
 */
export function groupsOfMachine({ functions, events }: Pick<Recording, 'functions' | 'events'>) {
  const groups = new Map<string, number>();
  const members = new Map<number, string[]>();
  const isUsed = (number: number) => [...groups.values()].includes(number);
  const add = (address: string, number: number): void => {
    const others = (members.get(number) ?? []).filter((other) => other !== address);
    members.set(number, [...others, address]);
    if (groups.has(address)) return;
    const shared = others.length === 0 ? undefined : groups.get(others[0]);
    const own = isUsed(number) ? FIRST_OWN + groups.size : number;
    groups.set(address, shared ?? own);
  };
  const all = new Groups({ functions, events });
  const come = new Set(events.flatMap((e) => (e.name === ARRIVAL ? (e.device ?? []) : [])));
  for (const [address, { group }] of functions) if (group !== null) add(address, group);
  for (const { device } of events) {
    const number = device === null || come.has(device) ? null : all.of(device);
    if (device !== null && number !== null && !groups.has(device)) add(device, number);
  }
  for (const { name, device, value } of events) {
    if (device === null) continue;
    if (name === ARRIVAL) add(device, value);
    if (name !== 'remove_device_from_group') continue;
    for (const [number, list] of members)
      members.set(
        number,
        list.filter((one) => one !== device),
      );
  }
  return groups;
}
