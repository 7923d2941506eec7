/** The machine of a recording, from its snapshot and its events. */

import { ERRNO } from '../../traces/index.js';
import type { DriverSpec, FunctionSpec, MachineSpec, SriovSpec } from '../kernel/index.js';
import { parseOverride } from '../model/binding/parse-store.js';
import {
  covers,
  type IdMatch,
  type PciIds,
  parseNewId,
  readIds,
} from '../model/binding/pci-ids.js';
import { routingId } from '../model/binding/vf-address.js';
import { driverModel } from '../model/drivers/index.js';
import type { RecordedEvent, Recording } from './recording.js';

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
  for (const e of recording.events) lesson.take(e);
  const rules = overrideIsFree(recording.events) ? { overrideTakesDeviceLock: false } : {};
  return { kernel, rules, functions: lesson.functions(), drivers: lesson.drivers() };
}

/**
 * Whether a write of driver_override ended while another thread held the lock of the function:
 * kernels of 7.1, and stable ones that took over its spinlock, have no `driver_set_override`.
 */
function overrideIsFree(events: readonly RecordedEvent[]): boolean {
  if (events.some(({ name }) => name === 'driver_set_override')) return false;
  /** Calls of `__driver_probe_device`, which are made with the lock, by function. */
  const probing = new Map<string, RecordedEvent>();
  /** What was under way when a thread began to write. */
  const writes = new Map<number, RecordedEvent | undefined>();
  for (const e of events) {
    const { name, phase, device, tid } = e;
    if (device === null) continue;
    if (name === '__driver_probe_device') {
      if (phase === 'begin') probing.set(device, e);
      else probing.delete(device);
    } else if (name === 'driver_override') {
      const held = probing.get(device);
      if (phase === 'end' && held !== undefined && writes.get(tid) === held) return true;
      writes.set(tid, held);
    }
  }
  return false;
}

/** Ids of a function that no event shows. */
const NO_IDS: PciIds = { vendor: 0, device: 0, subvendor: null, subdevice: null, class: 0 };

class Lesson {
  readonly #drivers = new Map<string, Taught>();
  readonly #vfs = new Map<string, Vfs>();
  readonly #late = new Map<string, PciIds>();
  readonly #ids = new Map<string, PciIds>();
  readonly #overrides = new Map<string, string | null>();
  readonly #dynamic = new Map<string, IdMatch[]>();
  readonly #bound = new Map<string, string>();
  /** Calls that are under way in each thread. */
  readonly #open = new Map<number, RecordedEvent[]>();

  constructor(private readonly recording: Recording) {
    for (const name of recording.drivers.keys()) this.#driver(name, false);
    for (const [address, { ids, driver, override }] of recording.functions) {
      if (ids !== null) this.#ids.set(address, ids);
      this.#overrides.set(address, override);
      if (driver === null) continue;
      this.#bound.set(address, driver);
      this.#tries(driver, address);
    }
  }

  take(e: RecordedEvent): void {
    const { device, driver, name } = e;
    if (driver !== null) this.#driver(driver, name === 'bus_add_driver');
    const open = this.#open.get(e.tid) ?? [];
    this.#open.set(e.tid, open);
    if (e.phase === 'end') {
      while (open.length > 0 && open.pop()!.name !== name);
    }
    if (name === 'pci_device_add' && device !== null) this.#added(e, device, open);
    if (e.kind === 'match' && e.phase === 'begin' && device !== null && driver !== null)
      this.#tries(driver, device);
    if (name === 'driver_bound' && device !== null && driver !== null)
      this.#bound.set(device, driver);
    if (name === 'device_unbind_cleanup' && device !== null) this.#bound.delete(device);
    this.#sriov(e, open);
    if (e.kind === 'sysfs.write') this.#store(e);
    if (e.phase === 'begin') open.push(e);
  }

  #driver(name: string, late: boolean): Taught {
    let taught = this.#drivers.get(name);
    if (taught === undefined) {
      taught = { late, sriov: null, tried: new Map() };
      this.#drivers.set(name, taught);
    }
    return taught;
  }

  /** A driver is tried for its override, for a dynamic id, or for what its table claims. */
  #tries(driver: string, device: string): void {
    const ids = this.#ids.get(device);
    if (ids === undefined || this.#overrides.get(device) === driver) return;
    const dynamic = this.#dynamic.get(driver) ?? [];
    if (dynamic.some((entry) => covers(entry, ids) !== false)) return;
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

  #store({ name, phase, device, driver, text }: RecordedEvent): void {
    if (phase !== 'begin') return;
    if (name === 'driver_override' && device !== null)
      this.#overrides.set(device, parseOverride(text));
    if (name !== 'new_id' || driver === null) return;
    const entry = parseNewId(text)?.entry;
    if (entry !== undefined)
      this.#dynamic.set(driver, [...(this.#dynamic.get(driver) ?? []), entry]);
  }

  /** How the driver of a PF creates its VFs, or that it creates none. */
  #sriov(e: RecordedEvent, open: readonly RecordedEvent[]): void {
    const pf = e.device === null ? undefined : this.#bound.get(e.device);
    if (pf === undefined) return;
    const taught = this.#driver(pf, false);
    if (e.name === 'sriov_numvfs' && e.ret === -ERRNO.ENOENT) taught.sriov ??= 'none';
    if (open.at(-1)?.name !== 'sriov_numvfs' || e.phase === 'end') return;
    if (e.name === 'pci_enable_sriov' || e.name === 'pci_disable_sriov') taught.sriov = 'own';
    if (e.name === 'sriov_enable') taught.sriov ??= 'simple';
  }

  #added({ data }: RecordedEvent, device: string, open: readonly RecordedEvent[]): void {
    const told = readIds(data);
    const ids = told ?? NO_IDS;
    this.#overrides.set(device, null);
    this.#bound.delete(device);
    const call = open.findLast(({ name }) => name === 'pci_iov_add_virtfn');
    if (call?.device == null) {
      if (!this.recording.functions.has(device)) this.#late.set(device, ids);
      if (!this.#ids.has(device)) this.#ids.set(device, ids);
      return;
    }
    const pf = call.device;
    let vfs = this.#vfs.get(pf);
    if (vfs === undefined) {
      vfs = { routing: new Map(), device: null };
      this.#vfs.set(pf, vfs);
    }
    vfs.routing.set(call.value, routingId(device) - routingId(pf));
    if (told !== null) vfs.device = told.device;
    const vfDevice = vfs.device ?? this.recording.functions.get(pf)?.vfDevice ?? 0;
    const owner = this.#ids.get(pf) ?? ids;
    this.#ids.set(device, { ...owner, device: vfDevice, subvendor: null, subdevice: null });
  }

  functions(): FunctionSpec[] {
    const { functions } = this.recording;
    const here = [...functions].flatMap(([address, facts]): FunctionSpec[] => {
      if (facts.physfn !== null || facts.ids === null) return [];
      const { ids, driver, override } = facts;
      return [{ address, ids, present: true, driver, override, sriov: this.#sriovOf(address) }];
    });
    const none = { present: false, driver: null, override: null };
    const late = [...this.#late].map(
      ([address, ids]): FunctionSpec => ({
        address,
        ids,
        ...none,
        sriov: this.#sriovOf(address),
      }),
    );
    return [...here, ...late];
  }

  #sriovOf(pf: string): SriovSpec | null {
    const facts = this.recording.functions.get(pf);
    const vfs = this.#vfs.get(pf);
    const totalVfs = facts?.maxVfs ?? (vfs === undefined ? null : vfs.routing.size);
    if (totalVfs === null) return null;
    const [first = 1, second] = [vfs?.routing.get(0), vfs?.routing.get(1)];
    return {
      totalVfs,
      offset: first,
      stride: second === undefined ? 1 : second - first,
      vfDevice: vfs?.device ?? facts?.vfDevice ?? 0,
      autoprobe: facts?.autoprobe ?? true,
    };
  }

  /** In the order of registration if it is known, then in that of their first events. */
  drivers(): DriverSpec[] {
    const { drivers } = this.recording;
    const order = (name: string): number => drivers.get(name)?.order ?? drivers.size;
    const names = [...this.#drivers.keys()].sort((a, b) => order(a) - order(b));
    return names.map((name): DriverSpec => {
      const { late, sriov, tried } = this.#drivers.get(name)!;
      const facts = drivers.get(name);
      const model = driverModel(name);
      const isKnown = model.overrideOnly || model.table !== null;
      return {
        name,
        loaded: facts?.loaded ?? !late,
        table: facts?.ids ?? (isKnown ? null : [...tried.values()]),
        isAsync: facts?.isAsync ?? false,
        sriov,
        answers: [],
        defersUntil: null,
      };
    });
  }
}
