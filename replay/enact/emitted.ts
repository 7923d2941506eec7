/** What the kernel emits in a step, so that it can be compared and undone. */
import type { Phase } from '../../traces/index.js';
import { FUNCTIONS, type FunctionName, type Recorder, type Store } from '../kernel/index.js';

/** What an event is compared by. */
export interface Emitted {
  readonly kind: string;
  readonly phase: Phase;
  readonly name: FunctionName;
  readonly device: string | null;
  readonly driver: string | null;
  readonly ret: number | null;
}

/** Calls that are under way in a thread, innermost first: a list that never changes. */
export interface Calls {
  readonly call: Emitted;
  readonly outer: Calls | null;
}

export class StepRecorder implements Recorder {
  /** Calls under way, by thread. */
  readonly calls: (Calls | null)[] = [];
  /** What the step has emitted so far. */
  readonly emitted: Emitted[] = [];

  begin(thread: number, name: FunctionName, device: string | null, driver: string | null): void {
    const call = this.#emit(name, 'begin', device, driver, null);
    this.calls[thread] = { call, outer: this.calls[thread] ?? null };
  }

  beginStore(thread: number, { name, device, driver }: Store): void {
    this.begin(thread, name, device, driver);
  }

  beginDriver(thread: number, name: FunctionName, driver: string): void {
    this.begin(thread, name, null, driver);
  }

  end(thread: number, ret: number | null): void {
    const { call, outer } = this.calls[thread]!;
    this.calls[thread] = outer;
    this.#emit(call.name, 'end', call.device, call.driver, ret);
  }

  point(_: number, name: FunctionName, device: string | null, driver: string | null): void {
    this.#emit(name, 'point', device, driver, null);
  }

  added(thread: number, device: string): void {
    this.point(thread, 'pci_device_add', device, null);
  }

  // Recordings are not enacted with what users of VFIO do.
  beginCall(): void {}
  endCall(): void {}
  pointCall(): void {}

  #emit(
    name: FunctionName,
    phase: Phase,
    device: string | null,
    driver: string | null,
    ret: number | null,
  ): Emitted {
    const event = { kind: FUNCTIONS[name].kind, phase, name, device, driver, ret };
    this.emitted.push(event);
    return event;
  }
}
