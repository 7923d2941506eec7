import { type DriverModel, opaque } from './model.js';
import { NATIVE } from './native.js';
import { VARIANTS } from './variants.js';
import { vfioPci } from './vfio-pci.js';

export type { DriverModel } from './model.js';

/** A driver without a name of its own has that of its module: dashes are underscores there. */
const spellings = (model: DriverModel): [string, DriverModel][] =>
  [model.name, model.name.replaceAll('-', '_')].map((name) => [name, model]);

const MODELS = new Map([...NATIVE, ...VARIANTS, vfioPci].flatMap(spellings));

/** The model of a driver; one that knows nothing for a driver that has none. */
export const driverModel = (name: string): DriverModel => MODELS.get(name) ?? opaque(name);
