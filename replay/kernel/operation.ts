/** What an actor does, with all that can be known of it before the run. */
import { parseBdf } from '../../traces/index.js';
import { parseBool, parseOverride, parseU16 } from '../model/binding/parse-store.js';
import { type IdMatch, parseNewId } from '../model/binding/pci-ids.js';
import { parseUlong } from '../model/kernel-numbers.js';
import { createdUuid } from '../model/mdev/index.js';
import { parseControl } from '../model/power/power-state.js';
import type { FunctionName, Store } from './functions.js';
import type { Action, OperationSpec } from './machine-spec.js';
import type { Driver, Place } from './place.js';

/** Numbers for the names that operations use. */
export interface Names {
  place(address: string): Place | null;
  driver(name: string): Driver | null;
  /** Every place that is no VF's. */
  readonly scanned: readonly Place[];
  overrideNumber(text: string | null): number;
  dynamicId(entry: IdMatch): number;
}

export interface Operation {
  readonly spec: OperationSpec;
  /** The procedure that does it. */
  readonly procedure: string;
  /** The function that it is about: whose attribute it is, or that its text names. */
  readonly place: Place | null;
  readonly driver: Driver | null;
  /** Where functions may have come, in the order in which the bus is scanned. */
  readonly arrivals: readonly Place[];
  /** What a recorder sees of it; null for what is not recorded. */
  readonly store: Store | null;
  /** Bytes that are written. */
  readonly count: number;
  /**
   * What the text means: the number of an override or of an id, how many VFs, whether a flag is on.
   * -1 when the kernel refuses it.
   */
  readonly meaning: number;
  /** The number of the file that it opens; 0 if it opens none. */
  readonly file: number;
}

/** Attributes whose text names the function. */
const BY_NAME: ReadonlySet<string> = new Set(['bind', 'unbind', 'drivers_probe']);
/** Attributes whose writes no probe of the catalogue sees. */
const UNSEEN: ReadonlySet<string> = new Set([
  ...['remove', 'rescan', 'drivers_autoprobe'],
  'current_vgpu_type',
]);

/** @param file the number of the file that it opens; 0 if it opens none */
export function operationOf(spec: OperationSpec, names: Names, file: number): Operation {
  const { action } = spec;
  if (action.type !== 'write') {
    const address = 'address' in action ? action.address : null;
    const place = address === null ? null : names.place(address);
    const driver = 'driver' in action ? names.driver(action.driver) : null;
    const addresses = 'addresses' in action ? action.addresses : [];
    const arrivals = addresses.map((address) => names.place(address)).filter((p) => p !== null);
    const about = { spec, procedure: action.type, place, driver, file, arrivals };
    return { ...about, store: null, count: 0, meaning: 0 };
  }
  const { attribute, text } = action;
  const count = action.count ?? Buffer.byteLength(text);
  const address = addressOf(action, count);
  // The kernel compares names letter by letter; the recorder writes an address as sysfs prints it.
  const device = address === null ? null : parseBdf(address);
  return {
    spec,
    // A write of nothing calls no store function (sysfs_kf_write, kernel fs/sysfs/file.c 6.1).
    procedure: count === 0 ? 'empty_write' : attribute,
    place: address === null ? null : names.place(address),
    driver: action.driver === null ? null : names.driver(action.driver),
    arrivals: attribute === 'rescan' ? names.scanned : [],
    store:
      count === 0 || UNSEEN.has(attribute)
        ? null
        : (storeOfMdev(action) ?? {
            name: attribute as FunctionName,
            device,
            driver: action.driver,
            text,
          }),
    count,
    meaning: meaningOf(action, names),
    file,
  };
}

type Write = Extract<Action, { type: 'write' }>;

/** The function that a write is about: whose attribute it is, or that its text names. */
export const functionOfWrite = ({ attribute, text, address }: Write): string | null =>
  BY_NAME.has(attribute) ? text.trim() : address;

/** The same for mediated devices, which a write creates. */
const addressOf = (write: Write, count: number): string | null =>
  write.attribute === 'create' ? createdUuid(write.text, count) : functionOfWrite(write);

/** Attributes that make and remove mediated devices; undefined for others. */
function storeOfMdev({ attribute, address, text }: Write): Store | undefined {
  if (attribute === 'create') return { name: 'create', device: address, driver: null, text };
  if (attribute !== 'mdev_remove') return undefined;
  return { name: 'remove', device: address, driver: null, text };
}

function meaningOf({ attribute, text }: Write, names: Names): number {
  switch (attribute) {
    case 'driver_override':
      return names.overrideNumber(parseOverride(text));
    case 'sriov_numvfs': {
      const n = parseU16(text);
      return typeof n === 'number' ? n : -1;
    }
    case 'sriov_drivers_autoprobe': {
      const on = parseBool(text);
      return on === null ? -1 : Number(on);
    }
    case 'power/control': {
      const control = parseControl(text);
      return control === null ? -1 : Number(control === 'on');
    }
    case 'd3cold_allowed': {
      const allowed = parseUlong(text);
      return typeof allowed === 'bigint' ? Number(allowed !== 0n) : -1;
    }
    case 'new_id':
    case 'remove_id': {
      const parsed = parseNewId(text);
      return parsed === null ? -1 : names.dynamicId(parsed.entry);
    }
    case 'remove':
    case 'rescan':
      return Number.parseInt(text, 10) > 0 ? 1 : 0;
    case 'drivers_autoprobe':
      return text.startsWith('0') ? 0 : 1;
    default:
      return 0;
  }
}
