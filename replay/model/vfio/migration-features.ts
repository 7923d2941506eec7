/**
 * VFIO_DEVICE_FEATURE of devices whose driver leaves it to the core of VFIO
 * (vfio_ioctl_device_feature, kernel drivers/vfio/vfio_main.c 6.12).
 */
import { ERRNO } from '../../../traces/index.js';
import { hex } from '../hex.js';
import { anyOf, because, unseen } from '../reason.js';
import { DEVICE_FEATURE, FEATURE_FLAG as FLAG } from './device-features.js';
import type { Results } from './device-ioctl.js';
import {
  type Migration,
  type MigrationModel,
  type Outcome,
  STATE,
  setState,
} from './migration-state.js';

/** What of it a driver has. */
export interface Migrates {
  readonly migration: MigrationModel | null;
  /** It tracks dirty pages. */
  readonly logsDma: boolean;
}

const { MIGRATION, MIG_DEVICE_STATE, MIG_DATA_SIZE, MIG_PRECOPY_INFOv2 } = DEVICE_FEATURE;
const { DMA_LOGGING_START, DMA_LOGGING_STOP, DMA_LOGGING_REPORT } = DEVICE_FEATURE;
const HEADER_BYTES = 8;

/** What the core checks of a feature: directions, and bytes after the header. */
interface Form {
  readonly of: 'migration' | 'logging';
  readonly ops: number;
  readonly bytes: number;
  /** Results of a call whose form is good. */
  readonly results: Results;
}

const RANGES = anyOf(
  [0],
  unseen('the ranges that were passed are not recorded', ERRNO.EINVAL, ERRNO.EOVERFLOW),
  unseen('the number of ranges that were passed is not recorded', ERRNO.E2BIG, ERRNO.ENOMEM),
  because(ERRNO.EFAULT, 'the data of the argument cannot be read or written'),
);

const FORMS: Readonly<Partial<Record<number, Form>>> = {
  [MIGRATION]: { of: 'migration', ops: FLAG.GET, bytes: 8, results: [0] },
  [MIG_DEVICE_STATE]: { of: 'migration', ops: FLAG.GET | FLAG.SET, bytes: 8, results: [0] },
  [DMA_LOGGING_START]: { of: 'logging', ops: FLAG.SET, bytes: 24, results: RANGES },
  [DMA_LOGGING_STOP]: { of: 'logging', ops: FLAG.SET, bytes: 0, results: [0] },
  [DMA_LOGGING_REPORT]: { of: 'logging', ops: FLAG.GET, bytes: 32, results: RANGES },
  [MIG_DATA_SIZE]: { of: 'migration', ops: FLAG.GET, bytes: 8, results: [0] },
};

/** Kernels that surely have the second form of GET_PRECOPY_INFO, and that surely do not. */
const PRECOPY_V2 = { since: 7003, until: 7000 } as const;

const invalid = (text: string) => because(ERRNO.EINVAL, text);
const missing = (id: number) => because(ERRNO.ENOTTY, `the driver has no feature ${id}`);

/**
 * The results of a call that do not depend on the state of migration.
 * @param version as major * 1000 + minor; null when it is not known
 * @returns `state` when a state of migration is set
 */
export function feature(
  driver: Migrates,
  words: readonly number[],
  version: number | null,
): Results | 'state' {
  const [argsz, flags] = words;
  const both = (flags & (FLAG.GET | FLAG.SET)) === (FLAG.GET | FLAG.SET);
  const probes = (flags & FLAG.PROBE) !== 0;
  const known = FLAG.ID | FLAG.GET | FLAG.SET | FLAG.PROBE;
  if (argsz < HEADER_BYTES) return invalid(`argsz is ${argsz}, less than ${HEADER_BYTES}`);
  if ((flags & ~known) !== 0) return invalid(`flags ${hex(flags)} are not all known`);
  if (both && !probes) return invalid('GET and SET exclude each other');
  const id = flags & FLAG.ID;
  if (id === MIG_PRECOPY_INFOv2) return precopyInfo(driver, version);
  const form = FORMS[id];
  if (form === undefined) return missing(id);
  const has = form.of === 'migration' ? driver.migration !== null : driver.logsDma;
  if (!has) return missing(id);
  const ops = flags & (FLAG.GET | FLAG.SET);
  if ((ops & ~form.ops) !== 0) return invalid(`feature ${id} has no GET or no SET`);
  if (probes) return [0];
  if (ops === 0) return invalid('neither GET nor SET is asked for');
  if (argsz - HEADER_BYTES < form.bytes) {
    return invalid(`argsz is ${argsz}, less than ${HEADER_BYTES + form.bytes}`);
  }
  return id === MIG_DEVICE_STATE && ops === FLAG.SET ? 'state' : form.results;
}

/** In kernels that have it, its allowed directions are not known here. */
function precopyInfo({ migration }: Migrates, version: number | null): Results {
  if (version !== null && version <= PRECOPY_V2.until) {
    return missing(MIG_PRECOPY_INFOv2);
  }
  const refused = invalid('the call is none that the feature takes');
  const there = migration === null ? refused : anyOf([0], refused);
  const has = version !== null && version >= PRECOPY_V2.since;
  return has ? there : anyOf(there, missing(MIG_PRECOPY_INFOv2));
}

/**
 * The possible outcomes of setting a state. Resuming ends only when all data was written, which no
 * event shows.
 */
export function stateOutcomes(
  { migration: model }: Pick<Migrates, 'migration'>,
  migration: Migration,
  target: number,
): readonly Outcome[] {
  if (model === null) return [];
  const all = setState(model, migration, target);
  if (migration.state !== STATE.RESUMING || all.ret !== 0) return [all];
  const { tooShort } = model.files;
  if (tooShort === 0) return [all];
  const refuse = (from: number) => (from === STATE.RESUMING ? tooShort : 0);
  return [all, setState(model, migration, target, refuse)];
}

const OF_MIGRATION: ReadonlySet<number> = new Set([
  ...Object.keys(FORMS).map(Number),
  MIG_PRECOPY_INFOv2,
]);

/** Whether a feature is one of migration, or of tracking dirty pages. */
export const isOfMigration = (id: number): boolean => OF_MIGRATION.has(id);

/**
 * What a good call that is about tracking dirty pages makes of a device.
 * @returns its migration after it, or a negative errno; null for other features
 */
export function changeLogging(
  model: MigrationModel,
  migration: Migration,
  id: number,
): Migration | number | null {
  const strict = model.logs === 'strictly';
  const { logging: on = false, ...rest } = migration;
  if (id === DMA_LOGGING_START) {
    return on && strict ? -ERRNO.EINVAL : { ...rest, logging: true };
  }
  if (id !== DMA_LOGGING_STOP && id !== DMA_LOGGING_REPORT) return null;
  if (!on && strict) return -ERRNO.EINVAL;
  return id === DMA_LOGGING_STOP ? rest : migration;
}
