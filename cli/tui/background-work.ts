/**
 * Reads the whole trace in the background, a slice at a time, so that keys are handled in between:
 * first the calls and what went wrong, then the states of the devices, then races.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ConfigLayouts,
  DeviceTimeline,
  type Known,
  RaceFinder,
  type StateChange,
} from '../../analysis/index.js';
import type { Divergence } from '../../replay/index.js';
import type { Batch } from '../../traces/index.js';
import { CallIndex } from './model/call-index.js';
import type { EventStore } from './model/event-store.js';
import { type Finding, FindingCollector, inRank, raceFindings } from './model/findings.js';
import { indexSlices } from './model/index-slices.js';
import type { Insights, RegisterAt } from './model/overview.js';
import { raceNotes } from './model/race-notes.js';
import type { Stage } from './panes/view.js';

/** Events of a slice: a few milliseconds in which keys are not handled. */
const REPLAY_SLICE = 4096;
/** Verifying goes on for so many milliseconds before keys are handled. */
const VERIFY_MS = 6;
/** Drawing takes as long as several slices. */
const DRAW_MS = 150;
/** After a key more are likely to follow: the work pauses for this many milliseconds. */
const REST_MS = 200;

export class BackgroundWork implements Insights {
  readonly calls: CallIndex;
  #slices: Generator<void>;
  /** Batches that were replayed. */
  #replayed = 0;
  readonly #timeline: DeviceTimeline;
  readonly #layouts = new ConfigLayouts();
  readonly #collector = new FindingCollector();
  #findings: readonly Finding[] = [];
  #raceNotes: ReadonlyMap<number, string> = new Map();
  /** By event; null until everything is replayed: a later event may still explain a divergence. */
  #divergences: ReadonlyMap<number, Divergence> | null = null;
  #eventful: readonly string[] = [];
  #stage: Stage = 'checks';
  /** Events that were processed in this stage. */
  #done = 0;
  #stopped = false;
  #problem: string | null = null;
  #restUntil = 0;
  #drawAt = 0;
  #redraw: () => void = () => {};

  /**
   * @param isGrowing whether the recording goes on, and may have more events later
   * @param findsRaces false when another process looks for races
   */
  constructor(
    private readonly store: EventStore,
    readonly isGrowing = false,
    private readonly findsRaces = true,
  ) {
    this.calls = new CallIndex(store.length);
    this.#slices = this.#indexing();
    this.#timeline = new DeviceTimeline(store.reader.meta);
  }

  get stage(): Stage {
    return this.#stage;
  }

  /** The part of the stage that is done, from 0 to 1. */
  get progress(): number {
    return this.store.length === 0 ? 1 : this.#done / this.store.length;
  }

  /** Why replay stopped before the end of the trace, or null. */
  get problem(): string | null {
    return this.#problem;
  }

  stateAt(device: string, seq: number): Known | undefined {
    return this.#timeline.stateAt(device, seq);
  }

  changesOf(device: string): readonly StateChange[] {
    return this.#timeline.changesOf(device);
  }

  divergenceAt(seq: number): Divergence | undefined {
    return this.#divergences?.get(seq);
  }

  /** Events that diverged, ascending; null before the whole trace was replayed. */
  divergences(): Float64Array | null {
    return this.#divergences === null ? null : Float64Array.from(this.#divergences.keys());
  }

  readonly registerAt: RegisterAt = (device, offset) => this.#layouts.registerAt(device, offset);

  /** The other side of the race of an event. */
  raceNotes(): ReadonlyMap<number, string> {
    return this.#raceNotes;
  }

  eventful(): readonly string[] {
    return this.#eventful;
  }

  findings(): readonly Finding[] {
    return this.#findings;
  }

  /** Indexes the calls of the first events, so that the first screen has them. */
  begin(): void {
    this.#slices.next();
  }

  #indexing(): Generator<void> {
    return indexSlices(this.store, this.calls, (batch, from, until) =>
      this.#collector.add(batch, from, until),
    );
  }

  /** Processes what the recording has in addition since the last run. */
  async continue(): Promise<void> {
    this.calls.grow(this.store.length);
    this.#slices = this.#indexing();
    await this.#readAll();
  }

  /**
   * Ends early when the trace is damaged where it was not verified yet: it has to be opened again.
   * @param redraw called whenever there is something new to show
   */
  async run(redraw: () => void): Promise<'done' | 'stopped' | 'damage'> {
    this.#redraw = redraw;
    if (!this.isGrowing && !(await this.#verify())) return this.#stopped ? 'stopped' : 'damage';
    await this.#readAll();
    if (this.isGrowing) return this.#stopped ? 'stopped' : 'done';
    if (this.findsRaces) await this.#findRaces();
    if (this.#stopped) return 'stopped';
    this.#stage = 'done';
    redraw();
    return 'done';
  }

  /** Pauses, to leave the processor to the keys. */
  rest(): void {
    this.#restUntil = performance.now() + REST_MS;
  }

  stop(): void {
    this.#stopped = true;
  }

  async #readAll(): Promise<void> {
    this.#stage = 'calls';
    await this.#indexAll();
    this.#stage = 'states';
    await this.#replayAll();
    if (this.#stopped || !this.isGrowing) return;
    this.#stage = 'recording';
    this.#redraw();
  }

  /** Compares the rest of the trace with its CRCs. */
  async #verify(): Promise<boolean> {
    const { reader } = this.store;
    const steps = reader.verified();
    for (;;) {
      const end = performance.now() + VERIFY_MS;
      let step = steps.next();
      while (step.done !== true && performance.now() < end) step = steps.next();
      if (step.done === true) return step.value;
      this.#done = step.value * this.store.length;
      await this.#breathe();
      if (this.#stopped) return false;
    }
  }

  async #indexAll(): Promise<void> {
    for (const _ of this.#slices) {
      this.#done = this.calls.done;
      await this.#breathe();
      if (this.#stopped) return;
    }
    if (this.store.reader.completeness.complete) this.#noteUnreturned();
    this.#findings = inRank(this.#collector.finish());
    this.#redraw();
  }

  #noteUnreturned(): void {
    for (let at = 0; at < this.calls.length; at++) {
      if (!this.calls.isRunning(at)) continue;
      const ref = this.store.atPosition(at)!;
      const name = ref.batch.column('name').at(ref.row) ?? ref.batch.column('kind').at(ref.row);
      const device = ref.batch.column('device').at(ref.row);
      this.#collector.note(
        `${name}${device === null ? '' : ` of ${device}`} never returned`,
        ref.seq,
      );
    }
  }

  async #replayAll(): Promise<void> {
    const { reader } = this.store;
    const rest = reader.batches.slice(this.#replayed);
    this.#done = this.store.length - rest.reduce((sum, { rows }) => sum + rows, 0);
    try {
      for (const info of rest) {
        const batch = reader.batch(info);
        this.#layouts.add(batch);
        await this.#replay(batch);
        if (this.#stopped) return;
        this.#replayed++;
      }
    } catch (error) {
      this.#problem = (error as Error).message;
      return;
    }
    if (this.#stopped) return;
    const found = this.#timeline.divergences().toSorted((a, b) => a.seq - b.seq);
    this.#divergences = new Map(found.map((one) => [one.seq, one]));
    this.#eventful = reader.dictionaries.device
      .filter((one) => this.changesOf(one).length > 1)
      .sort();
    this.#redraw();
  }

  /** Batches may be larger and smaller than a slice. */
  async #replay(batch: Batch): Promise<void> {
    const end = batch.seqFirst + batch.rows;
    for (let from: number = batch.seqFirst; from < end && !this.#stopped; ) {
      const until = Math.min(end, from + REPLAY_SLICE);
      this.#timeline.feed(batch, until);
      this.#done += until - from;
      from = until;
      await this.#breathe();
    }
  }

  async #findRaces(): Promise<void> {
    this.#stage = 'races';
    const finder = new RaceFinder(this.store.reader.meta);
    this.#done = 0;
    try {
      for (const info of this.store.reader.batches) {
        if (this.#stopped) return;
        finder.add(this.store.reader.batch(info));
        this.#done += info.rows;
        await this.#breathe();
      }
    } catch (error) {
      this.#problem ??= (error as Error).message;
      return;
    }
    const { races } = finder.finish();
    this.#raceNotes = raceNotes(races);
    this.#findings = inRank([...this.#findings, ...raceFindings(races)]);
  }

  /** Handles pending keys and frames. */
  async #breathe(): Promise<void> {
    if (performance.now() >= this.#drawAt) {
      this.#drawAt = performance.now() + DRAW_MS;
      this.#redraw();
    }
    do {
      await sleep(1);
    } while (performance.now() < this.#restUntil && !this.#stopped);
  }
}
