/**
 * Migration that users ask for (vfio_ioctl_device_feature_mig_device_state, kernel
 * drivers/vfio/vfio_main.c 6.1).
 */
import { ERRNO } from '../../../traces/index.js';
import { type DriverModel, driverModel } from '../../model/drivers/index.js';
import { only } from '../../model/possible.js';
import { HARDWARE } from '../../model/reason.js';
import { DEVICE_FEATURE, FEATURE_FLAG } from '../../model/vfio/device-features.js';
import type { DeviceArgument, Results } from '../../model/vfio/device-ioctl.js';
import {
  changeLogging,
  feature,
  isOfMigration,
  stateOutcomes,
} from '../../model/vfio/migration-features.js';
import { type MigrationModel, resetMigration, STATE } from '../../model/vfio/migration-state.js';
import { functionAt } from '../../model/vfio/vfio-state.js';
import type { Engine } from '../engine/engine.js';

const { SET, PROBE, ID } = FEATURE_FLAG;

/** The driver of a device; null without one, and when it is not known. */
export function driverOf(engine: Engine, address: string): DriverModel | null {
  const driver = only(engine.machine.find(address)?.driver ?? 'unknown');
  return typeof driver === 'string' ? driverModel(driver) : null;
}

/**
 * Migration of a device.
 * @returns null where its driver has none, on this kernel or for this function; `unsure` when what
 *   that depends on was not recorded
 */
function migrationOf(
  engine: Engine,
  address: string,
  version: number | null,
): { model: MigrationModel; unsure: boolean } | null {
  const model = driverOf(engine, address)?.migration ?? null;
  if (model === null || (version !== null && version < (model.since ?? 0))) return null;
  const { properties, migrates } = functionAt(engine.vfio, address);
  const { needs } = model;
  const can = needs === undefined || properties?.[needs] === 1 || migrates === true;
  if (!can && (properties !== null || migrates === false)) return null;
  return { model, unsure: !can || (version === null && migrates !== true) };
}

/**
 * A migration feature of a variant.
 * @returns undefined when vfio-pci-core answers; the hardware decides on arcs that may be refused
 */
export function migrationFeature(
  engine: Engine,
  address: string,
  { address: pointer, words }: DeviceArgument,
  version: number | null,
): Results | typeof HARDWARE | undefined {
  const id = (words[1] ?? 0) & ID;
  if (!isOfMigration(id) || pointer === 0) return undefined;
  const found = migrationOf(engine, address, version);
  if (found === null) return undefined;
  if (words.length < 3) return null;
  const { model: migration, unsure } = found;
  const logsDma = migration.logs !== undefined;
  const results = feature({ migration, logsDma }, words, version);
  if (results === null) return null;
  const refused = results !== 'state' && results.every((ret) => ret < 0);
  if (refused || (words[1] & PROBE) !== 0) {
    return unsure && results !== 'state' ? [...results, -ERRNO.ENOTTY] : (results as Results);
  }
  const { migration: state } = functionAt(engine.vfio, address);
  if (results !== 'state') {
    const logging = state === null ? null : changeLogging(migration, state, id);
    return typeof logging === 'number' ? [logging] : HARDWARE;
  }
  if (state === null) return null;
  const outcomes = stateOutcomes({ migration }, state, words[2]);
  return unsure || outcomes.some(({ ret }) => ret === 0) ? HARDWARE : outcomes.map((o) => o.ret);
}

/** Applies a migration state that was set, or refused on the way to it. */
export function learnMigration(
  engine: Engine,
  address: string,
  words: readonly number[],
  ret: number,
): void {
  const flags = words[1] ?? 0;
  const id = flags & ID;
  const model = driverOf(engine, address)?.migration ?? null;
  const fn = functionAt(engine.vfio, address);
  if (model === null || !isOfMigration(id)) return;
  if (ret === 0 || ret === -ERRNO.ENOTTY) fn.migrates = ret === 0;
  if (fn.migration === null || (flags & PROBE) !== 0) return;
  if (id === DEVICE_FEATURE.MIG_DEVICE_STATE && (flags & SET) !== 0) {
    if (words[2] === undefined) return;
    const outcomes = stateOutcomes({ migration: model }, fn.migration, words[2]);
    // Where the hardware refused an arc, the user has to ask where the device is.
    fn.migration = outcomes.find((outcome) => outcome.ret === ret)?.migration ?? null;
    return;
  }
  const logging = ret === 0 ? changeLogging(model, fn.migration, id) : null;
  if (typeof logging === 'object' && logging !== null) fn.migration = logging;
}

/** A reset ends migration. */
export function migrationReset(engine: Engine, address: string): void {
  const model = driverOf(engine, address)?.migration ?? null;
  const fn = functionAt(engine.vfio, address);
  if (model === null || fn.migration === null) return;
  fn.migration = resetMigration(model, fn.migration);
}

/** A device was opened: it runs. */
export const beginMigration = (engine: Engine, address: string): void => {
  const model = driverOf(engine, address)?.migration ?? null;
  const running = { state: STATE.RUNNING, file: null } as const;
  functionAt(engine.vfio, address).migration = model === null ? null : running;
};
