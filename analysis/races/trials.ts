/** The recorded order of a life's operations, and orders in which one comes earlier. */
import type { World } from './life-machine.js';
import type { Lifetime } from './operation.js';
import { type Mark, type Outcome, Trial } from './trial.js';

export class Trials {
  /** What the recorded order leads to. */
  readonly recorded: Outcome;
  /** The driver that is bound after each operation, in the recorded order. */
  readonly drivers: readonly (string | null)[];
  readonly #trial: Trial;
  readonly #count: number;
  /** The moment before each operation in the recorded order, where the trial is in it. */
  readonly #marks: Mark[] = [];
  /** The state after each operation in the recorded order, and how many probes there were. */
  readonly #keys: string[] = [];
  readonly #probes: number[] = [];

  constructor(lifetime: Lifetime, world: World) {
    this.#trial = new Trial(lifetime, world);
    this.#count = lifetime.operations.length;
    const drivers: (string | null)[] = [];
    for (let n = 0; n < this.#count; n++) {
      this.#goOn(n);
      const { probes, driver } = this.#trial.outcome;
      this.#keys.push(this.#trial.key);
      this.#probes.push(probes.length);
      drivers.push(driver);
    }
    this.drivers = drivers;
    this.recorded = this.#trial.outcome;
  }

  /** Does an operation in the recorded order. */
  #goOn(operation: number): void {
    this.#marks.push(this.#trial.mark());
    this.#trial.run(operation);
  }

  /** What comes out when operation `from` is done before the earlier operation `to`. */
  moved(from: number, to: number): Outcome {
    const trial = this.#trial;
    for (let n = this.#marks.length; n < to; n++) this.#goOn(n);
    const mark = this.#marks[to] ?? trial.mark();
    trial.back(mark);
    this.#marks.length = to;
    trial.run(from);
    for (let n = to; n < from; n++) trial.run(n);
    const outcome = this.#toTheEnd(from);
    trial.back(mark);
    return outcome;
  }

  /** Goes on until the state is that of the recorded order: from there on all is as recorded. */
  #toTheEnd(done: number): Outcome {
    const trial = this.#trial;
    for (let n = done; n < this.#count; n++) {
      if (n > done) trial.run(n);
      if (trial.key !== this.#keys[n]) continue;
      const rest = this.recorded.probes.slice(this.#probes[n]);
      return { probes: [...trial.outcome.probes, ...rest], driver: this.recorded.driver };
    }
    return trial.outcome;
  }
}
