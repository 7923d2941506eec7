/**
 * Migration of devices: states that users ask for, files of data, and resets that end it (kernel
 * drivers/vfio/vfio_main.c 6.12, and the drivers in drivers/vfio/pci). The arcs, sizes and errnos
 * of a driver are those of its model.
 */
import { ERRNO } from '../../../../traces/index.js';
import { FEATURE_FLAG } from '../../../model/vfio/device-features.js';
import { changeLogging, feature, isOfMigration } from '../../../model/vfio/migration-features.js';
import {
  type FileRules,
  fileAfter,
  leaveResuming,
  openedFile,
  precopyInfo,
  readFile,
  writeFile,
} from '../../../model/vfio/migration-file.js';
import {
  type Migration,
  type MigrationModel,
  type Outcome,
  resetMigration,
  STATE,
  setState,
  wayTo,
} from '../../../model/vfio/migration-state.js';
import type { Kernel } from '../../kernel.js';
import { DEVICE, FAULT } from '../../layout.js';
import { gives, joined, procedure, takes } from '../../steps.js';
import { FILE, VDEV } from '../../vfio-cells.js';
import {
  actionOf,
  decided,
  EBADF,
  fileOf,
  install,
  ioctlOf,
  isMediated,
  vdevOf,
  wordsOf,
} from './common.js';
import { keepOwn, variantOf } from './variant-hooks.js';

/** Migration as the driver of a function has it, on this kernel and for this function. */
function migrationModel(k: Kernel, dev: number): MigrationModel | null {
  const drv = k.get(dev + DEVICE.driver);
  const driver = drv === 0 ? null : k.driverAt(drv);
  if (driver?.mdev != null)
    return k.rules.version < driver.mdev.since ? null : driver.mdev.migration;
  const model = driver?.model.migration ?? null;
  if (model === null || k.rules.version < (model.since ?? 0)) return null;
  const { needs } = model;
  if (needs === undefined) return model;
  return k.placeOf(dev).hardware.properties?.[needs] === 1 ? model : null;
}

const { ID, PROBE } = FEATURE_FLAG;

/** Whether a call of VFIO_DEVICE_FEATURE is answered by the migration of the device. */
export function asksMigration(k: Kernel): boolean {
  const { data } = ioctlOf(k);
  const id = (wordsOf(ioctlOf(k))[1] ?? 0) & ID;
  return data !== null && isOfMigration(id) && migrationModel(k, k.dev) !== null;
}

/** A device that is opened runs. */
export function beginMigration(k: Kernel, dev: number): void {
  if (migrationModel(k, dev) === null) return;
  k.vfio.put(k.vdev(dev) + VDEV.migration, { state: STATE.RUNNING, file: null });
}

const stateMutex = (k: Kernel): number => vdevOf(k) + VDEV.stateMutex;
const modelOf = (k: Kernel): MigrationModel => migrationModel(k, k.dev)!;
const migrationOf = (k: Kernel, dev: number): Migration =>
  k.vfio.values.at(k.get(k.vdev(dev) + VDEV.migration));

/** The device has come to a state: its file has more data, or is closed. */
function become(k: Kernel, dev: number, model: MigrationModel, migration: Migration): void {
  const vdev = k.vdev(dev);
  k.vfio.put(vdev + VDEV.migration, migration);
  const file = k.get(vdev + VDEV.dataFile);
  if (file === 0) return;
  const after = fileAfter(model.files, k.vfio.dataFile(file), migration);
  k.vfio.put(k.vfio.file(file) + FILE.data, after);
  if (after.closed) k.set(vdev + VDEV.dataFile, 0);
}

/** One arc on the way to the state that the user requests. */
function goOn(k: Kernel, target: number): Outcome {
  const model = modelOf(k);
  const migration = migrationOf(k, k.dev);
  const file = k.get(vdevOf(k) + VDEV.dataFile);
  const way = wayTo(migration.state, target, model.abilities);
  const next = typeof way === 'number' ? target : (way[0] ?? target);
  return setState(model, migration, next, (from) => {
    if (from !== STATE.RESUMING) return 0;
    if (file !== 0) return leaveResuming(model.files, k.vfio.dataFile(file));
    // What a recorded client wrote is not known: the result shows whether it was enough.
    const { tooShort } = model.files;
    return ioctlOf(k).answer === tooShort ? tooShort : 0;
  });
}

/** The device opens a file for the state that it has come to. */
function openData(k: Kernel, model: MigrationModel, { state, file }: Migration): void {
  const number = k.doing.file;
  if (number === 0 || file === null) return;
  k.vfio.put(k.vfio.file(number) + FILE.data, openedFile(model.files, file, state));
  k.set(k.vfio.file(number) + FILE.dev, k.dev);
  k.set(k.vfio.file(number) + FILE.driver, k.get(k.dev + DEVICE.driver));
  k.set(vdevOf(k) + VDEV.dataFile, number);
}

/**
 * The reset of a function is over. A thread that sets a state does what follows from it when it is
 * done with that.
 */
export function resetDone(k: Kernel, dev: number): void {
  const found = variantOf(k, dev);
  if (found !== null) keepOwn(k, dev, found.variant.resetDone?.(found.own));
  const vdev = k.vdev(dev);
  if (k.get(vdev + VDEV.migration) === 0) return;
  if (k.get(vdev + VDEV.stateMutex) !== 0) k.set(vdev + VDEV.deferredReset, 1);
  else endMigration(k, dev);
}

function endMigration(k: Kernel, dev: number): void {
  const model = migrationModel(k, dev);
  if (model !== null) become(k, dev, model, resetMigration(model, migrationOf(k, dev)));
}

/** The device is closed: so are its files. The state of a mediated device stays as it is. */
export function closeMigration(k: Kernel, dev: number): void {
  const vdev = k.vdev(dev);
  if (k.get(vdev + VDEV.migration) === 0) return;
  const model = migrationModel(k, dev);
  if (isMediated(k, dev)) {
    if (model !== null) become(k, dev, model, { ...migrationOf(k, dev), file: null });
    return;
  }
  if (model !== null) become(k, dev, model, { state: STATE.RUNNING, file: null });
  k.set(vdev + VDEV.migration, 0);
}

/** What a call returns that sets no state. */
function answer(k: Kernel, ret: number): undefined {
  const [, flags] = wordsOf(ioctlOf(k));
  const changed =
    ret === 0 && (flags & PROBE) === 0
      ? changeLogging(modelOf(k), migrationOf(k, k.dev), flags & ID)
      : null;
  if (typeof changed === 'object' && changed !== null) {
    k.vfio.put(vdevOf(k) + VDEV.migration, changed);
  }
  return k.done(typeof changed === 'number' ? changed : ret);
}

const fileNumber = (k: Kernel): number => fileOf(k, actionOf<'transfer'>(k).file);

function transfer(k: Kernel, file: number): number {
  const { write, count, positioned } = actionOf<'transfer'>(k);
  const dev = k.get(k.vfio.file(file) + FILE.dev);
  const files = rulesOf(k, file);
  const data = k.vfio.dataFile(file);
  if (data.closed && k.hasBug('fileOutlivesReset')) k.fault(FAULT.fileUseAfterFree);
  const { state } = k.get(k.vdev(dev) + VDEV.migration) === 0 ? CLOSED : migrationOf(k, dev);
  const done = write
    ? writeFile(files, data, count, positioned)
    : readFile(files, data, state, count, positioned);
  k.vfio.put(k.vfio.file(file) + FILE.data, done.file);
  return done.ret;
}

/** Files of the driver that opened this one, which may not have the device any more. */
function rulesOf(k: Kernel, file: number): FileRules {
  const { model, mdev } = k.driverAt(k.get(k.vfio.file(file) + FILE.driver));
  return (mdev?.migration ?? model.migration)!.files;
}

const CLOSED: Pick<Migration, 'state'> = { state: STATE.RUNNING };

export const MIGRATION = [
  procedure('vfio_ioctl_device_feature_migration', {
    check: (k) => {
      const words = wordsOf(ioctlOf(k));
      const migration = modelOf(k);
      const logsDma = migration.logs !== undefined;
      const results = feature({ migration, logsDma }, words, k.rules.version);
      return results === 'state' ? undefined : answer(k, decided(ioctlOf(k), results));
    },
    lock: takes(stateMutex, (k) => {
      k.n = 0;
      const { state } = migrationOf(k, k.dev);
      const isThere = state !== STATE.ERROR && state === wordsOf(ioctlOf(k))[2];
      return isThere ? 'unlock' : undefined;
    }),
    arc: (k) => {
      const target = wordsOf(ioctlOf(k))[2];
      const { migration, ret, opened } = goOn(k, target);
      k.i = ret;
      if (ret < 0) return 'unlock';
      become(k, k.dev, modelOf(k), migration);
      if (opened) openData(k, modelOf(k), migration);
      k.n = Number(opened);
      return migration.state === target ? undefined : 'arc';
    },
    unlock: gives(stateMutex, (k) => {
      const deferred = vdevOf(k) + VDEV.deferredReset;
      if (k.get(deferred) === 0) return;
      k.set(deferred, 0);
      endMigration(k, k.dev);
    }),
    exit: joined((k) => {
      const { file } = k.doing;
      if (k.i === 0 && k.n === 1 && file !== 0) {
        k.set(k.vfio.file(file) + FILE.refs, 1);
        install(k, file, ioctlOf(k).as ?? '');
      }
      k.done(k.i);
    }),
  }),

  /** A read of saved data, or a write of data to load. */
  procedure('transfer', {
    enter: (k) => {
      const file = fileNumber(k);
      if (file === 0) return k.done(EBADF);
      if (k.world.file(file).kind !== 'migration') return k.done(-ERRNO.EINVAL);
      return k.done(transfer(k, file));
    },
  }),

  procedure('migration_ioctl', {
    enter: (k) => {
      const { name, data } = ioctlOf(k);
      const file = k.arg;
      if (name !== 'VFIO_MIG_GET_PRECOPY_INFO') return k.done(-ERRNO.ENOTTY);
      if (data === null) return k.done(-ERRNO.EFAULT);
      const dev = k.get(k.vfio.file(file) + FILE.dev);
      const isOpen = k.get(k.vdev(dev) + VDEV.migration) !== 0;
      const { state } = isOpen ? migrationOf(k, dev) : CLOSED;
      const [argsz] = wordsOf(ioctlOf(k));
      return k.done(precopyInfo(rulesOf(k, file), k.vfio.dataFile(file), state, argsz));
    },
  }),

  /** The device may still have the file, which nobody can read or write any more. */
  procedure('migration_release', { enter: (k) => k.done(0) }),
];
