/** Which drivers' probe functions an order of steps enters. */
import { boot, type FunctionName, type Recorder, run, type World } from '../kernel/index.js';
import { scheduled } from './witness.js';

export interface EnteredProbe {
  readonly device: string;
  readonly driver: string;
  readonly works: boolean;
}

/** @param schedule the thread of each step */
export function enteredProbes(world: World, schedule: readonly number[]): EnteredProbe[] {
  const notes = new ProbeNotes();
  run(boot(world, notes), scheduled(schedule), () => {
    notes.step++;
  });
  return notes.entered;
}

interface Call {
  readonly name: FunctionName | null;
  readonly device: string | null;
  readonly driver: string | null;
  readonly step: number;
}

const OTHER: Call = { name: null, device: null, driver: null, step: 0 };

const ignore = (): void => undefined;

class ProbeNotes implements Recorder {
  readonly entered: EnteredProbe[] = [];
  /** Number of the step that is being done, from 0. */
  step = 0;
  /** Calls under way, by thread. */
  readonly #calls = new Map<number, Call[]>();

  begin(thread: number, name: FunctionName, device: string | null, driver: string | null): void {
    this.#enter(thread, { name, device, driver, step: this.step });
  }

  #enter(thread: number, call: Call): void {
    const calls = this.#calls.get(thread) ?? [];
    this.#calls.set(thread, calls);
    calls.push(call);
  }

  beginStore(thread: number): void {
    this.#enter(thread, OTHER);
  }

  beginRead(thread: number): void {
    this.#enter(thread, OTHER);
  }

  beginDriver(thread: number): void {
    this.#enter(thread, OTHER);
  }

  end(thread: number, ret: number | null): void {
    const call = this.#calls.get(thread)?.pop();
    if (call?.name !== 'pci_device_probe' || call.device === null || call.driver === null) return;
    // A function that the gate refuses is refused in the step in which the call began.
    if (call.step === this.step) return;
    this.entered.push({ device: call.device, driver: call.driver, works: (ret ?? 0) >= 0 });
  }

  readonly point = ignore;
  readonly runtime = ignore;
  readonly added = ignore;
  readonly hearsUevents = false;
  readonly uevent = ignore;
  readonly beginCall = ignore;
  readonly endCall = ignore;
  readonly pointCall = ignore;
}
