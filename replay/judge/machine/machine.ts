import { type AddressRange, X86_INTERRUPTS } from '../../model/interrupt-range.js';
import { type KernelRules, kernelRules } from '../../model/kernel-rules.js';
import { certainly, either, type Possible } from '../../model/possible.js';
import { type ClaimsData, newClaims } from './claims-data.js';
import { Claims } from './driver-claims.js';
import { forgetDevice, newDevice, type PciDevice, type PendingOverride } from './pci-device.js';

/** The state of the machine, as plain data. */
export interface MachineData {
  readonly devices: Map<string, PciDevice>;
  /** A snapshot has listed the functions: an address that it lacks does not exist. */
  listed: boolean;
  /**
   * Addresses that its IOMMUs reserve for interrupt messages: those of x86, unless a snapshot has
   * others.
   */
  interrupts: AddressRange;
  readonly claims: ClaimsData;
}

/** The most writes of an override to remember: more are unlikely at the same time. */
const PAST_MAX = 32;

export const newMachine = (): MachineData => ({
  devices: new Map(),
  listed: false,
  interrupts: X86_INTERRUPTS,
  claims: newClaims(),
});

/** The modelled parts of a kernel: PCI functions, drivers, and what binds them. */
export class Machine {
  kernel: KernelRules;
  readonly claims: Claims;
  readonly #data: MachineData;
  readonly #devices: Map<string, PciDevice>;

  /** @param release kernel release of the recording, such as `6.1.0-56-amd64` */
  constructor(release: string | undefined, data: MachineData = newMachine()) {
    this.kernel = kernelRules(release);
    this.claims = new Claims(data.claims);
    this.#data = data;
    this.#devices = data.devices;
  }

  /** The device at an address, also when it does not exist, or is not known to. */
  device(address: string): PciDevice {
    let device = this.#devices.get(address);
    if (device === undefined) {
      device = newDevice(address, this.#data.listed ? [false] : 'unknown');
      if (this.#data.listed) device.assumed = { driver: true, override: true };
      this.#devices.set(address, device);
    }
    return device;
  }

  get interrupts(): AddressRange {
    return this.#data.interrupts;
  }

  set interrupts(range: AddressRange) {
    this.#data.interrupts = range;
  }

  /** How many addresses were ever named. */
  get size(): number {
    return this.#devices.size;
  }

  find(address: string): PciDevice | undefined {
    return this.#devices.get(address);
  }

  /** The PF of a VF, when both are known to be so. */
  physfnOf({ physfn }: PciDevice): PciDevice | undefined {
    return physfn === null ? undefined : this.find(physfn);
  }

  /** All addresses that were ever named, in the order of their first event. */
  get devices(): Iterable<PciDevice> {
    return this.#devices.values();
  }

  /** A snapshot says that the function exists. */
  list(address: string): PciDevice {
    const device = Object.assign(this.device(address), newDevice(address, [true]));
    this.#data.listed = true;
    return device;
  }

  /**
   * A function is created: facts about an earlier one at its address are void.
   * @param born the event that showed it
   */
  create(address: string, born: number): PciDevice {
    const device = this.device(address);
    Object.assign(device, newDevice(address, [true]), {
      visible: [false, true],
      bindable: [false],
      born,
    });
    return device;
  }

  /** Whether a driver certainly has a device other than one. */
  isBoundAnywhere(driver: string, but: PciDevice | null = null): boolean {
    for (const device of this.#devices.values()) {
      if (device !== but && device.bound && certainly(device.driver, driver)) return true;
    }
    return false;
  }

  /** A device loses its driver, which may unregister if it has no other device. */
  loosen(device: PciDevice, driver: string | null = null): void {
    const before = device.driver === 'unknown' ? [] : device.driver;
    for (const name of new Set([...before, driver])) {
      if (name !== null && !this.isBoundAnywhere(name, device)) this.claims.loosen(name);
    }
  }

  /** The function is removed, and dead for threads that still refer to it. */
  remove(device: PciDevice): void {
    this.loosen(device);
    const { ids } = device;
    Object.assign(device, newDevice(device.address, [false]), { dead: [true], ids });
  }

  /**
   * The function is removed, and another may come to its address unseen.
   * @param removed the event that showed the removal: threads that were there before refer to the
   *   removed one
   */
  forgetAt(device: PciDevice, removed: number): void {
    this.loosen(device);
    forgetDevice(device, { born: removed });
  }

  /** The possible overrides for a thread that reads now without the device lock. */
  override(device: PciDevice): Possible<string | null> {
    let value = device.override;
    for (const pending of device.pending) value = either(value, [pending.value]);
    return value;
  }

  /** What the override may have been at any moment since `seq`. */
  overrideSince(device: PciDevice, seq: number): Possible<string | null> {
    let value = this.override(device);
    for (const past of device.past) {
      if (past.seq > seq) value = either(either(value, past.before), [past.value]);
    }
    return value;
  }

  /**
   * A write of an override has ended, at `seq`. Writes that ended since it began may have had the
   * lock after it, since it may return late: each may be the last one.
   */
  endOverrideWrite(device: PciDevice, { value, seq: begun }: PendingOverride, seq: number): void {
    const before = device.override;
    const rivals = device.past.filter((past) => past.seq > begun).map((past) => past.value);
    const contested = device.pending.length > 0;
    const settled = either([value], rivals);
    device.override = contested ? either(this.override(device), settled) : settled;
    device.past.push({ before, value, seq });
    if (device.past.length > PAST_MAX) device.past.shift();
  }

  /** The facts of a snapshot about drivers, overrides and VFs may have changed. */
  forgetAssumed(): void {
    this.#data.listed = false;
    for (const device of this.#devices.values()) {
      const { assumed, sriov } = device;
      if (certainly(device.visible, false) && assumed.driver) {
        forgetDevice(device);
        continue;
      }
      if (assumed.driver) device.driver = 'unknown';
      // A VF exists only between two writes, and does not survive a boot.
      if (assumed.driver && device.physfn !== null) {
        Object.assign(device, { visible: 'unknown', bindable: 'unknown', dead: 'unknown' });
      }
      if (assumed.override) device.override = 'unknown';
      if (sriov?.assumed.numVfs) sriov.numVfs = 'unknown';
      if (sriov?.assumed.autoprobe) sriov.autoprobe = 'unknown';
    }
  }

  /** Some function is created, and nothing shows which: any that does not exist may be it. */
  forgetAbsent(): void {
    this.#data.listed = false;
    for (const device of this.#devices.values()) {
      if (certainly(device.visible, false)) forgetDevice(device);
    }
  }

  /** No fact of the snapshot is about this machine. */
  forgetSnapshot(): void {
    this.forgetAssumed();
    this.claims.clear();
    for (const device of this.#devices.values()) {
      if (device.born < 0) forgetDevice(device);
    }
  }

  /** Events were lost: everything that they may have changed is no longer known. */
  forget(): void {
    this.#data.listed = false;
    this.claims.forget();
    for (const device of this.#devices.values()) {
      device.driver = 'unknown';
      device.override = 'unknown';
      device.pending = [];
      device.past = [];
      device.visible = 'unknown';
      device.bindable = 'unknown';
      device.dead = 'unknown';
      if (device.sriov !== null) {
        device.sriov.numVfs = 'unknown';
        device.sriov.autoprobe = 'unknown';
      }
    }
  }
}
