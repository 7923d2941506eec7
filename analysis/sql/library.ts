/** The SQL standard library, in an order in which each entry can use those before it. */
import { accessHotSpots } from './access-hot-spots.js';
import { at } from './at.js';
import { bdf } from './bdf.js';
import { bindings } from './bindings.js';
import { bits } from './bits.js';
import { configAccesses } from './config-accesses.js';
import type { Definition, MacroDefinition, TraceClock, ViewDefinition } from './definition.js';
import { deviceLifetimes } from './device-lifetimes.js';
import { devices } from './devices.js';
import { divergenceView } from './divergences.js';
import { dmaMappings } from './dma-mappings.js';
import { errnoName } from './errno-name.js';
import { faultHotSpots } from './fault-hot-spots.js';
import { faults } from './faults.js';
import { findings } from './findings.js';
import { groups } from './groups.js';
import { hex } from './hex.js';
import { holders } from './holders.js';
import { ioctlLatency } from './ioctl-latency.js';
import { ioctls } from './ioctls.js';
import { irqs } from './irqs.js';
import { latencies } from './latencies.js';
import { losses } from './losses.js';
import { owners } from './owners.js';
import { pciRegister } from './pci-register.js';
import { pinnedMemory } from './pinned-memory.js';
import { processes } from './processes.js';
import { raceView } from './races.js';
import { registerName } from './register-name.js';
import { registers } from './registers.js';
import { resets } from './resets.js';
import { spans } from './spans.js';
import { states } from './states.js';
import { stores } from './stores.js';
import { traceErrors } from './trace-errors.js';
import { traceInfo } from './trace-info.js';
import { waits } from './waits.js';
import { wall } from './wall.js';

export const LIBRARY: readonly Definition[] = [
  errnoName,
  hex,
  bdf,
  wall,
  at,
  pciRegister,
  registerName,
  bits,
  traceInfo,
  spans,
  traceErrors,
  stores,
  bindings,
  holders,
  dmaMappings,
  losses,
  devices,
  groups,
  deviceLifetimes,
  resets,
  owners,
  waits,
  configAccesses,
  registers,
  ioctls,
  ioctlLatency,
  latencies,
  faults,
  faultHotSpots,
  accessHotSpots,
  irqs,
  pinnedMemory,
  processes,
  raceView,
  states,
  divergenceView,
  findings,
];

/** Names of all tables that a session offers. */
export const TABLES: readonly string[] = [
  'events',
  ...LIBRARY.flatMap(({ type, name }) => (type === 'view' ? [name] : [])),
];

const VIEWS = LIBRARY.filter((d): d is ViewDefinition => d.type === 'view');

/**
 * SQL that creates what every session needs: `events` and the macros.
 * @param several whether several traces were named, and the column `trace` is shown
 */
export function createBase(traces: readonly TraceClock[], several: boolean): string {
  const hidden = several ? ['lost_after'] : ['trace', 'lost_after'];
  const macros = LIBRARY.flatMap((d) => (d.type === 'macro' ? [createMacro(d, traces)] : []));
  const base = [
    'CREATE SCHEMA lib',
    `CREATE VIEW events AS SELECT * EXCLUDE (${hidden.join(', ')}) FROM events_of(NULL)`,
    ...macros,
  ];
  return `${base.join(';\n')};`;
}

/**
 * SQL that creates a view.
 * @param several whether several traces were named, and the column `trace` is shown
 */
export function createView({ name, sql, columns }: ViewDefinition, several: boolean): string {
  const shown = several ? '*' : '* EXCLUDE (trace)';
  const comments = Object.entries(columns).map(([column, [unit, meaning]]) => {
    const text = `${unit}: ${meaning}`.replaceAll("'", "''");
    return `COMMENT ON COLUMN ${name}."${column}" IS '${text}'`;
  });
  const created = [
    `CREATE VIEW lib.${name} AS ${sql}`,
    `CREATE VIEW ${name} AS SELECT ${shown} FROM lib.${name}`,
  ];
  return `${[...created, ...comments].join(';\n')};`;
}

/** The views of some names and those that they use, each after those that it uses. */
export function viewsNeeded(names: ReadonlySet<string>): readonly ViewDefinition[] {
  const needed = new Set(names);
  for (const { name, sql } of VIEWS.toReversed()) {
    if (!needed.has(name)) continue;
    for (const [, used] of sql.matchAll(/\blib\.(\w+)/g)) needed.add(used);
  }
  return VIEWS.filter(({ name }) => needed.has(name));
}

function createMacro(macro: MacroDefinition, traces: readonly TraceClock[]): string {
  const forms = [macro, ...(macro.form === undefined ? [] : [macro.form])];
  const bodies = forms.map(({ parameters, sql }) => {
    const body = typeof sql === 'string' ? sql : sql(traces);
    return `(${parameters.join(', ')}) AS (${body})`;
  });
  return `CREATE MACRO "${macro.name}"${bodies.join(', ')}`;
}
