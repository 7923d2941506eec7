/** The facts of a function in a snapshot, from the JSON in the text of its event. */
import { parseBdf } from '../../../traces/index.js';
import { type AddressRange, interruptsOf } from '../interrupt-range.js';
import type { IdMatch, PciIds } from './pci-ids.js';

export interface FunctionFacts {
  readonly driver: string | null;
  readonly override: string | null;
  /** Address of the PF when this is a VF. */
  readonly physfn: string | null;
  readonly group: number | null;
  /** What its IOMMU reserves for interrupt messages; null when the snapshot does not have it. */
  readonly interrupts: AddressRange | null;
  /** Null when vendor, device or class is missing. */
  readonly ids: PciIds | null;
  /** `sriov_totalvfs`: the most that its driver allows. */
  readonly maxVfs: number | null;
  readonly numVfs: number | null;
  /** Device id of its VFs. */
  readonly vfDevice: number | null;
  readonly autoprobe: boolean | null;
  /** What a variant of vfio-pci finds as it probes, by name; null when the snapshot has none. */
  readonly properties: Readonly<Record<string, number>> | null;
  /** It is the state at the first event, as that of a run is; that of a machine is older. */
  readonly exact: boolean;
}

type Facts = Readonly<Record<string, unknown>>;

/** Facts that are missing, or not of their form, are null. */
export function parseSnapshot(text: string | null): FunctionFacts {
  const facts = parseObject(text);
  const autoprobe = asNumber(facts.sriov_drivers_autoprobe);
  return {
    driver: asText(facts.driver),
    override: asOverride(facts.driver_override),
    physfn: asAddress(facts.physfn),
    group: asNumber(facts.iommu_group),
    interrupts: interruptsOf([facts.reserved_regions].flat().flatMap((line) => asText(line) ?? [])),
    ids: idsOf(facts),
    maxVfs: asNumber(facts.sriov_totalvfs),
    numVfs: asNumber(facts.sriov_numvfs),
    // sysfs prints this id in hexadecimal without a prefix (kernel drivers/pci/iov.c 6.1).
    vfDevice:
      typeof facts.sriov_vf_device === 'string' ? asNumber(`0x${facts.sriov_vf_device}`) : null,
    autoprobe: autoprobe === null ? null : autoprobe !== 0,
    properties: propertiesOf(facts.properties),
    exact: facts.exact === true,
  };
}

/** The facts of a driver in a snapshot. */
export interface DriverFacts {
  /** Place in the order of registration. */
  readonly order: number | null;
  /**
   * The driver is on the bus. Only snapshots of simulated runs say so, since these also have
   * drivers whose modules are loaded later; null in the snapshot of a real machine, which only has
   * registered drivers.
   */
  readonly loaded: boolean | null;
  /** It prefers to be probed asynchronously. */
  readonly isAsync: boolean;
  /** Its id table, where the snapshot has it. */
  readonly ids: readonly IdMatch[] | null;
  /** What its module is loaded with; nothing where the snapshot does not say. */
  readonly parameters: Readonly<Record<string, boolean | string>>;
}

export function parseDriver(text: string | null): DriverFacts {
  const { order, loaded, probeType, ids, parameters } = parseObject(text);
  return {
    order: asNumber(order),
    loaded: typeof loaded === 'boolean' ? loaded : null,
    isAsync: probeType === 'async',
    ids: Array.isArray(ids) && ids.every(isIdMatch) ? ids : null,
    parameters: parametersOf(parameters),
  };
}

function parametersOf(fact: unknown): DriverFacts['parameters'] {
  if (typeof fact !== 'object' || fact === null) return {};
  const isValue = (value: unknown) => typeof value === 'boolean' || typeof value === 'string';
  return Object.fromEntries(Object.entries(fact).filter(([, value]) => isValue(value)));
}

function isIdMatch(entry: unknown): entry is IdMatch {
  if (typeof entry !== 'object' || entry === null) return false;
  const { vendor, device, subvendor, subdevice, class: code, classMask } = entry as Facts;
  const optional = [vendor, device, subvendor, subdevice];
  return (
    optional.every((n) => n === null || asNumber(n) !== null) &&
    asNumber(code) !== null &&
    asNumber(classMask) !== null
  );
}

function parseObject(text: string | null): Facts {
  try {
    const facts: unknown = JSON.parse(text ?? '{}');
    return typeof facts === 'object' && facts !== null ? (facts as Facts) : {};
  } catch {
    return {};
  }
}

const asText = (fact: unknown): string | null =>
  typeof fact === 'string' && fact !== '' && fact !== 'None' ? fact : null;

/** sysfs prints `(null)` for no override. */
const asOverride = (fact: unknown): string | null => {
  const text = asText(fact);
  return text === '(null)' ? null : text;
};

const asAddress = (fact: unknown): string | null => parseBdf(asText(fact)?.split('/').at(-1) ?? '');

function asNumber(fact: unknown): number | null {
  const n = typeof fact === 'string' && fact !== '' ? Number(fact) : fact;
  return typeof n === 'number' && Number.isSafeInteger(n) && n >= 0 ? n : null;
}

function propertiesOf(fact: unknown): FunctionFacts['properties'] {
  if (typeof fact !== 'object' || fact === null) return null;
  const entries = Object.entries(fact).flatMap(([name, value]) => {
    const n = asNumber(value);
    return n === null ? [] : [[name, n] as const];
  });
  return Object.fromEntries(entries);
}

function idsOf(facts: Facts): PciIds | null {
  const [vendor, device, code] = [facts.vendor, facts.device, facts.class].map(asNumber);
  if (vendor === null || device === null || code === null) return null;
  const subvendor = asNumber(facts.subsystem_vendor);
  return { vendor, device, subvendor, subdevice: asNumber(facts.subsystem_device), class: code };
}
