/** The lanes of a trace and its races, which `vfr timeline` computes in a process of its own. */
import {
  driverColors,
  isEventful,
  type Mark,
  type Span,
  type Stretch,
} from '../../analysis/index.js';
import { printable } from '../printable.js';
import { type Finding, raceFindings } from '../tui/model/findings.js';
import { type NotedRace, raceNotes } from '../tui/model/race-notes.js';
import { vfrAnswer } from '../vfr-process.js';
import { laneWindow, type PlainLanes } from './lane-view.js';
import type { LaneFacts, LaneWindow } from './page-messages.js';

/** What `vfr timeline --json --races` prints: times in JSON are plain numbers. */
interface Timeline extends PlainLanes {
  readonly races: {
    readonly races: readonly (Omit<NotedRace, 'windowNs'> & { readonly windowNs: number })[];
  };
}

export class TraceLanes {
  #lanes: PlainLanes | null = null;
  #facts: LaneFacts | null = null;
  #raceFindings: readonly Finding[] = [];
  #raceNotes: ReadonlyMap<number, string> = new Map();
  #problem: string | null = null;
  /** The latest name of the trace. */
  #file = '';
  /** How often new lanes were wanted. */
  #asked = 0;
  #running: Promise<void> | null = null;
  readonly #ended = new AbortController();

  /** @param program the file of vfr */
  constructor(private readonly program: string) {}

  /** Null while they are computed first. */
  get facts(): LaneFacts | null {
    return this.#facts;
  }

  /** Races by incident; empty until the lanes are known. */
  get raceFindings(): readonly Finding[] {
    return this.#raceFindings;
  }

  /** The other side of the race of an event. */
  get raceNotes(): ReadonlyMap<number, string> {
    return this.#raceNotes;
  }

  /** Why the latest lanes could not be computed, or null. */
  get problem(): string | null {
    return this.#problem;
  }

  /**
   * Computes the lanes of a file as it is now; the lanes of before are shown until then.
   * A process that runs is not ended: a recording that goes on would never have lanes. Another one
   * follows it.
   */
  refresh(file: string): Promise<void> {
    this.#file = file;
    this.#asked++;
    this.#running ??= this.#computeAll().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** Null while the lanes are computed. @param columns of the screen; at least 1 */
  window(span: Span, columns: number): LaneWindow | null {
    return this.#lanes === null ? null : laneWindow(this.#lanes, span, columns);
  }

  /** The next mark of a lane after an event, or the one before; null when there is no other. */
  mark(seq: number, step: 1 | -1): Mark | null {
    const marks = this.#lanes?.devices.flatMap((lane) => lane.marks) ?? [];
    const sorted = marks.toSorted((a, b) => a.seq - b.seq);
    const found =
      step > 0 ? sorted.find((one) => one.seq > seq) : sorted.findLast((one) => one.seq < seq);
    return found ?? null;
  }

  /** The time around an event during which a VFIO user has a device open. */
  holdAt(device: string, seq: number): Stretch | undefined {
    const lane = this.#lanes?.devices.find((one) => one.device === device);
    return lane?.holds.findLast(
      ({ from, to }) => (from?.seq ?? -1) <= seq && (to === null || to.seq > seq),
    );
  }

  close(): void {
    this.#ended.abort();
  }

  async #computeAll(): Promise<void> {
    for (let done = 0; done !== this.#asked && !this.#ended.signal.aborted; ) {
      done = this.#asked;
      await this.#compute(this.#file, done);
    }
  }

  async #compute(file: string, generation: number): Promise<void> {
    const args = ['timeline', '--json', '--races', '--', file];
    try {
      const answer = await vfrAnswer<Timeline>(this.program, args, this.#ended.signal);
      const { races: report, ...lanes } = answer;
      const races = report.races.map((race) => ({ ...race, windowNs: BigInt(race.windowNs) }));
      this.#raceFindings = raceFindings(races);
      this.#raceNotes = raceNotes(races);
      const eventful = lanes.devices.filter(isEventful);
      const devices = eventful.length > 0 ? eventful : lanes.devices;
      this.#lanes = { ...lanes, devices };
      this.#facts = {
        generation,
        devices: devices.map(({ device }) => printable(device)),
        drivers: [...driverColors(devices)].map(([name, color]) => [printable(name), color]),
      };
      this.#problem = null;
    } catch (error) {
      if (!this.#ended.signal.aborted) this.#problem = printable((error as Error).message);
    }
  }
}
