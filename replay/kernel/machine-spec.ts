/**
 * What a run starts from, as plain data: the machine, its drivers, and what actors do. Scenarios
 * are read into it.
 */
import type { IdMatch, PciIds } from '../model/binding/pci-ids.js';
import type { KernelRules } from '../model/kernel-rules.js';

export interface SriovSpec {
  readonly totalVfs: number;
  /** Routing id of VF i is that of the PF plus offset plus i times stride. */
  readonly offset: number;
  readonly stride: number;
  readonly vfDevice: number;
  readonly autoprobe: boolean;
}

export interface FunctionSpec {
  readonly address: string;
  readonly ids: PciIds;
  /** False for one that is plugged in later. */
  readonly present: boolean;
  readonly driver: string | null;
  readonly override: string | null;
  readonly sriov: SriovSpec | null;
}

/** What a probe function returns to one function: the results in order, the last one for good. */
export interface Answer {
  /** `pf`: any function that is no VF; `vf`: any VF; else an address. */
  readonly to: string;
  readonly results: readonly number[];
}

export interface DriverSpec {
  readonly name: string;
  /** Its module is loaded when the run begins; drivers register in the order of the list. */
  readonly loaded: boolean;
  /** Null: the table of the driver's model. */
  readonly table: readonly IdMatch[] | null;
  /** Its probe type is PROBE_PREFER_ASYNCHRONOUS. */
  readonly isAsync: boolean;
  /** Null: what the driver's model says. */
  readonly sriov: 'none' | 'simple' | 'own' | null;
  /** The first that fits counts; without one the probe succeeds. */
  readonly answers: readonly Answer[];
  /** Its probe returns -EPROBE_DEFER as long as this function has no driver. */
  readonly defersUntil: string | null;
}

export interface MachineSpec {
  /** Kernel release, such as `6.12`. */
  readonly kernel: string;
  /** What its release does not tell: fixes that a stable kernel took over. */
  readonly rules?: Partial<KernelRules>;
  readonly functions: readonly FunctionSpec[];
  /** In the order of registration. */
  readonly drivers: readonly DriverSpec[];
}

/** An operation waits until this holds. */
export type Condition =
  | { readonly type: 'exists' | 'gone'; readonly address: string }
  | { readonly type: 'driver'; readonly address: string; readonly driver: string | null }
  /** Another actor has done its first so many operations. */
  | { readonly type: 'done'; readonly actor: string; readonly operations: number };

export type Action =
  /** A write to a sysfs attribute of a function, of a driver, or of the bus. */
  | {
      readonly type: 'write';
      readonly attribute: string;
      /** The function that the attribute belongs to. */
      readonly address: string | null;
      readonly driver: string | null;
      readonly text: string;
    }
  /** A module can have another probe type each time that it is loaded; else its driver's counts. */
  | { readonly type: 'load'; readonly driver: string; readonly isAsync?: boolean }
  | { readonly type: 'unload'; readonly driver: string }
  /** The slot tells that a function came, or that it is to go. */
  | { readonly type: 'plug' | 'unplug'; readonly address: string }
  /** Somebody of whom no more is known removes a function, or releases it from its driver. */
  | { readonly type: 'removal' | 'release'; readonly address: string };

export interface OperationSpec {
  readonly action: Action;
  readonly when: Condition | null;
  /** What the actor does after an error: go on, or nothing more. */
  readonly onError: 'continue' | 'stop';
}

export interface ActorSpec {
  readonly name: string;
  readonly operations: readonly OperationSpec[];
}

export interface RunSpec {
  readonly machine: MachineSpec;
  readonly actors: readonly ActorSpec[];
}
