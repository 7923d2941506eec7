/**
 * What the cells of the kernel mean. A record is a run of cells, and a pointer to it is the number
 * of its first cell; 0 is the null pointer. The members of a record are offsets.
 *
 * A member that is 0 equals that of an unused record, so that a function that was created and
 * removed leaves no trace in the hash of the state.
 */

export const members = <const N extends readonly string[]>(...names: N) =>
  Object.fromEntries(names.map((name, i) => [name, i])) as Readonly<Record<N[number], number>>;

export const sizeOf = (record: Readonly<Record<string, number>>): number =>
  Object.keys(record).length;

/** `struct device` and `struct pci_dev` of one function, up to its last reference. */
export const DEVICE = members(
  /** It is on the bus's list of devices, alive or not. */
  'present',
  /** A lookup by name finds it, and its attributes are there. */
  'visible',
  /** Drivers may match: set by `pci_bus_add_device`. */
  'bindable',
  /** `pci_dev_is_added`: `pci_bus_add_device` has ended. */
  'added',
  /** `kill_device`: probing returns -ENODEV. */
  'dead',
  /** `dev->driver`: a pointer to a driver. */
  'driver',
  /** `driver_bound` has run: it is on its driver's list of devices. */
  'bound',
  /** `driver_override`, by the number of its text. */
  'override',
  /** `device_lock`. */
  'lock',
  /** On which list of deferred probes: 1 pending, 2 active. */
  'deferred',
  /** References, in addition to its being on the bus. */
  'refs',
  /** Attributes of it that are being written: `device_del` waits for them. */
  'stores',
  /** `pci_stop_and_remove_bus_device` has begun; 2 when it is done with the function. */
  'removal',
  /** A thread has written to its attribute `remove`, which removes itself. */
  'leaving',
  /** `dev->p->async_driver`: the driver that an asynchronous probe will try. */
  'asyncDriver',
  /** `pci_sriov.num_VFs`: written after all VFs were added. */
  'numVfs',
  /** `pci_sriov.drivers_autoprobe` is off. */
  'autoprobeOff',
  /** `reset_lock` of its slot; only kernels with a bug hold it while they wait. */
  'slotLock',
  /** Of a mediated device: the driver of its parent, and what it takes of that. */
  'parent',
  'share',
);
export const DEVICE_CELLS = sizeOf(DEVICE);

/** `struct dev_pm_info` of one life of a function, in runs that follow power management. */
export const POWER = members(
  /** `usage_count`. */
  'usage',
  /** `runtime_status`: `RPM`. */
  'status',
  /** `power/control` is `on`: not `runtime_auto`. */
  'forbidden',
  /** A notification that the function is idle was requested (`RPM_REQ_IDLE`). */
  'request',
  /** `request_pending`: the work item is queued. */
  'pending',
  /** `idle_notification`. */
  'notifying',
  /** `current_state` of the PCI core: `PCI_POWER`. */
  'state',
  /** `d3cold_allowed` is 0. */
  'coldForbidden',
  /** `pci_dev->driver` is set: its callbacks are called. */
  'driver',
  /** The thread that resets its set keeps it awake. */
  'ofSet',
  /** `pm_wake_eventfd_ctx`: the file of the eventfd that a wake signals. */
  'wake',
  /** `disable_idle_d3` as its device of VFIO registered. */
  'idleInD0',
);
export const POWER_CELLS = sizeOf(POWER);

/** `struct device_driver`. */
export const DRIVER = members(
  /** It is on the bus's list of drivers. */
  'listed',
  /** Its attributes `bind`, `unbind`, `new_id` and `remove_id` are there. */
  'files',
  /** Passes over the list of drivers that are at it: unregistering waits for them. */
  'walkers',
  /** Attributes of it that are being written: unregistering waits for them. */
  'stores',
  /** Its module: 0 when it is not there, else LIVE or BUSY. */
  'module',
  /** Its probe type is PROBE_PREFER_ASYNCHRONOUS. */
  'async',
  /** Of mediated devices: what they take of the driver's parent. */
  'taken',
  /** `unreg_sem` of the parent: threads that make or remove a device, and that it is going. */
  'children',
  'unregisters',
);
export const DRIVER_CELLS = sizeOf(DRIVER);

/** A module that is there, as `DRIVER.module` has it. */
export const LIVE = 1;
/** A module that is being loaded or unloaded: other requests for it are refused. */
export const BUSY = 2;

/** The members that exist only once. */
export const GLOBAL = members(
  /** Nothing: no record is at cell 0, the null pointer. */
  'null',
  /** `pci_rescan_remove_lock`. */
  'rescanRemove',
  /** `deferred_trigger_count`, counted from the last moment at which no probe was under way. */
  'triggers',
  /** `probe_count`: probes under way that compare the trigger counter. */
  'probing',
  /** `drivers_autoprobe` of the bus is off. */
  'autoprobeOff',
  /** Bugs of the kernel that were hit, as bits of `FAULT`. */
  'faults',
  /** `disable_idle_d3` of vfio-pci-core. */
  'idleInD0',
);
export const GLOBAL_CELLS = sizeOf(GLOBAL);

export { FAULT } from '../model/kernel-faults.js';

/** What `DEVICE.removal` holds. */
export const REMOVING = 1;
export const REMOVED = 2;

/** The text that a reader of an override has, when it is not the current one any more. */
export const FREED = -1;
/** A thread has replaced it, and not freed it yet. */
export const replacedBy = (thread: number): number => FREED - 1 - thread;

/** Lists of deferred probes, by what `DEVICE.deferred` holds. */
export const PENDING = 1;
export const ACTIVE = 2;

/** One thread: its registers, then its frames. */
export const THREAD = members(
  /** Cell of its innermost frame; 0 when it has nothing to do. */
  'frame',
  /** What the procedure that ended last returned. */
  'ret',
);
const THREAD_REGISTERS = sizeOf(THREAD);

/** One call of a procedure. */
export const FRAME = members('step', 'dev', 'drv', 'arg', 'i', 'n', 'was');
export const FRAME_CELLS = sizeOf(FRAME);

/** The deepest chain of calls: a write of sriov_numvfs down to a driver's own probe, with room. */
const FRAMES_MAX = 24;
export const FIRST_FRAME = THREAD_REGISTERS;
export const THREAD_CELLS = THREAD_REGISTERS + FRAMES_MAX * FRAME_CELLS;
