/** Kernel functions of VFIO that have begun and not ended, by thread. */

import { CALL_DEPTH_MAX, likelyEnded } from '../../../traces/index.js';
import type { DmaMapping, MapRequest } from '../iommu/type1.js';
import type { ConfigAccess } from '../vfio-pci-core/config-access.js';
import type { Effect } from '../vfio-pci-core/effects.js';
import type { Fault } from '../vfio-pci-core/mmap-faults.js';
import type { Results } from './device-ioctl.js';
import type { ContainerKey } from './file-descriptors.js';
import type { Passed } from './hot-reset.js';

interface Open {
  readonly seq: number;
}

/** Which function of the kernel serves an ioctl: the file's own, or the one that it calls. */
export type IoctlLayer = 'file' | 'pci' | 'type1';

/** An ioctl on a container, a group or a device. */
export interface IoctlCall extends Open {
  readonly type: 'ioctl';
  readonly layer: IoctlLayer;
  readonly file: 'container' | 'group' | 'device' | 'iommufd';
  readonly name: string;
  readonly command: number;
  readonly argument: number;
  /** Words of the argument struct, or bytes for iommufd; empty when they were not recorded. */
  readonly words: readonly number[];
  readonly device: string | null;
  readonly group: string | null;
  /** The container that it is about, of a call on a container or a group. */
  readonly container: ContainerKey | null;
  /** Result of the function that it called, when that one was recorded. */
  inner: number | null;
  /** `vfio_pci_set_irqs_ioctl` began: the arguments were found good. */
  irqsSet: boolean;
  /** A device was opened during the call; null when that began but has no recorded end. */
  opened: boolean | null;
  /** The function in it that began last, of those that begin after the arguments were checked. */
  reached: string | null;
  /** The device that was opened during the call. */
  opening: string | null;
  /** What opening it returned when it failed; null when it did not, or nothing opened it. */
  openError: number | null;
  /** A group's devices were attached during the call. */
  attached: boolean;
  /**
   * What a variant of vfio-pci answers itself; null when not known. Undefined: the core answers.
   */
  answer: Results | undefined;
  /** A variant of vfio-pci keeps something else from its beginning on. */
  changesOwn: boolean;
  /** What it must still do, in order. */
  next: Effect[];
  dma: DmaProgress | null;
  /** The result of a reset that it requested. */
  reset: number | null;
  /** The files of groups that the user passed to a hot reset. */
  passed: readonly Passed[];
  /** A function in it ended unseen. */
  unseen: boolean;
}

/** What the begin of an ioctl says about it. */
type BegunIoctl = Pick<
  IoctlCall,
  | 'seq'
  | 'layer'
  | 'file'
  | 'name'
  | 'command'
  | 'argument'
  | 'words'
  | 'device'
  | 'group'
  | 'container'
>;

/** An ioctl without any result yet. */
export const newIoctl = (begun: BegunIoctl): IoctlCall => ({
  type: 'ioctl',
  ...begun,
  inner: null,
  irqsSet: false,
  opened: false,
  reached: null,
  opening: null,
  openError: null,
  attached: false,
  answer: undefined,
  changesOwn: false,
  next: [],
  dma: null,
  reset: null,
  passed: [],
  unseen: false,
});

/** A range that is being mapped or unmapped page run by page run. */
export type DmaProgress =
  | {
      readonly type: 'map';
      readonly request: MapRequest;
      done: bigint;
      last: bigint;
      /** How often the last run occurred. */
      times: number;
    }
  | { readonly type: 'unmap'; readonly mappings: DmaMapping[]; done: bigint; last: bigint }
  /** Two pages are mapped and unmapped to test the IOMMU. */
  | { readonly type: 'test'; at: bigint | null; done: bigint };

/** A read or write through a device's file. */
export interface RegionCall extends Open {
  readonly type: 'region';
  readonly device: string;
  readonly write: boolean;
  readonly region: number;
  readonly offset: number;
  readonly count: number;
  /** Its access of configuration space; null when it is not one, or not known. */
  readonly config: ConfigAccess | null;
  /** Reads of another function's configuration space that it is still made of. */
  copies?: CopyReads;
  /** `vfio_pci_rw` called this: it returns what this returns. */
  inner: number | null;
}

export interface CopyReads {
  readonly of: string;
  readonly left: { readonly offset: number; readonly width: number }[];
}

/** A variant's own function for reads, writes or mappings of a region. */
export interface DoorCall extends Open {
  readonly type: 'door';
  readonly device: string;
  readonly count: number;
  /** What it returns; null when not known. */
  readonly result: number | 'core' | null;
  /** The first bytes of a read that the driver itself determines; null for the others. */
  readonly shown: readonly (number | null)[];
  /** The hardware may refuse it. */
  readonly mayFail: boolean;
  /** The mapping that it makes: page offset in the file and user addresses. */
  readonly mapping: {
    readonly page: number;
    readonly start: number;
    readonly end: number;
  } | null;
  /** What the driver kept when the call began; null when not known. */
  readonly own: object | null;
  /** The function of vfio-pci-core that it called returned this, and these bytes. */
  inner: number | null;
  given: readonly number[];
  /** Another thread changed at the same time what the result depends on. */
  unsure: boolean;
}

/** `vfio_basic_config_write` */
export interface VirtualCall extends Open {
  readonly type: 'virtual';
  readonly width: number;
}

/** A physical access that a model foresaw, until its answer comes. */
export interface HardwareCall extends Open {
  readonly type: 'hardware';
  readonly caller: RegionCall;
}

export interface EnableCall extends Open {
  readonly type: 'enable';
  readonly device: string;
  /** What the reset at open returned; null before it began. */
  reset: number | 'unseen' | null;
  /** Offsets of the dwords of configuration space that the kernel read. */
  readonly dwords: number[];
}

export interface IrqsCall extends Open {
  readonly type: 'irqs';
  readonly device: string;
  readonly flags: number;
  readonly index: number;
  readonly start: number;
  readonly count: number;
}

export interface MapCall extends Open {
  readonly type: 'mmap';
  readonly device: string;
  readonly page: number;
  readonly start: number;
  readonly end: number;
}

export interface FaultCall extends Open {
  readonly type: 'fault';
  readonly device: string;
  readonly fault: Fault;
}

export interface ResetCall extends Open {
  readonly type: 'reset';
  readonly device: string;
}

export type Call =
  | IoctlCall
  | RegionCall
  | DoorCall
  | VirtualCall
  | HardwareCall
  | EnableCall
  | IrqsCall
  | MapCall
  | FaultCall
  | ResetCall;

export type CallOf<T extends Call['type']> = Extract<Call, { type: T }>;

/** Calls by thread, innermost last. */
export type Calls = Map<number, Call[]>;

export function pushCall<C extends Call>(calls: Calls, tid: number, call: C): C {
  const stack = calls.get(tid);
  if (stack === undefined) calls.set(tid, [call]);
  else {
    if (stack.length === CALL_DEPTH_MAX) {
      stack.splice(
        likelyEnded(stack, ({ type }) => type),
        1,
      );
    }
    stack.push(call);
  }
  return call;
}

/** Ends the call that began at `seq`, and those inside of it whose end was not recorded. */
export function popCall<T extends Call['type']>(
  calls: Calls,
  tid: number,
  seq: number,
  type: T,
): CallOf<T> | null {
  const stack = calls.get(tid);
  if (stack === undefined) return null;
  const call = stack.at(-1)?.seq === seq ? stack.pop() : popBelow(stack, seq);
  return call?.type === type ? (call as CallOf<T>) : null;
}

function popBelow(stack: Call[], seq: number): Call | undefined {
  const at = stack.findLastIndex((call) => call.seq === seq);
  if (at < 0) return undefined;
  const [call, ...inner] = stack.splice(at);
  if (call.type === 'ioctl' && inner.length > 0) call.unseen = true;
  return call;
}

/** The physical access of a caller that began last and has not ended; it ends. */
export function endHardware(calls: Calls, tid: number): RegionCall | null {
  const stack = calls.get(tid);
  const last = stack?.at(-1);
  if (last?.type !== 'hardware') return null;
  stack?.pop();
  return last.caller;
}

/** The innermost call of a type on a thread. */
export function innerCall<T extends Call['type']>(
  calls: Calls,
  tid: number,
  type: T,
): CallOf<T> | null {
  const stack = calls.get(tid);
  if (stack === undefined) return null;
  for (let i = stack.length - 1; i >= 0; i--) {
    const call = stack[i];
    if (call.type === type) return call as CallOf<T>;
  }
  return null;
}

/** The innermost call on a thread that has an access of the configuration space under way. */
export function configCall(calls: Calls, tid: number): RegionCall | null {
  const stack = calls.get(tid);
  if (stack === undefined) return null;
  for (let i = stack.length - 1; i >= 0; i--) {
    const call = stack[i];
    if (call.type === 'region' && call.config !== null) return call;
  }
  return null;
}
