/** The machine of a recording, from its snapshot and its events. */

import { ERRNO } from '../../traces/index.js';
import {
  type DriverSpec,
  defaultHardware,
  type FunctionSpec,
  type FunctionStart,
  type HardwareSpec,
  type MachineSpec,
  type SriovSpec,
  type VfSpec,
} from '../kernel/index.js';
import { covers, type IdMatch, type PciIds, readIds } from '../model/binding/pci-ids.js';
import { routingId, vfAddressOf } from '../model/binding/vf-address.js';
import { driverModel, idsOf } from '../model/drivers/index.js';
import { isUuid, MDEV_DRIVERS } from '../model/mdev/index.js';
import { Beginning, firstDriversOf } from './beginning.js';
import { DriverOrder } from './driver-order.js';
import { groupsOfMachine } from './groups.js';
import { overrideIsFree } from './override-lock.js';
import { Reasons } from './reasons.js';
import type { RecordedEvent, Recording } from './recording.js';
import { resourcesRead, SeenHardware } from './seen-hardware.js';

/** What the events teach of a driver. */
interface Taught {
  /** Its first event is that it registers. */
  late: boolean;
  sriov: DriverSpec['sriov'];
  readonly tried: Map<string, IdMatch>;
}

/** What the events teach of VFs: where those of a PF come, and their device id. */
interface Vfs {
  readonly routing: Map<number, number>;
  device: number | null;
}

export function machineOf(recording: Recording, kernel: string): MachineSpec {
  const lesson = new Lesson(recording);
  for (const [at, e] of recording.events.entries()) lesson.take(e, at);
  const rules = overrideIsFree(recording.events) ? { overrideTakesDeviceLock: false } : {};
  const functions = lesson.functions();
  return { kernel, rules, ...requestsOf(recording), functions, drivers: lesson.drivers() };
}

/** How often the kernel requested a device of its users, if more than once. */
function requestsOf({ events }: Recording): { readonly requests?: number } {
  let requests = 1;
  for (const { kind, access } of events) {
    if (kind === 'device.request') requests = Math.max(requests, (access?.value ?? 0) + 1);
  }
  return requests > 1 ? { requests } : {};
}

/** A driver that no event names. */
const UNNAMED = 'unnamed';
/** Of a function whose ids no event shows. */
const NO_IDS: PciIds = { vendor: 0, device: 0, subvendor: null, subdevice: null, class: 0 };

class Lesson {
  readonly #beginning: Beginning;
  readonly #groups: ReadonlyMap<string, number>;
  readonly #seen = new SeenHardware();
  readonly #order = new DriverOrder();
  readonly #drivers = new Map<string, Taught>();
  readonly #vfs = new Map<string, Vfs>();
  /** Functions that are no VFs and not in the snapshot. */
  readonly #others = new Set<string>();
  readonly #ids = new Map<string, PciIds>();
  readonly #reasons = new Reasons();
  readonly #bound = new Map<string, string>();
  /** Calls that are under way in each thread. */
  readonly #open = new Map<number, RecordedEvent[]>();
  /** Numbers of the events with which calls began. */
  readonly #began = new WeakMap<RecordedEvent, number>();
  /** The last event of each thread. */
  readonly #last = new Map<number, number>();

  constructor(private readonly recording: Recording) {
    this.#beginning = new Beginning(recording);
    this.#groups = groupsOfMachine(recording);
    for (const [name, { loaded }] of recording.drivers) {
      this.#driver(name, false);
      if (loaded === true) this.#reasons.giveIds(name, this.#givenIds(name), -1);
    }
    for (const [address, driver] of firstDriversOf(recording.events)) {
      if (!recording.functions.has(address)) this.#bound.set(address, driver);
    }
    for (const [address, { ids, driver, override, physfn }] of recording.functions) {
      if (ids !== null) this.#ids.set(address, ids);
      if (physfn !== null) this.#vfIsAt(physfn, address, ids?.device ?? null);
      this.#reasons.setOverride(address, override, -1);
      if (driver === null) continue;
      this.#bound.set(address, driver);
      this.#tries(driver, address, 0);
    }
  }

  take(e: RecordedEvent, at: number): void {
    this.#beginning.take(e);
    this.#reasons.take(e, at);
    this.#seen.take(e);
    const { driver, name } = e;
    // Mediated devices come by writes that name them: nothing has to be learned of them.
    const device = e.device !== null && isUuid(e.device) ? null : e.device;
    if (name === 'create') for (const one of MDEV_DRIVERS) this.#driver(one, false);
    if (driver !== null) this.#driver(driver, name === 'bus_add_driver');
    if (driver !== null && name === 'bus_add_driver' && e.phase === 'end')
      this.#reasons.giveIds(driver, this.#givenIds(driver), at, e.tid);
    const open = this.#open.get(e.tid) ?? [];
    this.#open.set(e.tid, open);
    if (e.phase === 'end') {
      while (open.length > 0 && open.pop()!.name !== name);
    }
    if (device !== null) this.#learnOrder(e, device, open);
    if (name === 'pci_device_add' && device !== null) this.#added(e, at, device, open);
    else if (device !== null && e.kind !== 'sysfs.write') this.#meet(device);
    if (e.kind === 'match' && e.phase === 'begin' && device !== null && driver !== null)
      this.#tries(driver, device, open.length > 0 ? this.#began.get(open[0])! : at - 1);
    if (name === 'driver_bound' && device !== null && driver !== null)
      this.#bound.set(device, driver);
    if (name === 'device_unbind_cleanup' && device !== null) this.#bound.delete(device);
    this.#sriov(e, open);
    if (e.phase === 'begin') {
      open.push(e);
      this.#began.set(e, at);
    }
    this.#last.set(e.tid, at);
  }

  /** Ids that the parameters of a driver's module have. */
  #givenIds(driver: string): readonly IdMatch[] {
    return idsOf(this.recording.drivers.get(driver)?.parameters ?? {});
  }

  #driver(name: string, late: boolean): Taught {
    let taught = this.#drivers.get(name);
    if (taught === undefined) {
      taught = { late, sriov: null, tried: new Map() };
      this.#drivers.set(name, taught);
    }
    return taught;
  }

  /**
   * A driver is tried for its override, for a dynamic id, or for what its table claims.
   * @param since the event before which it cannot have matched
   */
  #tries(driver: string, device: string, since: number): void {
    const ids = this.#ids.get(device);
    if (ids === undefined || this.#reasons.mayMatch(driver, device, ids, since)) return;
    if (driverModel(driver).overrideOnly && !this.#reasons.isWritten(device)) {
      this.#beginning.hasOverride(device, driver);
      return;
    }
    const { vendor, class: code } = ids;
    const entry: IdMatch = {
      vendor,
      device: ids.device,
      subvendor: null,
      subdevice: null,
      class: code,
      classMask: 0xff_ffff,
    };
    this.#driver(driver, false).tried.set(JSON.stringify(entry), entry);
  }

  #learnOrder(e: RecordedEvent, device: string, callers: readonly RecordedEvent[]): void {
    const since = this.#last.get(e.tid) ?? 0;
    this.#order.take(e, {
      callers,
      matching: () => {
        const ids = this.#ids.get(device);
        if (ids === undefined) return [];
        return [...this.#drivers.keys()].filter((name) =>
          this.#reasons.matchesSince(name, device, ids, since, this.#claims(name, ids)),
        );
      },
      override: () => this.#reasons.overrideOf(device),
    });
  }

  /** Whether the table of a driver claims a function. */
  #claims(driver: string, ids: PciIds): boolean {
    const { overrideOnly, table } = driverModel(driver);
    const { late, tried } = this.#driver(driver, false);
    if (late || overrideOnly) return false;
    return [...(table ?? []), ...tried.values()].some((entry) => covers(entry, ids) === true);
  }

  /** Which of the two ways the driver of a PF makes its VFs, or that it makes none. */
  #sriov(e: RecordedEvent, open: readonly RecordedEvent[]): void {
    if (e.device === null) return;
    if (e.kind === 'sysfs.write' && e.name === 'sriov_numvfs') {
      // Only a PF has the file; how many VFs it can have, only VFs that come show.
      this.#meet(e.device);
      this.#vfsOf(e.device);
    }
    const pf = this.#bound.get(e.device) ?? this.#driverOfPf(e.device, e.name);
    if (pf === null) return;
    const taught = this.#driver(pf, false);
    if (e.name === 'sriov_numvfs' && e.ret === -ERRNO.ENOENT) taught.sriov ??= 'none';
    // The core asks for VFs that are there after it has looked whether the driver can make any.
    if (e.name === 'sriov_numvfs' && e.ret === -ERRNO.EBUSY) taught.sriov ??= 'simple';
    if (open.at(-1)?.name !== 'sriov_numvfs' || e.phase === 'end') return;
    if (e.name === 'pci_enable_sriov' || e.name === 'pci_disable_sriov') taught.sriov = 'own';
    const isSimple = e.name === 'sriov_enable' || e.name === 'pci_iov_remove_virtfn';
    if (isSimple && taught.sriov !== 'own') taught.sriov = 'simple';
  }

  /** VFs that come show that their PF has a driver, even if nothing names it. */
  #driverOfPf(pf: string, name: string): string | null {
    if (name !== 'pci_enable_sriov' && name !== 'sriov_enable') return null;
    if (this.recording.functions.has(pf)) return null;
    this.#beginning.hasDriver(pf, UNNAMED);
    this.#bound.set(pf, UNNAMED);
    return UNNAMED;
  }

  #added({ data }: RecordedEvent, at: number, device: string, open: readonly RecordedEvent[]) {
    const told = readIds(data);
    const ids = told ?? NO_IDS;
    this.#reasons.setOverride(device, null, at);
    this.#bound.delete(device);
    const call = open.findLast(({ name }) => name === 'pci_iov_add_virtfn');
    if (call?.device == null) {
      if (!this.recording.functions.has(device)) this.#others.add(device);
      if (told !== null || !this.#ids.has(device)) this.#ids.set(device, ids);
      return;
    }
    const pf = call.device;
    this.#others.delete(device);
    const keeper = driverModel(this.#bound.get(pf) ?? '');
    if (keeper.vfioPci) this.#reasons.setOverride(device, keeper.name, at);
    const vfs = this.#vfsOf(pf);
    vfs.routing.set(call.value, routingId(device) - routingId(pf));
    if (told !== null) vfs.device = told.device;
    const vfDevice = vfs.device ?? this.recording.functions.get(pf)?.vfDevice ?? 0;
    const owner = this.#ids.get(pf) ?? ids;
    this.#ids.set(device, { ...owner, device: vfDevice, subvendor: null, subdevice: null });
  }

  /** A function that no snapshot has, and that was there before: each has ids of its own. */
  #meet(device: string): void {
    if (this.#ids.has(device)) return;
    this.#others.add(device);
    this.#beginning.isThere(device);
    this.#ids.set(device, { ...NO_IDS, device: this.#others.size });
  }

  #vfsOf(pf: string): Vfs {
    let vfs = this.#vfs.get(pf);
    if (vfs === undefined) {
      vfs = { routing: new Map(), device: null };
      this.#vfs.set(pf, vfs);
    }
    return vfs;
  }

  /** A VF of the snapshot: those of a PF come in the order of their routing ids. */
  #vfIsAt(pf: string, address: string, device: number | null): void {
    const vfs = this.#vfsOf(pf);
    const routing = [...vfs.routing.values(), routingId(address) - routingId(pf)];
    routing.sort((a, b) => a - b);
    for (const [i, id] of routing.entries()) vfs.routing.set(i, id);
    if (device !== null) vfs.device = device;
  }

  functions(): FunctionSpec[] {
    const here = [...this.recording.functions].filter(([, { physfn }]) => physfn === null);
    return [...here.map(([address]) => address), ...this.#others].map((address) => ({
      address,
      ids: this.#ids.get(address) ?? NO_IDS,
      ...this.#beginning.start(address),
      sriov: this.#sriovOf(address),
      ...this.#partsOf(address, null),
    }));
  }

  /** Group and hardware of a function. @param vf which VF of a PF it is; null for none */
  #partsOf(address: string, vf: { readonly pf: string; readonly index: number } | null): VfSpec {
    const group = this.#groups.get(address);
    const hardware = this.#hardwareOf(address, vf);
    return {
      ...(group === undefined ? {} : { group }),
      ...(hardware === null ? {} : { hardware }),
    };
  }

  #hardwareOf(
    address: string,
    vf: { readonly pf: string; readonly index: number } | null,
  ): HardwareSpec | null {
    const { config, functions } = this.recording;
    const resources =
      config.resources(address) ?? (vf === null ? null : config.resourcesOfVf(vf.pf, vf.index));
    const known = config.config(address);
    const bytes = known ?? config.asRead(address);
    const seen = known === null ? this.#seen.of(address) : null;
    const shown = resources ?? (bytes === null ? null : resourcesRead(bytes, seen?.bars ?? []));
    const recorded = { config: bytes, resources: shown ?? [], isVf: vf !== null };
    const hardware = shown === null ? seen : { ...(seen ?? NOTHING), recorded };
    // What a variant of vfio-pci finds decides whether its probe succeeds.
    const properties = functions.get(address)?.properties ?? null;
    return properties === null ? hardware : { ...(hardware ?? defaultHardware), properties };
  }

  #sriovOf(pf: string): SriovSpec | null {
    const facts = this.recording.functions.get(pf);
    const vfs = this.#vfs.get(pf);
    const totalVfs = facts?.maxVfs ?? (vfs === undefined ? null : vfs.routing.size);
    if (totalVfs === null) return null;
    const [first = 1, second] = [vfs?.routing.get(0), vfs?.routing.get(1)];
    const stride = second === undefined ? 1 : second - first;
    return {
      totalVfs,
      offset: first,
      stride,
      vfDevice: vfs?.device ?? facts?.vfDevice ?? 0,
      autoprobe: facts?.autoprobe ?? true,
      vfs: this.#vfsAtStart(pf),
      known: Array.from({ length: vfs?.routing.size ?? 0 }, (_, index) =>
        this.#partsOf(vfAddressOf(pf, first, stride, index), { pf, index }),
      ),
    };
  }

  #vfsAtStart(pf: string): FunctionStart[] {
    const vfs = [...this.recording.functions].filter(([, { physfn }]) => physfn === pf);
    vfs.sort(([a], [b]) => routingId(a) - routingId(b));
    const starts = vfs.map(([address]) => this.#beginning.start(address));
    return starts.filter(({ present }) => present);
  }

  /** In the order of registration where it is known, else in that of their first events. */
  drivers(): DriverSpec[] {
    const { drivers } = this.recording;
    const order = (name: string): number => drivers.get(name)?.order ?? drivers.size;
    const names = [...this.#drivers.keys()].sort((a, b) => order(a) - order(b));
    return this.#order.sort(names).map((name): DriverSpec => {
      const { late, sriov, tried } = this.#drivers.get(name)!;
      const facts = drivers.get(name);
      const { parameters = {} } = facts ?? {};
      return {
        name,
        ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
        loaded: facts?.loaded ?? !late,
        table: facts?.ids ?? tableOf(name, [...tried.values()]),
        isAsync: facts?.isAsync ?? false,
        sriov,
        answers: [],
        defersUntil: null,
      };
    });
  }
}

/** Hardware without anything that a recording does not show. */
const NOTHING: HardwareSpec = {
  bars: [],
  pin: false,
  msi: 0,
  msix: 0,
  express: false,
  reset: 0,
};

/**
 * What a driver claims: its model's table, and what it was tried on without any other reason. Only
 * functions whose ids are not known can be missing in a model's table.
 */
function tableOf(name: string, tried: readonly IdMatch[]): IdMatch[] | null {
  const { overrideOnly, table } = driverModel(name);
  if (overrideOnly) return tried.length > 0 ? [...tried] : null;
  if (table === null) return [...tried];
  const unknown = tried.filter(({ vendor }) => vendor === NO_IDS.vendor);
  return unknown.length > 0 ? [...table, ...unknown] : null;
}
