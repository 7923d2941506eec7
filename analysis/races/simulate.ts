/**
 * Simulates an order of operations by the binding rules of the driver core (kernel
 * drivers/base/dd.c, drivers/base/bus.c, drivers/pci/pci-driver.c, 6.1). It only has one device,
 * and drivers that repeat what they did in the recording.
 */
import { autoprobeGate, matchesWith, only } from '../../replay/index.js';
import type { Habit } from './habits.js';
import type { Action, BindingState, Lifetime, Operation } from './operation.js';

/**
 * The outcome of an order: every driver whose probe was entered, and the one that was left bound.
 */
export interface Outcome {
  /** `driver` for a probe that succeeded, `driver!` for one that failed, in order. */
  readonly probes: readonly string[];
  readonly driver: string | null;
}

/** The assumptions for a life: the flag of the PF when it began, and the behaviour of drivers. */
export interface World {
  readonly autoprobe: boolean;
  /** Drivers that match the device without an override, in their order. */
  readonly natives: readonly string[];
  readonly habit: (driver: string) => Habit;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

class Simulation {
  readonly #state: Mutable<BindingState>;
  #autoprobe: boolean;
  readonly #probes: string[] = [];
  readonly #taken = new Map<string, number>();
  readonly #natives: Set<string>;

  constructor(
    private readonly lifetime: Lifetime,
    private readonly world: World,
  ) {
    this.#state = { ...lifetime.initial };
    this.#autoprobe = world.autoprobe;
    this.#natives = new Set(world.natives);
  }

  /** The rest of the life from here on, as a life of its own. */
  rest(operations: readonly Operation[]): LifePart {
    const probes = new Map(
      [...this.lifetime.probes].map(([driver, results]) => [
        driver,
        results.slice(Math.min(this.#taken.get(driver) ?? 0, results.length - 1)),
      ]),
    );
    const initial = { ...this.#state };
    const lifetime = { ...this.lifetime, initial, probes, operations: [...operations] };
    const natives = [...this.#natives];
    return { lifetime, world: { ...this.world, natives, autoprobe: this.#autoprobe } };
  }

  get outcome(): Outcome {
    return { probes: this.#probes, driver: this.#state.driver };
  }

  run(action: Action): void {
    const state = this.#state;
    switch (action.type) {
      case 'initial':
        state.mayBind = true;
        this.#walk();
        break;
      case 'override':
        state.override = action.driver;
        break;
      case 'bind':
        if (this.#matches(action.driver)) this.#probe(action.driver);
        break;
      case 'unbind':
      case 'release':
        if (state.driver === action.driver) state.driver = null;
        break;
      case 'drivers_probe':
        this.#walk();
        break;
      case 'new_id':
        this.#natives.add(action.driver);
        if (this.#matches(action.driver)) this.#probe(action.driver);
        break;
      case 'autoprobe':
        this.#autoprobe = action.on;
        break;
    }
  }

  /** Tries the drivers in the order of their registration until one binds the device. */
  #walk(): void {
    const { override } = this.#state;
    const candidates = override === null ? [...this.#natives] : [override];
    for (const driver of candidates) {
      if (this.#state.driver !== null) return;
      if (this.#matches(driver)) this.#probe(driver);
    }
  }

  #matches(driver: string): boolean {
    const { mayBind, override } = this.#state;
    return mayBind && matchesWith(driver, override, () => this.#natives.has(driver));
  }

  #probe(driver: string): void {
    const { driver: bound, override } = this.#state;
    if (bound !== null) return;
    const isVf = this.lifetime.physfn !== null;
    // The driver is not called for a VF that the gate refuses.
    if (only(autoprobeGate(isVf, [this.#autoprobe], [override])) !== true) return;
    const works = this.#result(driver);
    this.#probes.push(works ? driver : `${driver}!`);
    if (works) this.#state.driver = driver;
  }

  /**
   * The recorded result of this probe. Beyond the recording, a driver repeats its last result; for
   * a device that it was never tried on, its result for others of the same ids.
   */
  #result(driver: string): boolean {
    const recorded = this.lifetime.probes.get(driver) ?? [];
    // A probe that the gate refused did not reach the driver.
    const results = recorded.filter(({ doubtful }) => this.#autoprobe || !doubtful);
    const index = this.#taken.get(driver) ?? 0;
    this.#taken.set(driver, index + 1);
    const result = results[Math.min(index, results.length - 1)];
    if (result !== undefined) return result.works;
    const { probes, worked } = this.world.habit(driver);
    return probes === 0 || worked * 2 > probes;
  }
}

/** A part of a life, and the state when it begins. */
export interface LifePart {
  readonly lifetime: Lifetime;
  readonly world: World;
}

/**
 * The most operations to simulate together. A longer life has too many orders, and operations so
 * far apart do not influence each other.
 */
const PART = 256;

/** A life in parts that are not too long. */
export function partsOf(lifetime: Lifetime, world: World): readonly LifePart[] {
  const { operations } = lifetime;
  if (operations.length <= PART) return [{ lifetime, world }];
  const simulation = new Simulation(lifetime, world);
  const parts: LifePart[] = [];
  for (let from = 0; from < operations.length; from += PART) {
    const part = operations.slice(from, from + PART);
    parts.push(simulation.rest(part));
    for (const { action } of part) simulation.run(action);
  }
  return parts;
}

export function simulate(
  lifetime: Lifetime,
  operations: readonly Operation[],
  world: World,
): Outcome {
  const simulation = new Simulation(lifetime, world);
  for (const { action } of operations) simulation.run(action);
  return simulation.outcome;
}

/** The driver that is bound after each operation of a life, in the recorded order. */
export function driversAfterEach(lifetime: Lifetime, world: World): (string | null)[] {
  const simulation = new Simulation(lifetime, world);
  return lifetime.operations.map(({ action }) => {
    simulation.run(action);
    return simulation.outcome.driver;
  });
}
