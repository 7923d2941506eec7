/**
 * What an order of operations leads to, by the binding rules of the driver core (kernel
 * drivers/base/dd.c, drivers/base/bus.c, drivers/pci/pci-driver.c, 6.1). Small on purpose: it knows
 * one device, and drivers by what they were seen to do.
 */
import type { Action, BindingState, Lifetime, Operation } from './operation.js';

/** What an order led to: every driver whose probe was entered, and which one was left bound. */
export interface Outcome {
  /** `driver` for a probe that succeeded, `driver!` for one that failed, in order. */
  readonly probes: readonly string[];
  readonly driver: string | null;
}

export const sameOutcome = (a: Outcome, b: Outcome): boolean =>
  a.driver === b.driver &&
  a.probes.length === b.probes.length &&
  a.probes.every((probe, i) => probe === b.probes[i]);

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

class Simulation {
  readonly #state: Mutable<BindingState>;
  readonly #probes: string[] = [];
  readonly #taken = new Map<string, number>();
  readonly #natives: Set<string>;

  constructor(
    private readonly lifetime: Lifetime,
    natives: readonly string[],
  ) {
    this.#state = { ...lifetime.initial };
    this.#natives = new Set(natives);
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
        state.autoprobe = action.on;
        break;
    }
  }

  /** Tries the drivers in the order of their registration until one takes the device. */
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
    if (!mayBind) return false;
    return override === null ? this.#natives.has(driver) : override === driver;
  }

  #probe(driver: string): void {
    const { driver: bound, autoprobe, override } = this.#state;
    if (bound !== null) return;
    // pci_device_probe refuses a VF before the driver hears of it.
    if (this.lifetime.isVf && !autoprobe && override === null) return;
    const works = this.#result(driver);
    this.#probes.push(works ? driver : `${driver}!`);
    if (works) this.#state.driver = driver;
  }

  /** The recorded result of this probe; beyond what was recorded, a driver does as it did last. */
  #result(driver: string): boolean {
    const results = this.lifetime.probes.get(driver) ?? [];
    const index = this.#taken.get(driver) ?? 0;
    this.#taken.set(driver, index + 1);
    return results[Math.min(index, results.length - 1)] ?? true;
  }
}

/** @param natives drivers that match the device without an override, in their order */
export function simulate(
  lifetime: Lifetime,
  operations: readonly Operation[],
  natives: readonly string[],
): Outcome {
  const simulation = new Simulation(lifetime, natives);
  for (const { action } of operations) simulation.run(action);
  return simulation.outcome;
}

/** The driver that is bound after each operation of a life, in the recorded order. */
export function driversAfterEach(
  lifetime: Lifetime,
  natives: readonly string[],
): (string | null)[] {
  const simulation = new Simulation(lifetime, natives);
  return lifetime.operations.map(({ action }) => {
    simulation.run(action);
    return simulation.outcome.driver;
  });
}
