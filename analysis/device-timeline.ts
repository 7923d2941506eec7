/**
 * The state of every device over a recording, as replay makes it out: which driver it had, which
 * override, at any event.
 */
import { type DeviceState, type Divergence, deviceState, Replayer } from '../replay/index.js';
import { type Batch, type Kind, kindsWhere, type TraceMeta } from '../traces/index.js';

/** Kinds of events after which the state of their device may be another. */
const CHANGING = new Set<string>(kindsWhere(({ changesBinding }) => changesBinding === true));

/**
 * What is known of a device: its state, that it is not there, or nothing (null), when the recording
 * names it and neither lists nor adds it.
 */
export type Known = DeviceState | 'absent' | null;

const REMOVING = new Set<string>(['device.remove', 'vf.remove'] satisfies Kind[]);

interface Change {
  /** The state holds after this event. */
  readonly seq: number;
  readonly state: Known;
  /** The state as text, to tell whether it changed. */
  readonly key: string;
}

export class DeviceTimeline {
  readonly #changes = new Map<string, Change[]>();
  readonly #replayer: Replayer;
  #next = 0;

  /** @param meta what the recording says of itself */
  constructor(meta: Pick<TraceMeta, 'kernel' | 'clock' | 'notes'>) {
    this.#replayer = new Replayer({
      ...meta,
      observe: (e, _verdict, { machine }) => {
        const address = CHANGING.has(e.kind) ? e.device : null;
        if (address === null) return;
        const device = machine.find(address);
        if (device !== undefined) this.#note(address, e.seq, deviceState(device));
        else
          this.#note(address, e.seq, this.#was(address) || REMOVING.has(e.kind) ? 'absent' : null);
      },
    });
  }

  /**
   * Takes in the next batch of the recording, or a part of it.
   * @param until the first event that is left for the next call with the same batch
   * @returns whether the batch is at its end
   */
  feed(batch: Batch, until = Number.POSITIVE_INFINITY): boolean {
    const done = this.#replayer.feed(batch, until);
    this.#next = Math.min(until, batch.seqFirst + batch.rows);
    return done;
  }

  /** What the models did not predict in what was fed so far. */
  divergences(): readonly Divergence[] {
    return this.#replayer.result().divergences;
  }

  /**
   * What is known of a device after an event; undefined when the event was not fed yet.
   */
  stateAt(device: string, seq: number): Known | undefined {
    if (seq >= this.#next) return undefined;
    const changes = this.#changes.get(device) ?? [];
    return changes.findLast((change) => change.seq <= seq)?.state ?? null;
  }

  /** Whether the device was ever there. */
  #was(address: string): boolean {
    return this.#changes.get(address)?.some(({ state }) => state !== null) === true;
  }

  #note(address: string, seq: number, state: Known): void {
    const changes = this.#changes.get(address) ?? [];
    this.#changes.set(address, changes);
    const key = JSON.stringify(state);
    if (changes.at(-1)?.key !== key) changes.push({ seq, state, key });
  }
}
