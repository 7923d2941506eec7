/** What the kernel emits in a step, so that it can be compared and undone. */
import type { Kind, Phase } from '../../traces/index.js';
import {
  type CallAnswer,
  type CallEvent,
  FUNCTIONS,
  type FunctionName,
  factsOfCall,
  type Recorder,
  SEEN_READS,
  type SeenRead,
  type Store,
} from '../kernel/index.js';

/** What an event is compared by. */
export interface Emitted {
  readonly kind: string;
  readonly phase: Phase;
  readonly name: string;
  /** The kernel's function; the name of an ioctl's event is another. */
  readonly call: string;
  readonly device: string | null;
  readonly driver: string | null;
  readonly ret: number | null;
  /** Of an event of VFIO; null for those of binding. */
  readonly access: Access | null;
}

/** Further columns of an event of VFIO; null where it does not have them. */
export interface Access {
  readonly path: string | null;
  readonly region: number | null;
  readonly offset: number | null;
  readonly length: number | null;
  readonly value: number | null;
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
    this.#enter(thread, ofBinding(FUNCTIONS[name], name, 'begin', device, driver));
  }

  beginStore(thread: number, { name, device, driver }: Store): void {
    this.begin(thread, name, device, driver);
  }

  beginRead(thread: number, name: SeenRead, device: string): void {
    this.#enter(thread, ofBinding(SEEN_READS[name], name, 'begin', device, null));
  }

  beginDriver(thread: number, name: FunctionName, driver: string): void {
    this.begin(thread, name, null, driver);
  }

  end(thread: number, ret: number | null): void {
    this.#leave(thread, ret, {});
  }

  point(_: number, name: FunctionName, device: string | null, driver: string | null): void {
    this.emitted.push(ofBinding(FUNCTIONS[name], name, 'point', device, driver));
  }

  /** Recordings are run again without runtime power management. */
  readonly runtime = (): void => undefined;

  added(thread: number, device: string): void {
    this.point(thread, 'pci_device_add', device, null);
  }

  /** Uevents are not compared. */
  readonly hearsUevents: boolean = false;

  uevent(): void {}

  beginCall(thread: number, event: CallEvent): void {
    this.#enter(thread, ofVfio(event, 'begin'));
  }

  endCall(thread: number, ret: number | null, answer: CallAnswer = {}): void {
    this.#leave(thread, ret, answer);
  }

  pointCall(_: number, event: CallEvent): void {
    this.emitted.push(ofVfio(event, 'point'));
  }

  #enter(thread: number, call: Emitted): void {
    this.emitted.push(call);
    this.calls[thread] = { call, outer: this.calls[thread] ?? null };
  }

  #leave(thread: number, ret: number | null, { value }: CallAnswer): void {
    const { call, outer } = this.calls[thread]!;
    this.calls[thread] = outer;
    const { access } = call;
    const answered = access === null || value === undefined ? access : { ...access, value };
    this.emitted.push({ ...call, phase: 'end', ret, access: answered });
  }
}

const ofBinding = (
  { kind }: { readonly kind: Kind },
  name: string,
  phase: Phase,
  device: string | null,
  driver: string | null,
): Emitted => ({ kind, phase, name, call: name, device, driver, ret: null, access: null });

function ofVfio(event: CallEvent, phase: Phase): Emitted {
  const { call, ioctl, device = null, driver = null } = event;
  const { kind, path = null } = factsOfCall(event);
  const { region = null, offset = null, length = null, value = null } = event;
  const access = { path, region, offset, length, value };
  return { kind, phase, name: ioctl ?? call, call, device, driver, ret: null, access };
}
