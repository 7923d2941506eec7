import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { type RefusedProbe, VfrError } from '../../traces/index.js';
import { removeAll } from './cleanup.js';
import { processesName } from './instance-owner.js';
import type { PlannedEvent, PlannedProbe } from './probe-planner.js';
import type { TraceDirectory } from './tracefs.js';

/** What was requested from the kernel, and what it provided. */
export interface Installed {
  /** Events that are switched on: `SYSTEM/EVENT` as below `events/`. */
  readonly events: readonly string[];
  /** Probes or fields that this kernel cannot provide, with the reason, by event. */
  readonly refused: Readonly<Record<string, readonly string[]>>;
  /** The same, as the trace keeps it. */
  readonly missing: readonly RefusedProbe[];
}

/** Settings of the instances that record. */
export interface InstanceSettings {
  /** Size of each CPU's ring buffer in KiB. */
  readonly bufferKiB: number;
  /** Whether single processes are followed, which requires an instance of its own. */
  readonly followsProcesses: boolean;
}

/** System calls by which a process uses VFIO devices. */
const SYSCALLS = ['ioctl', 'openat', 'pread64', 'pwrite64', 'mmap', 'munmap', 'mremap', 'close'];

/** @throws VfrError when the kernel refuses a setting that a recording cannot be without */
function setting(instance: TraceDirectory, file: string, value: string): void {
  try {
    instance.write(file, value);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'error';
    const what = `the kernel refuses ${value} (${code})`;
    const next =
      code === 'ENOMEM' ? 'Give a smaller --buffer-size: each CPU has one.' : 'See vfr doctor.';
    const place = { file: `${instance.path}/${file}` };
    throw new VfrError('TRACEFS_SETTING', what, next, place, { cause: error });
  }
}

/** vfr's own instances and the probes that feed them, from set-up to removal. */
export class Installation {
  readonly instance: TraceDirectory;
  /** Records system calls, and only those of the processes in its `set_event_pid`. */
  readonly processes: TraceDirectory | undefined;
  /** A file of each instance, held open: so it is in use, for whomever looks from wherever. */
  readonly #held: number[] = [];

  /** @param name Name of the instance and of the group of the probes. */
  constructor(
    readonly top: TraceDirectory,
    readonly name: string,
    settings: InstanceSettings,
  ) {
    this.instance = this.#make(name);
    try {
      this.#set(this.instance, settings);
      if (settings.followsProcesses) {
        this.processes = this.#make(processesName(name));
        this.#set(this.processes, settings);
        this.processes.write('options/event-fork', '1');
      }
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  #make(name: string): TraceDirectory {
    const instance = this.top.makeInstance(name);
    this.#held.push(openSync(join(instance.path, 'tracing_on'), 'r'));
    return instance;
  }

  #set(instance: TraceDirectory, { bufferKiB }: InstanceSettings): void {
    setting(instance, 'trace_clock', 'mono');
    setting(instance, 'buffer_size_kb', String(bufferKiB));
    setting(instance, 'options/overwrite', '1');
  }

  get instances(): readonly TraceDirectory[] {
    return this.processes ? [this.instance, this.processes] : [this.instance];
  }

  /** Records the system calls of these threads, and of those that they make from now on. */
  follow(tids: readonly number[]): void {
    const { processes } = this;
    if (processes === undefined) return;
    // First the pids: without any, the instance would record everybody.
    processes.write('set_event_pid', tids.join(' '), 'append');
    processes.write('tracing_on', '1');
    for (const event of this.syscalls()) processes.writeOptional(`events/${event}/enable`, '1');
  }

  /** The tracepoints of the system calls that a VFIO user makes, if the kernel has them. */
  syscalls(): string[] {
    return SYSCALLS.flatMap((name) => [
      `syscalls/sys_enter_${name}`,
      `syscalls/sys_exit_${name}`,
    ]).filter((event) => this.processes?.has(`events/${event}/format`) === true);
  }

  /**
   * Defines and switches on the planned events. What the kernel refuses is left out with the
   * kernel's reason; nothing is thrown for it.
   */
  install(plans: readonly PlannedProbe[], more: readonly string[]): Installed {
    const defined = plans.map((plan) => {
      const reasons = [...plan.reasons];
      const paths = plan.events.flatMap((event) => {
        const error = event.type === 'tracepoint' ? undefined : this.#define(event);
        if (error !== undefined) reasons.push(error);
        return error === undefined ? [this.#pathOf(event)] : [];
      });
      return { plan, paths, reasons };
    });
    // Recording is on before the first event is, so that the kernel's own counts are ours.
    this.instance.write('tracing_on', '1');
    const isOn = (event: string) => this.instance.writeOptional(`events/${event}/enable`, '1');
    const events = more.filter(isOn);
    const missing: RefusedProbe[] = [];
    for (const { plan, paths, reasons } of defined) {
      const on = paths.filter(isOn);
      events.push(...on);
      if (on.length < paths.length) reasons.push('the kernel did not switch it on');
      const { event, group } = plan.probe;
      if (reasons.length > 0) missing.push({ event, group, absent: on.length === 0, reasons });
    }
    const refused = Object.fromEntries(missing.map(({ event, reasons }) => [event, reasons]));
    return { events, refused, missing };
  }

  #pathOf(event: PlannedEvent): string {
    return `${event.type === 'tracepoint' ? event.system : this.name}/${event.event}`;
  }

  #define(event: Exclude<PlannedEvent, { type: 'tracepoint' }>): string | undefined {
    const type = event.type === 'entry' ? 'p' : 'r';
    const definition = `${type}:${this.name}/${event.event} ${event.definition}\n`;
    try {
      this.top.write('kprobe_events', definition, 'append');
      return undefined;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'error';
      return `the kernel refused the probe (${code}): ${this.top.lastError()}`;
    }
  }

  /** Stops new records; the content of the buffers stays readable. */
  stop(): void {
    for (const instance of this.instances) {
      instance.writeOptional('events/enable', '0');
      instance.writeOptional('tracing_on', '0');
    }
  }

  /** Removes the instance and the probes; its files must be closed. */
  remove(): readonly string[] {
    for (const handle of this.#held.splice(0)) closeSync(handle);
    const own = (name: string) => name === this.name || name === processesName(this.name);
    const { failed, kept } = removeAll(this.top, own);
    return [
      ...failed,
      ...kept.map((name) => `instance ${name}: another process has it open (EBUSY)`),
    ];
  }
}
