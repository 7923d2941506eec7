/** The drivers of mediated devices that have a model. */
import { mbochs } from './mbochs.js';
import type { MdevDriver } from './mdev-driver.js';
import { mdpy } from './mdpy.js';
import { mtty } from './mtty.js';

const DRIVERS = new Map([mtty, mdpy, mbochs].map((driver) => [driver.name, driver]));

/** Names of drivers of mediated devices that have a model. */
export const MDEV_DRIVERS: readonly string[] = [...DRIVERS.keys()];

/** The model of a driver; null if it has no model. */
export const mdevDriver = (name: string): MdevDriver | null => DRIVERS.get(name) ?? null;
