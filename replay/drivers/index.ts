import { type DriverModel, opaque } from './model.js';
import { NATIVE } from './native.js';
import { VARIANTS } from './variants.js';
import { vfioPci } from './vfio-pci.js';

export type { DriverModel } from './model.js';

const MODELS = new Map([...NATIVE, ...VARIANTS, vfioPci].map((m) => [m.name, m]));

/** The model of a driver; one that knows nothing for a driver that has none. */
export const driverModel = (name: string): DriverModel => MODELS.get(name) ?? opaque(name);
