/** Which functions are in which IOMMU group, as a recording shows it. */
import { driverModel } from '../model/drivers/index.js';
import { isUuid } from '../model/mdev/index.js';
import { wordAt } from './call-structs.js';
import type { RecordedEvent, Recording } from './recording.js';

const OF_GROUP = 'vfio_group_fops_unl_ioctl';

export class Groups {
  readonly #numbers = new Map<string, number>();
  /** Functions that a driver of VFIO has. */
  readonly #ofVfio = new Set<string>();
  readonly #variants = new Set<string>();

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
      const number = name === 'add_device_to_group' ? value : called.get(tid);
      if (number !== undefined) this.#numbers.set(device, number);
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
    if (!driverModel(driver).vfioPci && !isUuid(address)) return;
    this.#ofVfio.add(address);
    if (driver !== 'vfio-pci' && !isUuid(address)) this.#variants.add(address);
  }

  /** A driver gets or loses a function. */
  take({ name, device, driver, value }: RecordedEvent): void {
    if (device === null) return;
    // A mediated device has another group each time that it comes.
    if (name === 'add_device_to_group' && isUuid(device)) this.#numbers.set(device, value);
    else if (name === 'driver_bound' && driver !== null) this.#bind(device, driver);
    else if (name === 'device_unbind_cleanup') {
      this.#ofVfio.delete(device);
      this.#variants.delete(device);
    }
  }

  /** Functions of a group, those first that are devices of VFIO. */
  in(group: number): string[] {
    const all = [...this.#numbers].filter(([, number]) => number === group);
    const functions = all.map(([address]) => address);
    const isOfVfio = (address: string) => Number(this.#ofVfio.has(address));
    return functions.sort((a, b) => isOfVfio(b) - isOfVfio(a));
  }
}
