/**
 * What an order of operations leads to: the kernel that runs does them to one function, one after
 * the other, with drivers that answer as they were seen to.
 */
import {
  boot,
  type Kernel,
  type KernelAction,
  World as KernelWorld,
  type NativeDrivers,
} from '../../replay/index.js';
import { type Bdf, ERRNO } from '../../traces/index.js';
import {
  actionOf,
  driversOf,
  functionOf,
  mentioned,
  type Place,
  type World,
} from './life-machine.js';
import type { Action, BindingState, Lifetime, Operation } from './operation.js';

/** What an order led to: every driver whose probe was entered, and which one was left bound. */
export interface Outcome {
  /** `driver` for a probe that succeeded, `driver!` for one that failed, in order. */
  readonly probes: readonly string[];
  readonly driver: string | null;
}

/** A moment of a trial that it can go back to. */
export interface Mark {
  readonly moment: number;
  readonly taken: readonly number[];
  readonly probes: number;
  readonly state: Pick<BindingState, 'mayBind'> & { readonly autoprobe: boolean };
}

/** Places of the machine of a trial: the function is a VF of the first, or is alone. */
const PF = '0000:00:01.0' as Bdf;
const VF = '0000:00:01.1' as Bdf;
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
  readonly #place: Place;
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
    this.#place = physfn === null ? { device: PF, physfn } : { device: VF, physfn: PF };
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
    const { mayBind, driver, override } = this.lifetime.initial;
    const { autoprobe, natives } = this.world;
    const named = (name: string | null) => (name === null ? null : this.#nameOf(name));
    const initial = { mayBind, driver: named(driver), override: named(override) };
    const names = this.#drivers.map((name) => this.#nameOf(name));
    const matching = natives.map((name) => this.#nameOf(name));
    const operationsOf = (list: readonly KernelAction[]) =>
      list.map((action) => ({ action, when: null, onError: 'continue' as const }));
    const arrival = actionOf({ type: 'initial' }, this.#place);
    return new KernelWorld({
      machine: {
        kernel: '6.12',
        functions: [functionOf({ ...this.#place, initial }, autoprobe)],
        drivers: driversOf(this.#place, names, matching, () => []),
      },
      actors: [
        { name: 'doer', operations: operationsOf(actions) },
        { name: 'maker', operations: operationsOf(mayBind ? [] : [arrival]) },
      ],
    });
  }

  #actionOf(action: Action): KernelAction {
    switch (action.type) {
      case 'initial':
        // The other thread does it.
        return { type: 'plug', addresses: [] };
      case 'release':
        // In another order its driver may not be bound: then nothing is released.
        return this.#actionOf({ ...action, type: 'unbind' });
      case 'override':
      case 'bind':
      case 'unbind':
      case 'new_id': {
        const driver = action.driver === null ? null : this.#nameOf(action.driver);
        return actionOf({ ...action, driver } as Action, this.#place);
      }
      default:
        return actionOf(action, this.#place);
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
    const dev = k.findDevice(k.world.place(this.#place.device));
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
    const dev = k.findDevice(k.world.place(this.#place.device));
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
