/** The SQL standard library, in an order in which each entry can use those before it. */
import { accessHotSpots } from './access-hot-spots.js';
import { bindings } from './bindings.js';
import { configAccesses } from './config-accesses.js';
import type { Definition } from './definition.js';
import { dmaMappings } from './dma-mappings.js';
import { errnoName } from './errno-name.js';
import { faultHotSpots } from './fault-hot-spots.js';
import { faults } from './faults.js';
import { holders } from './holders.js';
import { ioctlLatency } from './ioctl-latency.js';
import { ioctls } from './ioctls.js';
import { pciRegister } from './pci-register.js';
import { spans } from './spans.js';
import { stores } from './stores.js';

export const LIBRARY: readonly Definition[] = [
  errnoName,
  pciRegister,
  spans,
  stores,
  bindings,
  holders,
  configAccesses,
  ioctls,
  ioctlLatency,
  dmaMappings,
  faults,
  faultHotSpots,
  accessHotSpots,
];

/**
 * SQL that creates the tables of a session: `events` and the library.
 * @param several whether several traces are open, and the column `trace` is shown
 */
export function createLibrary(several: boolean): string {
  const shown = several ? '*' : '* EXCLUDE (trace)';
  const views = [
    'CREATE SCHEMA lib',
    `CREATE VIEW events AS SELECT ${shown} FROM events_of(NULL)`,
    ...LIBRARY.flatMap((definition) => createDefinition(definition, shown)),
  ];
  return `${views.join(';\n')};`;
}

function createDefinition(definition: Definition, shown: string): string[] {
  const { name, sql } = definition;
  if (definition.type === 'macro') {
    return [`CREATE MACRO ${name}(${definition.parameters.join(', ')}) AS ${sql}`];
  }
  return [
    `CREATE VIEW lib.${name} AS ${sql}`,
    `CREATE VIEW ${name} AS SELECT ${shown} FROM lib.${name}`,
  ];
}
