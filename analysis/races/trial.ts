/**
 * What an order of operations leads to: the kernel that runs does them to one function, one after
 * the other, with drivers that answer as they were seen to.
 */
import {
  boot,
  type Kernel,
  type KernelAction,
  type KernelFunction,
  World as KernelWorld,
  type NativeDrivers,
} from '../../replay/index.js';
import { ERRNO } from '../../traces/index.js';
import type { Habit } from './habits.js';
import type { Action, BindingState, Lifetime, Operation } from './operation.js';

/** What an order led to: every driver whose probe was entered, and which one was left bound. */
export interface Outcome {
  /** `driver` for a probe that succeeded, `driver!` for one that failed, in order. */
  readonly probes: readonly string[];
  readonly driver: string | null;
}

/** What is taken for a life: the flag of the PF when it began, and what drivers do. */
export interface World {
  readonly autoprobe: boolean;
  /** Drivers that match the device without an override, in their order. */
  readonly natives: readonly string[];
  readonly habit: (driver: string) => Habit;
}

/** A moment of a trial that it can go back to. */
export interface Mark {
  readonly moment: number;
  readonly taken: readonly number[];
  readonly probes: number;
  readonly state: Pick<BindingState, 'mayBind'> & { readonly autoprobe: boolean };
}

/** Places of the machine of a trial: the function is a VF of the first, or is alone. */
const PF = '0000:00:01.0';
const VF = '0000:00:01.1';
const IDS = { vendor: 1, device: 1, subvendor: 1, subdevice: 1, class: 0x020000 };
const VF_DEVICE = 2;
const PF_DRIVER = 'pf';
/** Other drivers have their number after it. */
const DRIVER = 'driver-';
const numberOf = (name: string): number => Number(name.slice(DRIVER.length));
/** Threads: one does the operations, the other makes the function. */
const DOER = 0;
const MAKER = 1;

export class Trial {
  readonly #k: Kernel;
  /** Drivers by number; their names in the trial are not theirs, so that no model answers. */
  readonly #drivers: readonly string[];
  readonly #place: string;
  readonly #probes: string[] = [];
  #taken: number[];
  #mayBind: boolean;
  #autoprobe: boolean;
  /** Drivers whose table grew. */
  readonly #natives: Set<string>;

  constructor(
    private readonly lifetime: Lifetime,
    private readonly world: World,
  ) {
    const { initial, operations, physfn } = lifetime;
    this.#place = physfn === null ? PF : VF;
    this.#natives = new Set(world.natives);
    this.#drivers = [...new Set([...world.natives, ...mentioned(lifetime)])];
    this.#taken = this.#drivers.map(() => 0);
    this.#mayBind = initial.mayBind;
    this.#autoprobe = world.autoprobe;
    this.#k = boot(this.#machine(operations.map(({ action }) => this.#actionOf(action))));
    this.#k.natives = this.#answers();
    if (!initial.mayBind) this.#make();
    this.#k.cells.forgetUndo();
  }

  #machine(actions: readonly KernelAction[]): KernelWorld {
    const { initial } = this.lifetime;
    const isVf = this.#place === VF;
    const start = {
      present: initial.mayBind,
      driver: initial.driver === null ? null : this.#nameOf(initial.driver),
      override: initial.override === null ? null : this.#nameOf(initial.override),
    };
    const ids = { ...IDS, device: isVf ? VF_DEVICE : IDS.device, subvendor: null, subdevice: null };
    const { autoprobe } = this.world;
    const vfs = initial.mayBind ? [start] : [];
    const sriov = { totalVfs: 1, offset: 1, stride: 1, vfDevice: VF_DEVICE, autoprobe, vfs };
    const pf = { present: true, driver: PF_DRIVER, override: null };
    const one: KernelFunction = isVf
      ? { address: PF, ids: IDS, ...pf, sriov }
      : { address: PF, ids, ...start, sriov: null };
    const claim = { ...ids, subvendor: null, subdevice: null, classMask: 0xff_ffff };
    const driver = { loaded: true, isAsync: false, sriov: null, answers: [], defersUntil: null };
    const own = this.#drivers.map((name) => ({
      ...driver,
      name: this.#nameOf(name),
      table: this.world.natives.includes(name) ? [claim] : [],
    }));
    const ofPf = { ...driver, name: PF_DRIVER, table: [], sriov: 'simple' as const };
    const operationsOf = (list: readonly KernelAction[]) =>
      list.map((action) => ({ action, when: null, onError: 'continue' as const }));
    const arrival: KernelAction = isVf
      ? { type: 'write', attribute: 'sriov_numvfs', address: PF, driver: null, text: '1' }
      : { type: 'plug', addresses: [PF] };
    return new KernelWorld({
      machine: { kernel: '6.12', functions: [one], drivers: [...own, ofPf] },
      actors: [
        { name: 'doer', operations: operationsOf(actions) },
        { name: 'maker', operations: operationsOf(initial.mayBind ? [] : [arrival]) },
      ],
    });
  }

  #actionOf(action: Action): KernelAction {
    const write = (attribute: string, text: string, driver: string | null = null) => ({
      type: 'write' as const,
      attribute,
      address: this.#place,
      driver: driver === null ? null : this.#nameOf(driver),
      text,
    });
    switch (action.type) {
      case 'initial':
        return { type: 'plug', addresses: [] };
      case 'override':
        // A line break clears it; a write of no bytes does nothing.
        return write(
          'driver_override',
          action.driver === null ? '\n' : this.#nameOf(action.driver),
        );
      case 'bind':
        return write('bind', this.#place, action.driver);
      case 'unbind':
      case 'release':
        return write('unbind', this.#place, action.driver);
      case 'drivers_probe':
        return write('drivers_probe', this.#place);
      case 'new_id': {
        const device = this.#place === VF ? VF_DEVICE : IDS.device;
        return write('new_id', `${IDS.vendor} ${device}`, action.driver);
      }
      case 'autoprobe':
        return { ...write('sriov_drivers_autoprobe', action.on ? '1' : '0'), address: PF };
    }
  }

  #nameOf(driver: string): string {
    return `${DRIVER}${this.#drivers.indexOf(driver)}`;
  }

  #answers(): NativeDrivers {
    const none = () => 0;
    return {
      probe: () => {
        const k = this.#k;
        const driver = numberOf(k.driverAt(k.drv).name);
        const works = this.#result(driver);
        this.#probes.push(works ? this.#drivers[driver] : `${this.#drivers[driver]}!`);
        return works ? 0 : -ERRNO.ENODEV;
      },
      claim: none,
      vfsInProbe: none,
      disablesVfs: () => false,
      failure: none,
    };
  }

  /**
   * The recorded result of this probe; beyond what was recorded, a driver does as it did last, and
   * to a device that it was never asked for as it did to others of these ids.
   */
  #result(driver: number): boolean {
    const name = this.#drivers[driver];
    const recorded = this.lifetime.probes.get(name) ?? [];
    // A driver that the gate refused was not called.
    const results = recorded.filter(({ doubtful }) => this.#autoprobe || !doubtful);
    const index = this.#taken[driver]++;
    const result = results[Math.min(index, results.length - 1)];
    if (result !== undefined) return result.works;
    const { probes, worked } = this.world.habit(name);
    return probes === 0 || worked * 2 > probes;
  }

  /** Makes the function: it can be found, and its first probe has not begun. */
  #make(): void {
    const k = this.#k;
    while (k.canRun(MAKER) && k.callsOf(MAKER)[0] !== 'pci_bus_add_device') k.step(MAKER);
    const { override } = this.lifetime.initial;
    const dev = k.findDevice(k.world.place(this.#place));
    if (override !== null && dev !== 0) k.setOverride(dev, this.#nameOf(override));
  }

  /** Does the operation with a number, whatever came before it. */
  run(operation: number): void {
    const k = this.#k;
    const { action } = this.lifetime.operations[operation];
    if (action.type === 'autoprobe') this.#autoprobe = action.on;
    if (action.type === 'new_id') this.#natives.add(action.driver);
    if (action.type === 'initial') {
      this.#mayBind = true;
      while (k.canRun(MAKER)) k.step(MAKER);
      return;
    }
    k.set(k.progressOf(DOER), operation);
    do k.step(DOER);
    while (k.isInCall(DOER));
    k.set(k.progressOf(DOER), 0);
  }

  mark(): Mark {
    return {
      moment: this.#k.cells.moment,
      taken: [...this.#taken],
      probes: this.#probes.length,
      state: { mayBind: this.#mayBind, autoprobe: this.#autoprobe },
    };
  }

  back({ moment, taken, probes, state }: Mark): void {
    this.#k.cells.undo(moment);
    this.#taken = [...taken];
    this.#probes.length = probes;
    this.#mayBind = state.mayBind;
    this.#autoprobe = state.autoprobe;
  }

  /** Two trials of one life that have the same key go on in the same way. */
  get key(): string {
    return `${this.#k.cells.hash} ${this.#taken.join(' ')}`;
  }

  get outcome(): Outcome {
    return { probes: [...this.#probes], driver: this.#state().driver };
  }

  #state(): BindingState {
    const k = this.#k;
    const dev = k.findDevice(k.world.place(this.#place));
    const named = (name: string | null) =>
      name === null ? null : (this.#drivers[numberOf(name)] ?? name);
    return {
      driver: named(k.boundDriverOf(dev)),
      override: named(k.overrideOf(dev)),
      mayBind: this.#mayBind,
    };
  }

  /** The rest of the life from here on, as a life of its own. */
  rest(operations: readonly Operation[]): LifePart {
    const probes = new Map(
      [...this.lifetime.probes].map(([driver, results]) => {
        const taken = this.#taken[this.#drivers.indexOf(driver)] ?? 0;
        return [driver, results.slice(Math.min(taken, results.length - 1))];
      }),
    );
    const initial = this.#state();
    const lifetime = { ...this.lifetime, initial, probes, operations: [...operations] };
    const natives = [...this.#natives];
    return { lifetime, world: { ...this.world, natives, autoprobe: this.#autoprobe } };
  }
}

/** Drivers that a life names. */
export function mentioned({ initial, operations, probes }: Lifetime): string[] {
  const names = [initial.driver, initial.override, ...probes.keys()];
  for (const { action } of operations) if ('driver' in action) names.push(action.driver);
  return names.filter((name) => name !== null);
}

/** A part of a life, and what holds when it begins. */
export interface LifePart {
  readonly lifetime: Lifetime;
  readonly world: World;
}

/**
 * Operations that are looked at together. All orders of a longer life are too many, and what lies
 * so far apart has nothing to do with each other.
 */
const PART = 256;

/** A life in parts that are not too long. */
export function partsOf(lifetime: Lifetime, world: World): readonly LifePart[] {
  const { operations } = lifetime;
  if (operations.length <= PART) return [{ lifetime, world }];
  const trial = new Trial(lifetime, world);
  const parts: LifePart[] = [];
  for (let from = 0; from < operations.length; from += PART) {
    const to = Math.min(operations.length, from + PART);
    parts.push(trial.rest(operations.slice(from, to)));
    for (let i = from; i < to; i++) trial.run(i);
  }
  return parts;
}
