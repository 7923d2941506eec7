/**
 * Reads a snapshot directory: `devices.json` with the sysfs attributes of every PCI function, and
 * `config/BDF.bin` with its raw configuration space (docs/import.md, "Snapshot directory").
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileError, parseBdf, VfrError } from '../../traces/index.js';
import { type FunctionState, type MachineState, OVERRIDE_UNSET } from './emit-snapshot.js';

/** Largest configuration space: PCI Express extended. */
const CONFIG_BYTES_MAX = 4096;

/** @throws VfrError when there is no devices.json, or when it is not of the described form */
export function readSnapshotDirectory(directory: string): MachineState {
  const file = join(directory, 'devices.json');
  const { devices, t_mono: seconds } = parse(readText(file), file);
  const functions = Object.entries(devices).map(([name, attributes]) => {
    const bdf = parseBdf(name);
    if (bdf === null) throw malformed(file, `${JSON.stringify(name)} is not a PCI address`);
    if (!isRecord(attributes)) throw malformed(file, `${bdf} is not an object`);
    return functionState(bdf, attributes, readConfig(join(directory, 'config', `${bdf}.bin`)));
  });
  const timeNs =
    typeof seconds === 'number' && seconds >= 0 ? BigInt(Math.round(seconds * 1e9)) : null;
  return { timeNs, functions, drivers: [] };
}

function functionState(
  bdf: FunctionState['bdf'],
  all: Record<string, unknown>,
  config: Buffer | null,
): FunctionState {
  const { driver, driver_override, iommu_group, physfn, ...rest } = all;
  const attributes = Object.entries(rest).filter(
    (entry): entry is [string, string | string[]] =>
      typeof entry[1] === 'string' || Array.isArray(entry[1]),
  );
  return {
    bdf,
    driver: text(driver),
    driverOverride: driver_override === OVERRIDE_UNSET ? null : text(driver_override),
    iommuGroup: text(iommu_group),
    physfn: text(physfn),
    attributes: Object.fromEntries(attributes),
    config,
  };
}

const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parse(json: string, file: string) {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw malformed(file, (error as Error).message);
  }
  if (!isRecord(value) || !isRecord(value.devices)) throw malformed(file, 'no object "devices"');
  return { devices: value.devices, t_mono: value.t_mono };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw fileError(error, file, 'reading');
  }
}

/** A function whose space could not be read when the snapshot was made has no file. */
function readConfig(file: string): Buffer | null {
  try {
    const bytes = readFileSync(file);
    return bytes.byteLength <= CONFIG_BYTES_MAX ? bytes : bytes.subarray(0, CONFIG_BYTES_MAX);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw fileError(error, file, 'reading');
  }
}

const malformed = (file: string, why: string) =>
  new VfrError(
    'SNAPSHOT_MALFORMED',
    `not a snapshot: ${why}`,
    'docs/import.md describes the form.',
    { file },
  );
