/**
 * Everything of VFIO that a replay keeps between two events. Plain data, no links to other state.
 */

import type { DmaSpace } from '../iommu/type1.js';
import type { Severity, Vote } from '../pcie-errors/index.js';
import type { Unknown } from '../possible.js';
import type { FixedRegisters } from '../vfio-pci-core/fixed-registers.js';
import type { OpenDevice } from '../vfio-pci-core/open-device.js';
import type { Resource } from '../vfio-pci-core/pci-function.js';
import type { Binding } from './cdev.js';
import {
  ANY_CONTAINER,
  type ContainerKey,
  type Descriptors,
  type FileNumber,
  newDescriptors,
} from './file-descriptors.js';
import { type Contexts, newContexts } from './iommufd-contexts.js';
import type { Migration } from './migration-state.js';
import type { Calls, DmaProgress } from './vfio-calls.js';

/** Configuration space of a function. Frozen: new observations create a new object. */
export interface Hardware {
  readonly bytes: Uint8Array;
  /** 1 for each byte that was recorded. */
  readonly known: Uint8Array;
}

export const hardwareOf = (bytes: Uint8Array, known: Uint8Array): Hardware =>
  Object.freeze({ bytes, known });

/** Configuration space of a known size without any recorded byte. */
export const unknownHardware = (size: number): Hardware =>
  hardwareOf(new Uint8Array(size), new Uint8Array(size));

/** A PCI function with what VFIO needs of it. */
export interface VfioFunction {
  readonly address: string;
  /** Configuration space as last seen; null when no snapshot has it. */
  hardware: Hardware | null;
  /** BARs, the ROM, and the resources of VFs, as sysfs lists them. */
  resources: readonly Resource[] | null;
  /** The addresses of the BARs are those of the resources, if the snapshot is right. */
  placed: boolean;
  /** Regions for which a fault confirmed it. */
  readonly shown: Set<number>;
  open: OpenDevice | 'closed' | Unknown;
  /** What a variant finds of it as it probes; null when not known. */
  properties: Readonly<Record<string, number>> | null;
  /** Migration of the open device; null when its driver has none, or when it is not known. */
  migration: Migration | null;
  /** A call showed whether its driver can migrate it; null before. */
  migrates: boolean | null;
  /** An event showed whether it is open. Before that, the state in a snapshot may have changed. */
  confirmed: boolean;
  /** Its closing has begun, and it is not disabled yet. */
  toClose: boolean;
  /** The device that is being closed, until it is opened again. */
  closing: OpenDevice | Unknown | null;
  /**
   * How often the device was requested from its user since the removal began; null when not known.
   */
  requests: number | null;
  /** The iommufd that it is bound to. */
  bound: Binding | 'unbound' | Unknown;
  /** An event showed that its character device was opened, which need not be bound. */
  cdevOpened?: true;
}

/** What is known of a VFIO container. */
export interface Container {
  /** Null: not known, because the process had opened it before the recording began. */
  groups: number | null;
  /** An IOMMU driver is set. */
  iommu: boolean | null;
  /** Null: no mappings are known. */
  dma: DmaSpace | null;
  /** Number of IOMMU domains of its groups; each receives every run of pages. Null: not known. */
  domains: number | null;
  /**
   * A run of pages was mapped for it: one of its groups has an IOMMU domain. Mediated devices have
   * none, and their mappings cause no event of the IOMMU.
   */
  showsRuns: boolean;
  /** Unmapping when the container is closed. */
  teardown: Extract<DmaProgress, { type: 'unmap' }> | null;
}

/** Recovery from an error of PCI Express that is under way on a thread. */
export interface Recovery {
  readonly seq: number;
  /** The port, or the device that found the error. */
  readonly device: string;
  /** `pci_channel_state_t` with which it began. */
  readonly state: number;
  /** Functions below the port when it began; null when not known. */
  votes: readonly { address: string; vote: Vote; vfio: boolean }[] | null;
  /** Functions of VFIO that were informed, in order. */
  readonly informed: string[];
  /** The one that is being informed; null between two. */
  informing: string | null;
  /** Whether the bus could be reset; null when no event shows it. */
  reset: boolean | null;
}

/** What is known of the runtime power management of a function. */
export interface RuntimePm {
  status: 'active' | 'suspended' | Unknown;
  /** The driver with which the status was seen. */
  driver: string | null | Unknown;
  /** The event by which it was suspended last; -1 before. */
  suspended: number;
  /** Calls that suspend or resume it, and have not returned. */
  calls: RuntimeCall[];
  /** The recording has the address of a function that returned, and not its name. */
  unnamed: boolean;
}

export interface RuntimeCall {
  readonly tid: number;
  readonly name: 'rpm_suspend' | 'rpm_resume';
  /** A call of another thread was under way at the same time. */
  overlapped: boolean;
}

export const newRuntimePm = (): RuntimePm => ({
  status: 'unknown',
  driver: 'unknown',
  suspended: -1,
  calls: [],
  unnamed: false,
});

/** A VFIO group that a process opened. */
export interface Group {
  /** In a container; null when not known. */
  attached: boolean | null;
  readonly devices: Set<string>;
  /** It is, or may be, in an iommufd that acts as a container. */
  ofIommufd: boolean;
  /** The container that it was put into last; null when not known. */
  container: ContainerKey | null;
  /** VFIO may have lost its last device since the file was opened, which leads to nothing then. */
  mayBeLost: boolean;
}

export interface VfioState {
  readonly functions: Map<string, VfioFunction>;
  /** Known registers that do not change, by function. */
  readonly registers: Map<string, FixedRegisters>;
  /** All functions are in domain 0; null when no snapshot says so. */
  oneDomain: boolean | null;
  readonly containers: Map<ContainerKey, Container>;
  /** Processes with several containers, whose events do not say which one they are about. */
  readonly several: Set<number>;
  /** Files of containers, with the process that opened each. */
  readonly containerFiles: Map<FileNumber, number>;
  /** The container that the group of a file is in. */
  readonly groupContainers: Map<FileNumber, ContainerKey>;
  /** By IOMMU group, or by process when the group was not recorded. */
  readonly groups: Map<string, Group>;
  readonly calls: Calls;
  readonly descriptors: Descriptors;
  /** Files that groups handed out, by their numbers in `descriptors`. */
  readonly groupFiles: Set<number>;
  /** The number of the group that a file is of. */
  readonly openGroups: Map<FileNumber, number>;
  readonly iommufds: Contexts;
  /** By function. */
  readonly runtimePm: Map<string, RuntimePm>;
  /** By thread: recoveries, and the error that was reported last. */
  readonly recoveries: Map<number, Recovery>;
  readonly reported: Map<number, { readonly device: string; readonly severity: Severity }>;
  /** A device was disabled after its closing had begun: the recording has both. */
  showsClosing: boolean;
  /** An IOMMU domain was attached while a group was put into a container: such events are there. */
  showsAttaching: boolean;
  /** Calls of an IOMMU driver of containers are recorded. */
  showsType1: boolean;
}

export const newVfioState = (): VfioState => ({
  functions: new Map(),
  registers: new Map(),
  oneDomain: null,
  containers: new Map(),
  several: new Set(),
  containerFiles: new Map(),
  groupContainers: new Map(),
  groups: new Map(),
  calls: new Map(),
  descriptors: newDescriptors(),
  groupFiles: new Set(),
  openGroups: new Map(),
  iommufds: newContexts(),
  runtimePm: new Map(),
  recoveries: new Map(),
  reported: new Map(),
  showsClosing: false,
  showsAttaching: false,
  showsType1: false,
});

export const newFunction = (address: string): VfioFunction => ({
  address,
  hardware: null,
  resources: null,
  placed: true,
  shown: new Set(),
  open: 'unknown',
  properties: null,
  migration: null,
  migrates: null,
  confirmed: false,
  toClose: false,
  closing: null,
  requests: null,
  bound: 'unknown',
});

/** The device while it is open and known; null when it is closed or nobody knows it. */
export const openDeviceOf = ({ open }: VfioFunction): OpenDevice | null =>
  typeof open === 'string' ? null : open;

export function functionAt(state: VfioState, address: string): VfioFunction {
  let found = state.functions.get(address);
  if (found === undefined) {
    found = newFunction(address);
    state.functions.set(address, found);
  }
  return found;
}

/** A container with an unknown state. */
export const lostContainer = (): Container => ({
  groups: null,
  iommu: null,
  dma: null,
  domains: null,
  showsRuns: false,
  teardown: null,
});

export function containerOf(state: VfioState, key: ContainerKey): Container {
  if (key === ANY_CONTAINER || state.several.has(key)) return lostContainer();
  let found = state.containers.get(key);
  if (found === undefined) {
    found = lostContainer();
    state.containers.set(key, found);
  }
  return found;
}

export function groupAt(state: VfioState, key: string): Group {
  let found = state.groups.get(key);
  if (found === undefined) {
    found = {
      attached: null,
      devices: new Set(),
      ofIommufd: false,
      container: null,
      mayBeLost: false,
    };
    state.groups.set(key, found);
  }
  return found;
}

/** Facts about functions from outside of the recording are not about this machine. */
export function forgetHardware(state: VfioState): void {
  state.registers.clear();
  state.oneDomain = null;
  for (const fn of state.functions.values()) {
    fn.hardware = null;
    fn.resources = null;
    if (fn.confirmed) continue;
    fn.open = 'unknown';
    fn.bound = 'unknown';
  }
}

/** Events were lost: what users did in that time is not known. */
export function forgetVfio(state: VfioState): void {
  for (const fn of state.functions.values()) {
    fn.open = 'unknown';
    fn.closing = null;
    fn.toClose = false;
    fn.migration = null;
    fn.hardware = null;
    fn.requests = null;
    fn.bound = 'unknown';
  }
  state.registers.clear();
  state.descriptors.files.clear();
  state.descriptors.calls.clear();
  state.iommufds.uses.clear();
  state.runtimePm.clear();
  state.recoveries.clear();
  state.reported.clear();
  state.containers.clear();
  state.containerFiles.clear();
  state.groupContainers.clear();
  state.groups.clear();
  state.calls.clear();
}
