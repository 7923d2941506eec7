/**
 * The state of every device over a recording according to replay: its driver and override at any
 * event.
 */
import {
  type DeviceState,
  type Divergence,
  deviceState,
  type EventCursor,
  Replayer,
} from '../replay/index.js';
import { type Batch, type Kind, kindsWhere, type TraceMeta } from '../traces/index.js';

/** Kinds of events that may change the state of their device. */
const CHANGING = new Set<string>(kindsWhere(({ changesBinding }) => changesBinding === true));

/**
 * What is known of a device: its state; that it does not exist; or nothing (null), if the recording
 * names the device but neither lists nor adds it.
 */
export type Known = DeviceState | 'absent' | null;

const REMOVING = new Set<string>(['device.remove', 'vf.remove'] satisfies Kind[]);

/** A change of what is known of a device. */
export interface StateChange {
  /** The event after which the state holds. */
  readonly seq: number;
  /** Its time, in nanoseconds of the trace's clock. */
  readonly ts: bigint;
  readonly state: Known;
  /** The state as text, to detect changes. */
  readonly key: string;
}

export class DeviceTimeline {
  readonly #changes = new Map<string, StateChange[]>();
  readonly #replayer: Replayer;
  #next = 0;

  /** @param meta metadata of the recording */
  constructor(meta: Pick<TraceMeta, 'kernel' | 'clock' | 'notes'>) {
    this.#replayer = new Replayer({
      ...meta,
      observe: (e, _verdict, { machine }) => {
        const address = CHANGING.has(e.kind) ? e.device : null;
        if (address === null) return;
        const device = machine.find(address);
        if (device !== undefined) this.#note(address, e, deviceState(device));
        else this.#note(address, e, this.#was(address) || REMOVING.has(e.kind) ? 'absent' : null);
      },
    });
  }

  /**
   * Processes the next batch of the recording, or a part of it.
   * @param until the first event that is left for the next call with the same batch
   * @returns whether the batch was processed to its end
   */
  feed(batch: Batch, until = Number.POSITIVE_INFINITY): boolean {
    const done = this.#replayer.feed(batch, until);
    this.#next = Math.min(until, batch.seqFirst + batch.rows);
    return done;
  }

  /** Differences from the model's predictions in the events so far. */
  divergences(): readonly Divergence[] {
    return this.#replayer.result().divergences;
  }

  /** What is known of a device after an event; undefined when the event was not processed yet. */
  stateAt(device: string, seq: number): Known | undefined {
    if (seq >= this.#next) return undefined;
    const changes = this.#changes.get(device) ?? [];
    return changes.findLast((change) => change.seq <= seq)?.state ?? null;
  }

  /** Every state of every device, from the event after which it held. */
  *changes(): Generator<{ device: string; seq: number; ts: bigint; state: Known }> {
    for (const [device, changes] of this.#changes) {
      for (const { seq, ts, state } of changes) yield { device, seq, ts, state };
    }
  }

  /** What became known of a device in the events so far, in their order. */
  changesOf(device: string): readonly StateChange[] {
    return this.#changes.get(device) ?? [];
  }

  /** Whether the device ever existed. */
  #was(address: string): boolean {
    return this.#changes.get(address)?.some(({ state }) => state !== null) === true;
  }

  #note(address: string, { seq, ts }: EventCursor, state: Known): void {
    const changes = this.#changes.get(address) ?? [];
    this.#changes.set(address, changes);
    const key = JSON.stringify(state);
    if (changes.at(-1)?.key !== key) changes.push({ seq, ts, state, key });
  }
}
