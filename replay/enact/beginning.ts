/**
 * How each function was when a recording began. A snapshot is older than the first event: what the
 * events show counts more.
 */
import type { FunctionStart } from '../kernel/index.js';
import type { RecordedEvent, Recording } from './recording.js';

/** What is known of a function at the beginning; undefined where nothing is. */
interface Facts {
  present?: boolean;
  driver?: string | null;
  override?: string | null;
  /** Its place among the devices that are reset together. */
  rank?: number;
}

export class Beginning {
  readonly #functions = new Map<string, Facts>();
  /** How many devices a thread that resets a set has given power so far. */
  readonly #resets = new Map<number, number>();

  constructor(private readonly recording: Recording) {}

  take({ name, phase, tid, device, driver }: RecordedEvent): void {
    if (device === null) return;
    const facts = this.#of(device);
    switch (name) {
      case 'VFIO_DEVICE_PCI_HOT_RESET':
        if (phase === 'begin') this.#resets.set(tid, 0);
        else this.#resets.delete(tid);
        return;
      case 'pci_set_power_state': {
        // All devices get power before they are reset, in the order of their set.
        const before = this.#resets.get(tid);
        if (before === undefined) return;
        this.#resets.set(tid, before + 1);
        facts.rank ??= before + 1;
        return;
      }
      case 'pci_device_add':
        facts.present ??= false;
        facts.driver ??= null;
        return;
      case 'device_release_driver_internal':
        if (phase !== 'begin') return;
        facts.present ??= true;
        if (facts.driver === undefined) facts.driver = driver;
        return;
      case 'really_probe':
        facts.present ??= true;
        if (facts.driver === undefined) facts.driver = null;
    }
  }

  /** A driver that takes nothing without an override was tried on it before any was written. */
  hasOverride(address: string, driver: string): void {
    this.#of(address).override ??= driver;
  }

  /** It was there before anything showed that it came. */
  isThere(address: string): void {
    this.#of(address).present ??= true;
  }

  /** It has a driver, which may be known by another name. */
  hasDriver(address: string, driver: string): void {
    this.#of(address).driver ??= driver;
  }

  #of(address: string): Facts {
    let facts = this.#functions.get(address);
    if (facts === undefined) {
      facts = {};
      this.#functions.set(address, facts);
    }
    return facts;
  }

  start(address: string): FunctionStart {
    const facts = this.#functions.get(address);
    const snapshot = this.recording.functions.get(address);
    const present = facts?.present ?? snapshot !== undefined;
    if (!present) return { present, driver: null, override: null };
    const driver = facts?.driver === undefined ? (snapshot?.driver ?? null) : facts.driver;
    const override = facts?.override ?? snapshot?.override ?? null;
    const start = { present, driver, override };
    return facts?.rank === undefined ? start : { ...start, vfioRank: facts.rank };
  }
}

/** Functions that are released before anything else shows their drivers, with these. */
export function firstDriversOf(events: readonly RecordedEvent[]): Map<string, string> {
  const drivers = new Map<string, string>();
  const known = new Set<string>();
  for (const { name, phase, device, driver } of events) {
    if (device === null || known.has(device)) continue;
    const isRelease = name === 'device_release_driver_internal' && phase === 'begin';
    if (isRelease && driver !== null) drivers.set(device, driver);
    if (isRelease || name === 'really_probe' || name === 'pci_device_add') known.add(device);
  }
  return drivers;
}
