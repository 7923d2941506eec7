/** Kernel functions that have begun and not yet ended: the state of a replay between two events. */
import { assert, CALL_DEPTH_MAX, likelyEnded } from '../../../traces/index.js';
import type { Possible } from '../../model/possible.js';
import type { PciDevice } from '../machine/pci-device.js';

interface Open {
  readonly seq: number;
  readonly tid: number;
  /** Null when the function is not about one known device. */
  readonly device: PciDevice | null;
  /**
   * Another thread did something to the same device in the meantime: the order of the two is open.
   */
  overlapped: boolean;
}

/** A write to a sysfs attribute. */
export interface StoreFrame extends Open {
  readonly type: 'store';
  readonly attribute: string;
  readonly driver: string | null;
  readonly text: string;
  readonly count: number;
  /** bind: whether the driver matched the device when the write began. */
  readonly matches: boolean | null;
  /** Driver of the device when the write began. */
  readonly driverBefore: Possible<string | null>;
  /** Whether the device could be found by name, at any moment of the write. */
  found: Possible<boolean>;
  attach: { ret: number | null } | null;
  released: boolean;
  enable: { ret: number | null } | null;
  /** VFs removed in this write. */
  removed: number;
  pass: DriverPass | null;
  /** new_id: another write of the same id was under way at the same time. */
  rival: boolean;
  /** Probe attempts made by new_id, in this write. */
  attempts: number;
}

/** A pass over the driver list for one device (`__device_attach`). */
export interface DriverPass {
  readonly device: PciDevice;
  /** The first pass for a new function; otherwise one that a write requested. */
  readonly isFirst: boolean;
  /** Drivers tried, in order, with what `__driver_probe_device` returned (0 bound, > 0 go on). */
  readonly tried: { driver: string; ret: number | null }[];
  /** The call that encloses the pass: it is open as long as the pass may continue. */
  readonly scope: { readonly overlapped: boolean };
}

/** `device_driver_attach`: a bind requested by a user. */
export interface AttachFrame extends Open {
  readonly type: 'attach';
  readonly driver: string;
  match: { ret: number | null } | null;
}

/** `__driver_probe_device`: runs under the device lock. */
export interface AttemptFrame extends Open {
  readonly type: '__driver_probe_device';
  readonly driver: string;
  readonly pass: DriverPass | null;
  readonly driverBefore: Possible<string | null>;
  /** It tries an earlier function at the address, which is dead. */
  readonly gone: Possible<boolean>;
  really: { ret: number | null } | null;
}

/** `really_probe`. */
export interface ReallyProbeFrame extends Open {
  readonly type: 'really_probe';
  readonly driver: string;
  bus: { ret: number | null } | null;
  bound: boolean;
}

/** `pci_device_probe`. */
export interface BusProbeFrame extends Open {
  readonly type: 'pci_device_probe';
  readonly driver: string;
  /**
   * Whether SR-IOV's autoprobe gate lets the driver probe (pci_device_can_probe, kernel
   * drivers/pci/pci-driver.c 6.1).
   */
  readonly gate: Possible<boolean>;
  own: { ret: number | null } | null;
}

/** A driver's probe function, such as `vfio_pci_probe`. */
export interface OwnProbeFrame extends Open {
  readonly type: 'driver_probe';
  readonly driver: string;
  register: { ret: number | null } | null;
}

/** `vfio_pci_core_register_device`. */
export interface RegisterFrame extends Open {
  readonly type: 'register';
}

/** `device_release_driver_internal`. */
export interface ReleaseFrame extends Open {
  readonly type: 'release';
  readonly driver: string | null;
  /** The device was certainly bound when the release began. */
  readonly bound: boolean;
  /** pci_device_remove ran: the release holds the device lock. */
  removed: boolean;
  /** Its last event: from then on it may have dropped the lock. */
  last: number;
}

/** `driver_set_override`. */
export interface OverrideFrame extends Open {
  readonly type: 'override';
}

/** `sriov_enable`. */
export interface EnableFrame extends Open {
  readonly type: 'enable';
  readonly vfs: number;
  added: number;
  /** The errno of the VF that could not be added; those before it are taken back. */
  failed?: number;
  /** `pci_enable_sriov` calls `sriov_enable`, which adds the VFs of both. */
  readonly outer: EnableFrame | null;
}

/** `pci_iov_add_virtfn`. */
export interface AddVfFrame extends Open {
  readonly type: 'add-vf';
  readonly index: number;
  /** The VF that was created. */
  vf: PciDevice | null;
  pass: DriverPass | null;
}

/** From `pci_bus_add_device` to the end of what called it: the first pass for a device. */
export interface FirstWalkFrame extends Open {
  readonly type: 'first-pass';
  readonly pass: DriverPass;
}

export type Frame =
  | StoreFrame
  | AttachFrame
  | AttemptFrame
  | ReallyProbeFrame
  | BusProbeFrame
  | OwnProbeFrame
  | RegisterFrame
  | ReleaseFrame
  | OverrideFrame
  | EnableFrame
  | AddVfFrame
  | FirstWalkFrame;

export type FrameOf<T extends Frame['type']> = Extract<Frame, { type: T }>;

/** Open frames, as plain data. */
export interface FramesData {
  readonly bySeq: Map<number, Frame>;
  readonly byTid: Map<number, Frame[]>;
  readonly byDevice: Map<PciDevice, Frame[]>;
}

export const newFrames = (): FramesData => ({
  bySeq: new Map(),
  byTid: new Map(),
  byDevice: new Map(),
});

/** Frames on one device at a time: more threads than that do not wait for one. */
const OPEN_ON_DEVICE_MAX = 256;

/** Removes a frame from a list that holds it. At -1, `splice` would remove another frame. */
function removeFrom(list: Frame[] | undefined, frame: Frame): void {
  const at = list?.indexOf(frame) ?? -1;
  assert(at >= 0, 'an open frame is on the lists of its thread and of its device');
  list!.splice(at, 1);
}

/** Open frames by thread, innermost last, and by the sequence number of their begin. */
export class Frames {
  readonly #bySeq: Map<number, Frame>;
  readonly #byTid: Map<number, Frame[]>;
  readonly #byDevice: Map<PciDevice, Frame[]>;

  constructor({ bySeq, byTid, byDevice }: FramesData) {
    this.#bySeq = bySeq;
    this.#byTid = byTid;
    this.#byDevice = byDevice;
  }

  /** Opens a frame; frames of other threads on the same device overlap with it. */
  push<F extends Frame>(frame: F): F {
    assert(!this.#bySeq.has(frame.seq), 'an event opens one frame');
    this.#bySeq.set(frame.seq, frame);
    const stack = this.#byTid.get(frame.tid);
    if (stack === undefined) this.#byTid.set(frame.tid, [frame]);
    else {
      if (stack.length === CALL_DEPTH_MAX)
        this.#close(stack[likelyEnded(stack, ({ type }) => type)]);
      stack.push(frame);
    }
    if (frame.device !== null) this.#meet(frame, frame.device);
    return frame;
  }

  /**
   * Ends the open frames of a thread, outermost first.
   * @returns these frames
   */
  forget(tid: number): readonly Frame[] {
    const open = this.#byTid.get(tid) ?? [];
    for (const frame of open) this.#drop(frame);
    this.#byTid.delete(tid);
    return open;
  }

  #meet(frame: Frame, device: PciDevice): void {
    const open = this.#byDevice.get(device);
    if (open === undefined) {
      this.#byDevice.set(device, [frame]);
      return;
    }
    for (const other of open) {
      if (other.tid === frame.tid) {
        // An inner function sees what its caller saw.
        frame.overlapped ||= other.overlapped;
        continue;
      }
      other.overlapped = true;
      frame.overlapped = true;
    }
    open.push(frame);
    if (open.length > OPEN_ON_DEVICE_MAX) this.#close(open[0]);
  }

  /** Discards one frame: it has most likely ended, without a record. */
  #close(frame: Frame): void {
    const stack = this.#byTid.get(frame.tid);
    removeFrom(stack, frame);
    if (stack?.length === 0) this.#byTid.delete(frame.tid);
    this.#drop(frame);
  }

  /** Closes the frame that began at `seq`, and those inside of it whose end was not recorded. */
  pop(seq: number): Frame | null {
    const frame = this.#bySeq.get(seq);
    if (frame === undefined) return null;
    const stack = this.#byTid.get(frame.tid) ?? [];
    const at = stack.lastIndexOf(frame);
    assert(at >= 0, 'an open frame is on the stack of its thread');
    for (const inner of stack.splice(at)) this.#drop(inner);
    if (stack.length === 0) this.#byTid.delete(frame.tid);
    return frame;
  }

  #drop(frame: Frame): void {
    this.#bySeq.delete(frame.seq);
    if (frame.device === null) return;
    const open = this.#byDevice.get(frame.device);
    removeFrom(open, frame);
    if (open?.length === 0) this.#byDevice.delete(frame.device);
  }

  /** The innermost open frame of a type on a thread. */
  inner<T extends Frame['type']>(tid: number, type: T): FrameOf<T> | null {
    const stack = this.#byTid.get(tid);
    if (stack === undefined) return null;
    for (let i = stack.length - 1; i >= 0; i--) {
      const frame = stack[i];
      if (frame.type === type) return frame as FrameOf<T>;
    }
    return null;
  }

  /** The open frame of a type on a device, of any thread, the newest first. */
  onDevice<T extends Frame['type']>(device: PciDevice, type: T): FrameOf<T> | null {
    const open = this.#byDevice.get(device);
    if (open === undefined) return null;
    for (let i = open.length - 1; i >= 0; i--) {
      const frame = open[i];
      if (frame.type === type) return frame as FrameOf<T>;
    }
    return null;
  }

  /** Whether a frame of a kind is open, on any thread. */
  isOpen(is: (frame: Frame) => boolean): boolean {
    for (const frame of this.#bySeq.values()) if (is(frame)) return true;
    return false;
  }

  /** Open frames on a device, oldest first. */
  allOnDevice(device: PciDevice): readonly Frame[] {
    return this.#byDevice.get(device) ?? [];
  }

  clear(): void {
    this.#bySeq.clear();
    this.#byTid.clear();
    this.#byDevice.clear();
  }
}
