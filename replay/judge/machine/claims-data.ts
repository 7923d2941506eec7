/** What is known of drivers, as plain data that is copied with a replay's state. */

import type { IdMatch } from '../../model/binding/pci-ids.js';
import type { ModuleParameters } from '../../model/drivers/index.js';

/** The drivers that were tried for some ids without an override, in order. */
export interface TriedDrivers {
  readonly drivers: string[];
  /** Those of them that cannot have unregistered since their place was learned. */
  readonly firm: Set<string>;
  /** Drivers that are still registered since a pass last failed with all; null if none has. */
  ended: Set<string> | null;
}

export const noDrivers = (): TriedDrivers => ({ drivers: [], firm: new Set(), ended: null });

/** The known facts about drivers, as plain data. */
export interface ClaimsData {
  readonly registered: Set<string>;
  /** Position in the order of registration, for drivers whose position a snapshot has. */
  readonly order: Map<string, number>;
  readonly dynamic: Map<string, IdMatch[]>;
  /** By the numbers that id tables match. */
  readonly tried: Map<string, TriedDrivers>;
  /** Drivers that certainly have no dynamic id for some numbers. */
  readonly without: Map<string, Set<string>>;
  /** Drivers that may have unregistered since they were last seen. */
  readonly loose: Set<string>;
  /** The recording has events of drivers that unregister. */
  registrations: boolean;
  /** Id tables from a snapshot, of drivers whose model has none. */
  readonly tables: Map<string, readonly IdMatch[]>;
  /** What their modules are loaded with; only snapshots of simulated runs say so. */
  readonly parameters: Map<string, ModuleParameters>;
  /** Threads that load a module whose parameters have ids, with the name of its driver. */
  readonly loading: Map<number, string>;
  /** Drivers that are registering, or leaving: they may be on the list already, or still. */
  readonly changing: Set<string>;
  /** Drivers that prefer to be probed asynchronously; null when that is not known. */
  asynchronous: Set<string> | null;
}

export const newClaims = (): ClaimsData => ({
  registered: new Set(),
  order: new Map(),
  dynamic: new Map(),
  tried: new Map(),
  without: new Map(),
  loose: new Set(),
  registrations: false,
  tables: new Map(),
  parameters: new Map(),
  loading: new Map(),
  changing: new Set(),
  asynchronous: null,
});
