import { readdirSync, readFileSync } from 'node:fs';
import type { Dictionary } from '../../traces/index.js';
import { optional } from './optional.js';

/** A new thread shares the process of the one that made it (include/uapi/linux/sched.h). */
const CLONE_THREAD = 0x10000;

interface Task {
  readonly tgid: number;
  /** Id of its comm in the dictionary of tasks. */
  readonly comm: number;
}

/**
 * Names and processes of threads over time. It starts with /proc and follows the tracepoints
 * `task:task_newtask` and `task:task_rename`, so that an event gets the name that its thread had
 * then, and one that ended within milliseconds still has its name.
 */
export class Tasks {
  readonly #tasks = new Map<number, Task>();
  readonly #names: Dictionary;

  constructor(names: Dictionary) {
    this.#names = names;
    this.#tasks.set(0, { tgid: 0, comm: names.id('<idle>') });
  }

  /** Notes all threads that exist now. */
  scan(): void {
    for (const pid of numbersIn('/proc')) {
      for (const tid of numbersIn(`/proc/${pid}/task`)) {
        const comm = readOptional(`/proc/${pid}/task/${tid}/comm`);
        if (comm !== undefined) this.#set(tid, pid, comm.replace(/\n$/, ''));
      }
    }
  }

  /** Copies the names of another recorder's table, under the ids of this one's dictionary. */
  copyFrom(other: Tasks): void {
    for (const [tid, { tgid, comm }] of other.#tasks) this.#set(tid, tgid, other.#names.at(comm));
  }

  created(parent: number, tid: number, comm: string, cloneFlags: number): void {
    const thread = (cloneFlags & CLONE_THREAD) !== 0;
    this.#set(tid, thread ? this.tgid(parent) : tid, comm);
  }

  renamed(tid: number, comm: string): void {
    this.#set(tid, this.#tasks.get(tid)?.tgid ?? -1, comm);
  }

  /** Thread group id, or -1 when unknown. */
  tgid(tid: number): number {
    return this.#tasks.get(tid)?.tgid ?? -1;
  }

  /** Dictionary id of the comm, or -1 when unknown. */
  comm(tid: number): number {
    return this.#tasks.get(tid)?.comm ?? -1;
  }

  #set(tid: number, tgid: number, comm: string): void {
    this.#tasks.set(tid, { tgid, comm: this.#names.id(comm) });
  }
}

const numbersIn = (folder: string): number[] =>
  optional(() => readdirSync(folder), [])
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

const readOptional = (file: string): string | undefined =>
  optional(() => readFileSync(file, 'utf8'), undefined);
