import type { Dictionary } from '../../../traces/index.js';
import type { Wire } from './wire.js';

/** The kernel's limit of thread ids (PID_MAX_LIMIT). */
const TID_MAX = 1 << 22;
/** Numbers of ProcessTree and its parts. */
const [PROCESSES, THREADS] = [1, 2];
const [TID, THREAD_NAME, TGID] = [1, 2, 3];
const [PID, CMDLINE, IS_COMM] = [1, 3, 9];

/** Names and thread groups that the trace has stated so far. */
export class Threads {
  readonly #tasks = new Map<number, number>();
  readonly #groups = new Map<number, number>();

  constructor(private readonly names: Dictionary) {
    this.#tasks.set(0, names.id('<idle>'));
  }

  /** Id of the name in the dictionary, or -1. */
  task(tid: number): number {
    return this.#tasks.get(tid) ?? -1;
  }

  tgid(tid: number): number {
    return this.#groups.get(tid) ?? -1;
  }

  tree(tree: Wire): void {
    while (tree.next()) {
      if (tree.field === PROCESSES) this.#process(tree.message());
      else if (tree.field === THREADS) this.#thread(tree.message());
    }
  }

  /** An event that has a thread's id and name in these fields. */
  named(event: Wire, idField: number, nameField: number): void {
    let [tid, name] = [-1, ''];
    while (event.next()) {
      if (event.field === idField) tid = event.int;
      else if (event.field === nameField) name = event.text();
    }
    this.#name(tid, name);
  }

  /** A command line is the name of a task only where it says so. */
  #process(process: Wire): void {
    let [pid, name, isComm] = [-1, '', false];
    while (process.next()) {
      if (process.field === PID) pid = process.int;
      else if (process.field === CMDLINE && name === '') name = process.text();
      else if (process.field === IS_COMM) isComm = process.low !== 0;
    }
    if (isTid(pid)) this.#groups.set(pid, pid);
    if (isComm) this.#name(pid, name);
  }

  #thread(thread: Wire): void {
    let [tid, tgid, name] = [-1, -1, ''];
    while (thread.next()) {
      if (thread.field === TID) tid = thread.int;
      else if (thread.field === TGID) tgid = thread.int;
      else if (thread.field === THREAD_NAME) name = thread.text();
    }
    if (isTid(tid) && isTid(tgid)) this.#groups.set(tid, tgid);
    this.#name(tid, name);
  }

  #name(tid: number, name: string): void {
    if (isTid(tid) && name !== '') this.#tasks.set(tid, this.names.id(name));
  }
}

const isTid = (tid: number): boolean => tid > 0 && tid <= TID_MAX;
