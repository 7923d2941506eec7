import { removeAll } from './cleanup.js';
import type { PlannedEvent, PlannedProbe } from './planner.js';
import type { TraceDirectory } from './tracefs.js';

/** What was asked of the kernel and what it gave. */
export interface Installed {
  /** Events that are switched on: `SYSTEM/EVENT` as below `events/`. */
  readonly events: readonly string[];
  /** Probes or fields that this kernel does not give, with the reason, by event. */
  readonly refused: Readonly<Record<string, readonly string[]>>;
}

/** Settings of the instance that records. */
export interface InstanceSettings {
  /** Size of each CPU's ring buffer in KiB. */
  readonly bufferKiB: number;
}

/** An instance of vfr's own and the probes that feed it, from set-up to removal. */
export class Installation {
  readonly instance: TraceDirectory;

  /** @param name Name of the instance and of the group of the probes. */
  constructor(
    readonly top: TraceDirectory,
    readonly name: string,
    settings: InstanceSettings,
  ) {
    this.instance = top.makeInstance(name);
    try {
      this.instance.write('trace_clock', 'mono');
      this.instance.write('buffer_size_kb', String(settings.bufferKiB));
      this.instance.write('options/overwrite', '1');
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  /**
   * Defines and switches on the planned events. What the kernel refuses is left out with the
   * kernel's reason; nothing is thrown for it.
   */
  install(plans: readonly PlannedProbe[], more: readonly string[]): Installed {
    const refused: Record<string, readonly string[]> = {};
    const events: string[] = [...more];
    for (const plan of plans) {
      const reasons = [...plan.reasons];
      for (const event of plan.events) {
        const error = event.type === 'tracepoint' ? undefined : this.#define(event);
        if (error === undefined) events.push(this.#pathOf(event));
        else reasons.push(error);
      }
      if (reasons.length > 0) refused[plan.probe.event] = reasons;
    }
    // Recording is on before the first event is, so that the kernel's own counts are ours.
    this.instance.write('tracing_on', '1');
    const on = events.filter((event) => {
      if (this.instance.writeOptional(`events/${event}/enable`, '1')) return true;
      refused[event] = ['the kernel did not switch it on'];
      return false;
    });
    return { events: on, refused };
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

  /** Stops new records; what is in the buffers stays readable. */
  stop(): void {
    this.instance.writeOptional('events/enable', '0');
    this.instance.writeOptional('tracing_on', '0');
  }

  /** Removes the instance and the probes; its files must be closed. */
  remove(): readonly string[] {
    return removeAll(this.top, (name) => name === this.name).failed;
  }
}
