import { assert } from '../../traces/index.js';
import { BINDING, DRIVERS } from './binding.js';
import { CONFIG, POWER, SRIOV } from './pci.js';
import type { Probe } from './probe.js';
import { TRACEPOINTS } from './tracepoints.js';
import { VFIO } from './vfio.js';

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
} from './probe.js';

export { DMA } from './tracepoints.js';

/** Every kernel probe that vfr knows, and what its records become. */
export const CATALOGUE: readonly Probe[] = [
  ...BINDING,
  ...SRIOV,
  ...CONFIG,
  ...VFIO,
  ...POWER,
  ...DRIVERS,
  ...TRACEPOINTS,
];

const byEvent = new Map(CATALOGUE.map((probe) => [probe.event, probe]));
assert(byEvent.size === CATALOGUE.length, 'event names of the catalogue are unique');

/** The probe whose records have this event name. */
export const findProbe = (event: string): Probe | undefined => byEvent.get(event);
