/** What actors did to the binding of a device, where its order can decide which driver binds. */
import type { Possible } from '../../replay/index.js';
import type { Bdf, Nanos, Seq } from '../../traces/index.js';

/** An actor: a thread, by its number and the name it had. */
export interface Actor {
  readonly task: string;
  readonly tid: number;
}

/** One thing done to the binding of one device. */
export type Action =
  /** The kernel may bind the device from here on and tries its drivers (pci_bus_add_device). */
  | { readonly type: 'initial' }
  /** driver_override was set, or cleared (null). */
  | { readonly type: 'override'; readonly driver: string | null }
  | { readonly type: 'bind'; readonly driver: string }
  | { readonly type: 'unbind'; readonly driver: string }
  | { readonly type: 'drivers_probe' }
  /** A driver's id table grew by this device's id, which probes all unbound devices that match. */
  | { readonly type: 'new_id'; readonly driver: string }
  /** The driver gave the device up by itself, from a work item, some time after its probe. */
  | { readonly type: 'release'; readonly driver: string }
  /** sriov_drivers_autoprobe of the PF was written. */
  | { readonly type: 'autoprobe'; readonly on: boolean };

export interface Operation {
  readonly seq: Seq;
  readonly ts: Nanos;
  readonly actor: Actor;
  readonly action: Action;
  /** Event at which it took effect, under the device's lock; this orders operations that waited. */
  effect: Seq;
  /** When the write returned; null if it is not a write, or has no end in the recording. */
  returned: Nanos | null;
  /** The write returned an error. */
  failed: boolean;
  /** No driver was tried for it, and it changed nothing. */
  isVain: boolean;
}

/** The result of a driver's probe. */
export interface ProbeResult {
  readonly works: boolean;
  /** Refused by the gate or by the driver; the recording does not show which. */
  readonly doubtful: boolean;
}

/**
 * What is known of a PF's sriov_drivers_autoprobe between two writes. The flag does not change in
 * between, so what a later event shows was true before.
 */
export interface GateSegment {
  /** Null: nothing is known. */
  value: Possible<boolean>;
  /** VFs without an override were probed, and were refused before a driver was called. */
  open: boolean;
  closed: boolean;
}

/** The life of a device: from its creation (or the snapshot) to its removal (or the end). */
export interface Lifetime {
  readonly device: Bdf;
  readonly physfn: Bdf | null;
  /** The write that made it with others, such as that of sriov_numvfs; null if it is not known. */
  readonly madeBy: Seq | null;
  /** Vendor and device id, such as `1b36:0010`, when known. */
  readonly id: string | null;
  /** Its beginning is known from the snapshot, not from an event. */
  readonly fromSnapshot: boolean;
  /** The state when the life, or the recording, began. */
  readonly initial: BindingState;
  readonly gate: GateSegment;
  /** A driver was called although the VF had no override: the gate was open at that time. */
  seenOpen: boolean;
  readonly operations: Operation[];
  /** Results of the probes of each driver in the order in which they were recorded. */
  readonly probes: Map<string, ProbeResult[]>;
}

export interface BindingState {
  readonly override: string | null;
  readonly driver: string | null;
  /** False until pci_bus_add_device: nothing matches the device before. */
  readonly mayBind: boolean;
}
