/**
 * What does not change in a run, computed from its specification: numbers for names, the ids that
 * drivers claim, and the meaning of the actors' operations.
 */

import { ERRNO } from '../../traces/index.js';
import { parseOverride, parseU16 } from '../model/binding/parse-store.js';
import { covers, type IdMatch, type PciIds, parseNewId } from '../model/binding/pci-ids.js';
import { vfAddressOf } from '../model/binding/vf-address.js';
import {
  type DriverModel,
  driverModel,
  idsOf,
  type ModuleParameters,
} from '../model/drivers/index.js';
import { createdUuid, mdevDriver } from '../model/mdev/index.js';
import { setsUnmasker } from '../model/vfio/vfio-irqs.js';
import { defaultHardware, hardwareOf } from './hardware.js';
import type {
  Action,
  ActorSpec,
  DriverSpec,
  FileKind,
  FunctionSpec,
  HardwareSpec,
  MachineSpec,
  OperationSpec,
  RunSpec,
} from './machine-spec.js';
import { type Names, type Operation, operationOf } from './operation.js';
import type { Driver, Place } from './place.js';
import { runsOf, UdevRules } from './udev-rules.js';
import { usesPower, Variables } from './variables.js';

/** A file that an operation opens. */
export interface FileFacts {
  readonly kind: FileKind;
  /** The function that it is about: of a group, any of its functions. */
  readonly place: Place | null;
}

export class World implements Names {
  readonly places: readonly Place[];
  readonly drivers: readonly Driver[];
  /** Texts of overrides; number 0 is no override. */
  readonly overrides: readonly (string | null)[];
  /** Ids that are written to `new_id` or `remove_id`, or that parameters of modules have. */
  readonly dynamicIds: readonly IdMatch[];
  /** What actors do, by the number of the actor and of the operation. */
  readonly operations: readonly (readonly Operation[])[];
  /** What each file is that an operation opens, by its number from 1. */
  readonly files: readonly FileFacts[];
  /** Number of the process of each actor; processes are numbered by their first actor. */
  readonly processes: readonly number[];
  /** What actors remember. */
  readonly variables: Variables;
  /** Devices may be reset together: in the order in which VFIO got them. */
  readonly resetsSets: boolean;
  /** A driver may be unloaded: it releases its functions in the order of their binding. */
  readonly canUnload: boolean;
  /** A user may set an eventfd that unmasks INTx. */
  readonly canUnmask: boolean;
  /** A driver of the specification may put a probe off. */
  readonly canDefer: boolean;
  /** The first worker of runtime power management: each place has one, if `hasPower`. */
  readonly firstPowerWorker: number;
  /** The first thread of udev: those of actors, of deferred probes and of workers come before. */
  readonly firstUdevThread: number;
  /** What udev does; null where the machine has none. */
  readonly udev: UdevRules | null;
  /** Runtime power management is followed. */
  readonly hasPower: boolean;
  /** Parameters of the module of a driver that is loaded, or that an actor loads. */
  readonly parameters: (driver: string) => ModuleParameters | undefined;
  /** Processes of several threads. */
  readonly #shared: ReadonlySet<number>;
  readonly #places: ReadonlyMap<string, Place>;
  readonly #drivers: ReadonlyMap<string, Driver>;

  constructor(readonly spec: RunSpec) {
    const { machine, actors } = spec;
    const done = actors.flatMap(({ operations }) => operations);
    const ofUdev = (names: readonly string[]): readonly OperationSpec[] =>
      runsOf(machine.udev, names);
    const addresses = machine.functions.map(({ address }) => address);
    this.places = placesOf(machine.functions, actionsOf([...done, ...ofUdev(addresses)]));
    const all = [...done, ...ofUdev(this.places.map(({ address }) => address))];
    const actions = actionsOf(all);
    this.#places = new Map(this.places.map((place) => [place.address, place]));
    this.dynamicIds = dynamicIdsOf(actions, machine.drivers);
    this.drivers = machine.drivers.map((driver, index) => driverOf(driver, index, this));
    this.#drivers = new Map(this.drivers.map((driver) => [driver.name, driver]));
    this.overrides = overridesOf(machine.functions, actions, machine.drivers);
    const vfs = this.places.filter(({ physfn }) => physfn !== null);
    this.variables = new Variables(all, machine.drivers, vfs.length);
    this.canUnload = actions.some(({ type }) => type === 'unload');
    this.resetsSets = actions.some((a) => 'name' in a && a.name === 'VFIO_DEVICE_PCI_HOT_RESET');
    this.canUnmask = actions.some(mayUnmask);
    this.canDefer = machine.drivers.some(defers);
    const isLoaded = ({ name, loaded }: DriverSpec) =>
      loaded || actions.some((action) => action.type === 'load' && action.driver === name);
    this.parameters = (name) => {
      const found = machine.drivers.find((driver) => driver.name === name && isLoaded(driver));
      return found?.parameters;
    };
    this.hasPower = machine.runtimePm ?? (actions.some(usesPower) || keepsD0(machine));
    const files: FileFacts[] = [];
    const numberOf = (action: Action): number => {
      const kind = fileOf(action);
      if (kind === null) return 0;
      const address = 'address' in action ? action.address : null;
      return files.push({ kind, place: address === null ? null : this.place(address) });
    };
    this.operations = actors.map((actor) =>
      actor.operations.map((operation) => operationOf(operation, this, numberOf(operation.action))),
    );
    this.files = files;
    this.firstPowerWorker = actors.length + 1 + Math.min(2 * this.places.length, WORKERS_MAX);
    this.firstUdevThread = this.firstPowerWorker + (this.hasPower ? this.places.length : 0);
    const ofRule = (operation: OperationSpec): Operation => operationOf(operation, this, 0);
    this.udev =
      machine.udev === undefined ? null : new UdevRules(machine.udev, this.places, ofRule);
    this.processes = actors.map(({ process }, i) =>
      process === undefined ? i : actors.findIndex((other) => other.process === process),
    );
    this.#shared = new Set(this.processes.filter((process, i) => process !== i));
  }

  get scanned(): readonly Place[] {
    return this.places.filter(({ physfn, mediated }) => physfn === null && !mediated);
  }

  get actors(): readonly ActorSpec[] {
    return this.spec.actors;
  }

  /** What a thread of an actor or of udev does, by number. */
  operationsOf(thread: number): readonly Operation[] {
    return this.operations[thread] ?? this.udev!.served[thread - this.firstUdevThread].operations;
  }

  /** A file, by its number from 1. */
  file(number: number): FileFacts {
    return this.files[number - 1];
  }

  /** The first thread of the process that an actor's thread is of. */
  firstThreadOf(actor: number): number {
    return this.processes[actor];
  }

  /** Whether an actor's thread shares its files with other threads of its process. */
  hasThreads(actor: number): boolean {
    return this.#shared.has(this.processes[actor]);
  }

  place(address: string): Place | null {
    return this.#places.get(address) ?? null;
  }

  driver(name: string): Driver | null {
    return this.#drivers.get(name) ?? null;
  }

  /** Number of the text of an override. */
  overrideNumber(text: string | null): number {
    return this.overrides.indexOf(text);
  }

  /** Number of an id that is written to `new_id`. */
  dynamicId(entry: IdMatch): number {
    const key = JSON.stringify(entry);
    return this.dynamicIds.findIndex((other) => JSON.stringify(other) === key);
  }
}

/** Workers for asynchronous probes; when all are busy the kernel probes synchronously. */
const WORKERS_MAX = 16;

const actionsOf = (operations: readonly OperationSpec[]): readonly Action[] =>
  operations.map(({ action }) => action);

function mayUnmask(action: Action): boolean {
  if (action.type !== 'ioctl' || action.name !== 'VFIO_DEVICE_SET_IRQS') return false;
  return action.data !== null && setsUnmasker(action.data[4]);
}

/** What an operation opens; null for nothing. */
function fileOf(action: Action): FileKind | null {
  if (action.type === 'open') return action.file;
  if (action.type !== 'ioctl' || action.as === null) return null;
  return action.name === 'VFIO_DEVICE_FEATURE' ? 'migration' : 'device';
}

const busOf = (address: string): string => address.slice(0, address.lastIndexOf(':') + 1);

/** Functions of a bus are reset together; on the root bus each is alone. */
function setOf(address: string, sets: string[]): number {
  const bus = busOf(address);
  const key = bus.endsWith(':00:') || bus === '' ? address : bus;
  if (!sets.includes(key)) sets.push(key);
  return sets.indexOf(key);
}

/** Groups of functions are numbered in the order of the functions, unless they say otherwise. */
function placesOf(functions: readonly FunctionSpec[], actions: readonly Action[]): Place[] {
  const places: Place[] = [];
  const sets: string[] = [];
  const taken = functions.flatMap(({ group }) => group ?? []);
  const groups = Array.from({ length: 512 }, (_, i) => i).filter((i) => !taken.includes(i));
  type Start = Pick<Place, 'address' | 'ids' | 'sriov' | 'physfn' | 'vfIndex' | 'start'> &
    Partial<Pick<Place, 'group' | 'hardware' | 'mediated'>>;
  const add = (place: Start): Place => {
    const index = places.length;
    const { address, ids, sriov, physfn } = place;
    const hardware = place.hardware ?? defaultHardware;
    const { vfIndex } = place;
    const vfs = physfn?.sriov?.totalVfs ?? 0;
    const vf = physfn === null ? null : { vfs, pf: physfn.index, index: vfIndex };
    const { config, pci } = hardwareOf(ids, hardware, sriov, index, vf);
    const group = place.group ?? groups.shift() ?? index;
    const { mediated = false } = place;
    const set = setOf(address, sets);
    places.push({ ...place, index, group, hardware, config, pci, set, mediated });
    return places[index];
  };
  const owners = functions.map((start) => {
    const { address, ids, sriov, group, hardware } = start;
    const own = {
      ...(group === undefined ? {} : { group }),
      ...(hardware === undefined ? {} : { hardware }),
    };
    return add({ address, ids, sriov, physfn: null, vfIndex: -1, start, ...own });
  });
  for (const pf of owners) {
    const { sriov } = pf;
    if (sriov === null) continue;
    const { vfs = [] } = sriov;
    const most = Math.max(vfs.length, Math.min(sriov.totalVfs, mostVfs(pf.address, actions)));
    for (let i = 0; i < most; i++) {
      const address = vfAddressOf(pf.address, sriov.offset, sriov.stride, i);
      const ids = { ...pf.ids, device: sriov.vfDevice, subvendor: null, subdevice: null };
      // What a PF's driver and firmware can do, they can for its VFs.
      const { properties } = pf.hardware;
      const hardware = { ...defaultHardware, ...(properties === undefined ? {} : { properties }) };
      const start = vfs[i] ?? null;
      add({
        address,
        ids,
        sriov: null,
        physfn: pf,
        vfIndex: i,
        start,
        hardware,
        ...sriov.known?.[i],
      });
    }
  }
  for (const address of createdUuids(actions)) {
    // Its group gets a number when the device is registered with VFIO.
    const group = -1 - places.length;
    const start = { address, ids: NO_IDS, sriov: null, physfn: null, vfIndex: -1, start: null };
    add({ ...start, group, hardware: NO_HARDWARE, mediated: true });
  }
  return places;
}

/** What a mediated device has of PCI. */
const NO_IDS: PciIds = { vendor: 0, device: 0, subvendor: null, subdevice: null, class: 0 };
const NO_HARDWARE: HardwareSpec = { ...defaultHardware, bars: [], pin: false, msi: 0 };

/** UUIDs of the mediated devices that actors make. */
function createdUuids(actions: readonly Action[]): Set<string> {
  const uuids = actions.flatMap((action) => {
    if (action.type !== 'write' || action.attribute !== 'create') return [];
    const { text, count = Buffer.byteLength(text) } = action;
    return createdUuid(text, count) ?? [];
  });
  return new Set(uuids);
}

/** The most VFs of a PF that any actor requests. */
function mostVfs(pf: string, actions: readonly Action[]): number {
  let most = 0;
  for (const action of actions) {
    if (action.type !== 'write' || action.attribute !== 'sriov_numvfs') continue;
    const n = action.address === pf ? parseU16(action.text) : 0;
    if (typeof n === 'number') most = Math.max(most, n);
  }
  return most;
}

function driverOf(spec: DriverSpec, index: number, world: World): Driver {
  const model = driverModel(spec.name);
  const table = spec.table ?? (model.overrideOnly ? [] : (model.table ?? []));
  const claims = world.places.map(({ ids }) => table.some((entry) => covers(entry, ids) === true));
  const { name, parameters = {} } = spec;
  const sriov = spec.sriov ?? sriovOf(model, parameters);
  const givenIds = idsOf(parameters).map((entry) => world.dynamicId(entry));
  return { index, name, spec, model, mdev: mdevDriver(name), sriov, table, givenIds, claims };
}

function sriovOf(
  { sriovConfigure }: DriverModel,
  { enable_sriov }: ModuleParameters,
): Driver['sriov'] {
  if (sriovConfigure === 'parameter') return enable_sriov === true ? 'own' : 'none';
  return sriovConfigure === 'unknown' ? 'none' : sriovConfigure;
}

/** Functions that nobody has open may stay in D0. */
const keepsD0 = ({ drivers }: MachineSpec): boolean =>
  drivers.some(({ parameters }) => parameters?.disable_idle_d3 === true);

const defers = ({ answers, defersUntil }: DriverSpec): boolean =>
  defersUntil !== null ||
  answers.some(({ results }) => results.some((ret) => Math.abs(ret) === ERRNO.EPROBE_DEFER));

function overridesOf(
  functions: readonly FunctionSpec[],
  actions: readonly Action[],
  drivers: readonly DriverSpec[],
): (string | null)[] {
  const texts = new Set<string | null>([null]);
  for (const { override, sriov } of functions) {
    texts.add(override);
    for (const vf of sriov?.vfs ?? []) texts.add(vf.override);
  }
  for (const { name } of drivers) texts.add(name);
  for (const action of actions) {
    if (action.type === 'write' && action.attribute === 'driver_override') {
      texts.add(parseOverride(action.text));
    }
  }
  return [...texts];
}

function dynamicIdsOf(actions: readonly Action[], drivers: readonly DriverSpec[]): IdMatch[] {
  const ids = new Map<string, IdMatch>();
  const given = drivers.flatMap(({ parameters }) => idsOf(parameters ?? {}));
  for (const entry of given) ids.set(JSON.stringify(entry), entry);
  for (const action of actions) {
    if (action.type !== 'write') continue;
    if (action.attribute !== 'new_id' && action.attribute !== 'remove_id') continue;
    const entry = parseNewId(action.text)?.entry;
    if (entry !== undefined) ids.set(JSON.stringify(entry), entry);
  }
  return [...ids.values()];
}
