import { assert } from '../../traces/index.js';
import { ACTORS, SIGNALS } from './actor-probes.js';
import { BINDING, DRIVERS } from './binding-probes.js';
import { IOMMUFD } from './iommufd-probes.js';
import { MDEV } from './mdev-probes.js';
import { CONFIG, POWER, SRIOV } from './pci-probes.js';
import type { Probe } from './probe-definition.js';
import { RECOVERIES } from './recovery-probes.js';
import { REGISTRATION } from './registration-probes.js';
import { ATTRIBUTES } from './sysfs-attributes.js';
import { TRACEPOINTS } from './tracepoints.js';
import { VARIANTS } from './variant-probes.js';
import { FILES_AND_OWNERS } from './vfio-file-probes.js';
import { VFIO } from './vfio-probes.js';

export {
  type Columns,
  type DeviceFrom,
  type Fetch,
  type FetchType,
  type NumberFrom,
  PROBE_GROUPS,
  type Probe,
  type ProbeGroup,
  type ProbePath,
  type Role,
  type Site,
  type StringFrom,
} from './probe-definition.js';

export { DMA } from './tracepoints.js';

/** Every kernel probe that vfr knows, and what its records become. */
export const CATALOGUE: readonly Probe[] = [
  ...BINDING,
  ...ATTRIBUTES,
  ...REGISTRATION,
  ...SRIOV,
  ...CONFIG,
  ...VFIO,
  ...VARIANTS,
  ...FILES_AND_OWNERS,
  ...IOMMUFD,
  ...MDEV,
  ...POWER,
  ...RECOVERIES,
  ...DRIVERS,
  ...ACTORS,
  ...SIGNALS,
  ...TRACEPOINTS,
];

const byEvent = new Map(CATALOGUE.map((probe) => [probe.event, probe]));
assert(byEvent.size === CATALOGUE.length, 'event names of the catalogue are unique');

/**
 * The default names that tools give to probes: tracefs `p_FUNCTION_0` and `r_FUNCTION_0`, for
 * fprobes `FUNCTION__entry` and `FUNCTION__exit`, and perf `FUNCTION` and `FUNCTION__return`.
 */
const GIVEN_NAMES = [
  { pattern: /^p_(\w+)_0$/, returns: false },
  { pattern: /^r_(\w+)_0$/, returns: true },
  { pattern: /^(\w+)__entry$/, returns: false },
  { pattern: /^(\w+)__(?:exit|return)$/, returns: true },
];

/** Probes by function and role, for names that contain the function. */
const bySymbol = new Map(
  CATALOGUE.flatMap((probe): [string, Probe][] => {
    const { site, role } = probe;
    if (site.type !== 'function' || role === 'value' || !probe.event.startsWith(site.symbol)) {
      return [];
    }
    return [[`${site.symbol} ${role === 'return'}`, probe]];
  }),
);

/** The probe whose records have this event name, the catalogue's or one that a tool made up. */
export function findProbe(event: string): Probe | undefined {
  const known = byEvent.get(event);
  if (known !== undefined) return known;
  for (const { pattern, returns } of GIVEN_NAMES) {
    const symbol = pattern.exec(event)?.[1];
    const probe = symbol === undefined ? undefined : bySymbol.get(`${symbol} ${returns}`);
    if (probe !== undefined) return probe;
  }
  return undefined;
}
