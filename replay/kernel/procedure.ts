/**
 * Kernel functions as procedures that run a step at a time. A procedure is a list of labelled
 * steps. A step is atomic; between two steps any other thread may run. A step therefore ends where
 * another thread can interfere or observe something: at a lock, at a read or a write of state that
 * no lock protects, where the thread waits, and where it returns to user space.
 */

/** The label to go on at; nothing for the next step, after a call, and at the end. */
export type Next = string | undefined;

/** What a thread waits for before a step. */
export interface Wait<K> {
  /** Whether the step can be done. It must change nothing. */
  readonly ready: (k: K) => boolean;
  /** A description of what it waits for. */
  readonly what: (k: K) => string;
  /** Threads that must do something first, if they are known. */
  readonly holders: (k: K) => readonly number[];
}

export interface Step<K> {
  readonly run: (k: K) => Next;
  readonly wait: Wait<K> | null;
  /** It releases a lock: other threads may continue before the joined step is recorded. */
  readonly unlocks: boolean;
  /** It is done together with the step before it: it touches nothing that others can see. */
  readonly joined: boolean;
}

export interface Procedure<K> {
  /** The kernel's name of the function, or the project's if the kernel has none. */
  readonly name: string;
  readonly steps: Readonly<Record<string, Step<K>>>;
}

/** A step of a program: its place, and the step that follows. */
export interface PlacedStep<K> extends Step<K> {
  readonly procedure: string;
  /** Number of the step after it; 0 after the last. */
  readonly next: number;
  /** Numbers of the steps of its procedure, by label. */
  readonly labels: ReadonlyMap<string, number>;
}

/** All procedures, with a number for each step. Number 0 is no step. */
export interface Program<K> {
  readonly steps: readonly PlacedStep<K>[];
  /** The first step of a procedure, by its name. */
  readonly entries: ReadonlyMap<string, number>;
}

export function link<K>(procedures: readonly Procedure<K>[]): Program<K> {
  const steps: PlacedStep<K>[] = [];
  const entries = new Map<string, number>();
  const none: Step<K> = {
    run: () => undefined,
    wait: null,
    unlocks: false,
    joined: false,
  };
  steps.push({ ...none, procedure: '', next: 0, labels: new Map() });
  for (const { name, steps: own } of procedures) {
    const first = steps.length;
    entries.set(name, first);
    const list = Object.entries(own);
    const labels = new Map(list.map(([label], i) => [label, first + i]));
    for (const [i, [, step]] of list.entries()) {
      const next = i + 1 < list.length ? first + i + 1 : 0;
      steps.push({ ...step, procedure: name, next, labels });
    }
  }
  return { steps, entries };
}
