/**
 * Detects that another process changes how an instance records: `trace-cmd reset`, a script that
 * switches all tracing off, or an administrator. The events of that time are missing, and no count
 * of the kernel includes them.
 */
import { basename } from 'node:path';
import type { TraceDirectory } from './tracefs.js';

/** Settings that suppress records without a trace, in addition to `tracing_on` and the events. */
const SETTINGS = ['trace_clock', 'tracing_cpumask', 'set_event_notrace_pid'] as const;
/** Events that are named; of more there is a number. */
const NAMES_MAX = 5;

class InstanceWatch {
  readonly #name: string;
  readonly #events: ReadonlySet<string>;
  readonly #settings: ReadonlyMap<string, string>;
  /** Changes that were found and reported. */
  readonly #reported = new Set<string>();

  /** What the instance is set to now is what it is to stay at. */
  constructor(private readonly instance: TraceDirectory) {
    this.#name = basename(instance.path);
    this.#events = this.#enabled();
    this.#settings = new Map(SETTINGS.map((file) => [file, instance.readOptional(file)]));
  }

  /** Whether it records: one small file. */
  switched(): string[] {
    const isOff = this.instance.readOptional('tracing_on').trim() === '0';
    return this.#once(
      'tracing_on',
      isOff,
      `another process switched tracing_on of ${this.#name} off`,
    );
  }

  /** Whether its events are on and its settings the same. */
  settings(): string[] {
    const enabled = this.#enabled();
    const off = [...this.#events].filter((event) => !enabled.has(event));
    const more = off.length > NAMES_MAX ? ` and ${off.length - NAMES_MAX} others` : '';
    const names = off.slice(0, NAMES_MAX).join(', ') + more;
    return [
      ...this.#once('events', off.length > 0, `another process switched events off: ${names}`),
      ...[...this.#settings].flatMap(([file, before]) => {
        const now = this.instance.readOptional(file);
        return this.#once(
          file,
          now !== before,
          `another process set ${file} of ${this.#name}: ${now.trim()}`,
        );
      }),
    ];
  }

  #enabled(): ReadonlySet<string> {
    return new Set(this.instance.readOptional('set_event').trimEnd().split('\n'));
  }

  /** Reports a change once, and again if it was undone and came back. */
  #once(what: string, isChanged: boolean, text: string): string[] {
    const isNew = isChanged && !this.#reported.has(what);
    if (isChanged) this.#reported.add(what);
    else this.#reported.delete(what);
    return isNew ? [text] : [];
  }
}

/** How often all settings are read. */
const SETTINGS_MS = 500;

/** Watches the instances of a recorder. */
export class Watch {
  readonly #instances: readonly InstanceWatch[];
  #looked = Number.NEGATIVE_INFINITY;

  /** To be made when all is switched on. */
  constructor(instances: readonly TraceDirectory[]) {
    this.#instances = instances.map((instance) => new InstanceWatch(instance));
  }

  /**
   * What changed since the last call, as sentences.
   * @param now milliseconds of a clock; Infinity at the end of a recording, which reads all
   * settings
   */
  look(now: number): string[] {
    const found = this.#instances.flatMap((instance) => instance.switched());
    if (now - this.#looked < SETTINGS_MS) return found;
    this.#looked = now;
    return [...found, ...this.#instances.flatMap((instance) => instance.settings())];
  }
}
