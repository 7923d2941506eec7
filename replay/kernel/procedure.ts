/**
 * How kernel functions are written so that they can be run a step at a time. A procedure is a list
 * of labelled steps. A step is done at once; between two steps any other thread may run. A step
 * ends, therefore, where another thread can come in or see something: at a lock, at a read or a
 * write of state that no lock protects, where the thread waits, and where it goes back to user
 * space.
 */

/** The label to go on at; nothing for the next step, after a call, and at the end. */
export type Next = string | undefined;

/** What a thread waits for before a step. */
export interface Wait<K> {
  /** Whether the step can be done. It must change nothing. */
  readonly ready: (k: K) => boolean;
  /** What is waited for, for people. */
  readonly what: (k: K) => string;
  /** Threads that have to do something first, when it is known who. */
  readonly holders: (k: K) => readonly number[];
}

export interface Step<K> {
  readonly run: (k: K) => Next;
  readonly wait: Wait<K> | null;
  /** It gives a lock back: others may go on before what is joined to it is recorded. */
  readonly unlocks: boolean;
  /** It is done together with the step before it: it touches nothing that others can see. */
  readonly joined: boolean;
}

export interface Procedure<K> {
  /** The kernel's name of the function, or the project's where the kernel has none. */
  readonly name: string;
  readonly steps: Readonly<Record<string, Step<K>>>;
}

/** A step of a program: where it stands, and what follows on it. */
export interface PlacedStep<K> extends Step<K> {
  readonly procedure: string;
  /** Number of the step behind it; 0 behind the last. */
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
