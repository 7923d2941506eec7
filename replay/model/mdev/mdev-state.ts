/** The known state of mediated devices. Plain data, which is copied with a replay's state. */
import type { Possible } from '../possible.js';
import { type Migration, STATE } from '../vfio/migration-state.js';
import type { MdevDriver } from './mdev-driver.js';

/** Which of its interrupts a device has an eventfd for. */
export type IrqUse = 'none' | 'intx' | 'msi';

/** What its users change of a device. */
export interface MdevUse {
  /** GET_INFO has succeeded since it was bound; some drivers take their limits from it. */
  asked: boolean | null;
  irq: Possible<IrqUse>;
  /** Null when its driver has no migration, or when it is not known. */
  migration: Migration | null;
}

export interface Mdev extends MdevUse {
  readonly uuid: string;
  /** Null: not known. The name is in use until the last reference is dropped. */
  exists: boolean | null;
  driver: Possible<string | null>;
  group: number | null;
  /** The event that last released its driver; -1 if there was none. */
  released: number;
  /** How often it is open; null when not known. */
  opens: number | null;
  /** Calls that open it which have begun and have no recorded end. */
  opening: number;
}

/** A creation that is under way on a thread. */
export interface Creation {
  readonly uuid: string;
  readonly existed: boolean | null;
  /** Attaching its driver has begun. */
  attaching: boolean;
  /** What that returned; null when no end was seen. */
  attached: number | null;
  /** What mdev_device_create returned; null when that was not seen. */
  result: number | null;
}

export interface Mdevs {
  readonly devices: Map<string, Mdev>;
  /** By thread. */
  readonly creations: Map<number, Creation>;
  /** Results of mdev_device_remove, by thread, for the write that called it. */
  readonly removals: Map<number, number>;
  /** Parents that are being unregistered. */
  leaving: number;
}

export const newMdevs = (): Mdevs => ({
  devices: new Map(),
  creations: new Map(),
  removals: new Map(),
  leaving: 0,
});

/** Mediated devices are named by their UUID. */
const NAME = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
export const isUuid = (name: string): boolean => NAME.test(name);

/** A device that no user has changed yet, without its migration. */
export const newUse = (): MdevUse => ({ asked: false, irq: ['none'], migration: null });

export function mdevAt({ devices }: Mdevs, uuid: string): Mdev {
  let found = devices.get(uuid);
  if (found === undefined) {
    found = {
      uuid,
      exists: null,
      driver: 'unknown',
      group: null,
      released: -1,
      opens: null,
      opening: 0,
      asked: null,
      irq: 'unknown',
      migration: null,
    };
    devices.set(uuid, found);
  }
  return found;
}

/** A driver has bound it: it is not open, and in its initial state. */
export function boundMdev(mdev: Mdev, driver: string, model: MdevDriver | null): void {
  mdev.exists = true;
  mdev.driver = [driver];
  mdev.opens = 0;
  mdev.opening = 0;
  Object.assign(mdev, newUse());
  const migrates = model !== null && model.migration !== null;
  mdev.migration = migrates ? { state: STATE.RUNNING, file: null } : null;
}

/** Its driver lets it go. */
export function unboundMdev(mdev: Mdev, seq: number): void {
  mdev.driver = [null];
  mdev.opens = 0;
  mdev.opening = 0;
  mdev.released = seq;
}

/** Whether it is open; null when not known. */
export function isMdevOpen({ opens, opening }: Mdev): boolean | null {
  if (opens === null) return null;
  if (opens > 0) return true;
  return opening > 0 ? null : false;
}

/** What a user changed of it is not known. */
export function forgetUse(mdev: MdevUse): void {
  mdev.asked = mdev.asked === true ? true : null;
  mdev.irq = 'unknown';
  mdev.migration = null;
}

/** Events were lost. */
export function forgetMdevs(mdevs: Mdevs): void {
  mdevs.devices.clear();
  mdevs.creations.clear();
  mdevs.removals.clear();
  mdevs.leaving = 0;
}
