/**
 * Identifies the processes that act on devices: their command line and control group, from /proc.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { CELL, type EventAppender } from '../../traces/index.js';
import type { Probe } from '../catalogue/index.js';
import type { TraceRecord } from '../mapping/trace-record.js';
import { optional } from './optional.js';

/** A process according to /proc; a process of the kernel has no command line. */
export interface Actor {
  readonly cmdline: readonly string[];
  readonly exe: string | null;
  /** Path in the unified hierarchy, which names containers, pods and virtual machines. */
  readonly cgroup: string | null;
}

/** Undefined when the process has ended. */
export function readActor(pid: number): Actor | undefined {
  const cmdline = readOptional(`/proc/${pid}/cmdline`);
  if (cmdline === undefined) return undefined;
  return {
    cmdline: cmdline.replace(/\0$/, '').split('\0'),
    exe: optional(() => readlinkSync(`/proc/${pid}/exe`), null),
    cgroup: cgroupOf(readOptional(`/proc/${pid}/cgroup`) ?? ''),
  };
}

const readOptional = (file: string): string | undefined =>
  optional(() => readFileSync(file, 'utf8'), undefined);

/** The unified hierarchy has number 0; of the older ones the first that is not the root. */
function cgroupOf(text: string): string | null {
  const paths = text.split('\n').flatMap((line) => /^(\d+):[^:]*:(.*)$/.exec(line)?.slice(1) ?? []);
  const pairs = Array.from({ length: paths.length / 2 }, (_, n) => paths.slice(2 * n, 2 * n + 2));
  const unified = pairs.find(([hierarchy]) => hierarchy === '0')?.[1];
  const other = pairs.find(([, path]) => path !== '/')?.[1];
  return unified !== undefined && unified !== '/' ? unified : (other ?? unified ?? null);
}

const ACTS: ReadonlySet<string> = new Set(['group.open', 'file.open', 'syscall']);

/** Whether a record of a probe shows that its process does something to a device. */
export const isAct = ({ path, kind, role }: Probe): boolean =>
  role === 'entry' &&
  (path === 'sysfs' || path === 'vfio' || (typeof kind === 'string' && ACTS.has(kind)));

/** Processes to remember; beyond that, they are looked up again. */
const ACTORS_MAX = 1 << 14;

/** Reports the identity of a process before the first thing that it is seen to do. */
export class Actors {
  readonly #known = new Set<number>();

  constructor(
    private readonly events: EventAppender,
    private readonly read: (pid: number) => Actor | undefined = readActor,
  ) {}

  /**
   * A process acts: appends an event with its identity, unless one exists or the process has ended.
   */
  act({ tgid, tid, task, cpu, tsLow, tsHigh }: TraceRecord): void {
    if (tgid <= 0 || this.#known.has(tgid)) return;
    if (this.#known.size >= ACTORS_MAX) this.#known.clear();
    this.#known.add(tgid);
    const actor = this.read(tgid);
    if (actor === undefined) return;
    const events = this.events;
    const row = events.row('sysfs');
    row.start(events.kind('process'), events.phase('point'));
    row.timeWords(tsLow, tsHigh);
    row.set(CELL.name, events.id('name', 'actor'));
    row.set(CELL.pid, tgid);
    row.set(CELL.tid, tid);
    if (cpu >= 0) row.set(CELL.cpu, cpu);
    if (task >= 0) row.set(CELL.task, task);
    row.text(JSON.stringify(actor));
    events.append(row);
  }

  /** A process is another program from now on, or a new one has its number. */
  forget(tgid: number): void {
    this.#known.delete(tgid);
  }
}
