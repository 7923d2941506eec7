import { openRecording, type RecordingSink, TraceWriter, VfrError } from '../../traces/index.js';
import { type Armed, arm, recordingMeta } from './armed-probes.js';
import { Capture } from './capture.js';
import { deviceFilter } from './device-filter.js';
import type { Installed } from './installer.js';
import { Watch } from './interference-watch.js';
import { emitLiveState, liveState } from './machine-snapshot.js';
import { mergeQueues } from './merge-queues.js';
import { PageDecoder } from './page-decoder.js';
import { PageQueue } from './page-queue.js';
import { PageRing } from './page-ring.js';
import { RecordedCommand, requireProcess, threadsToFollow } from './processes.js';
import { destinationOf, type FlushRequest, type RecordOptions } from './record-options.js';
import { Tasks } from './tasks.js';
import { requireTracefs } from './tracefs.js';
import { parseTrigger, TriggerAppender } from './trigger.js';

const POLL_MS = 10;
/** What follows the trigger this long belongs to the story. */
const AFTERMATH_MS = 300;
/** After a dump that failed, the next try. */
const RETRY_MS = 2000;
const ALL_CPUS = -1;

export interface FlightOptions extends RecordOptions {
  /** Bytes of ring-buffer pages to keep. */
  readonly keepBytes: number;
  /** Condition on events, such as `fault.* or ret < 0`; without one only a request writes. */
  readonly trigger?: string;
}

/** A trace that was written. */
export interface FlightDump {
  readonly output: string;
  readonly events: number;
  readonly bytes: number;
  readonly because: 'trigger' | 'request';
}

/** Callbacks for what a flight recorder does; all optional. */
export interface FlightObserver {
  started?(installed: Installed): void;
  dumped?(dump: FlightDump): void;
  /** A dump could not be written; what was to be in it is still in memory. */
  failed?(error: VfrError): void;
  /** Another process changed how it is recorded; events are missing from now on. */
  meddled?(what: string): void;
}

export interface FlightReport {
  readonly dumps: readonly FlightDump[];
  readonly meddled: readonly string[];
  readonly left: readonly string[];
  readonly commandCode: number | null;
}

/**
 * Keeps the last events in memory. It writes them when the trigger fires, and then ends; and on
 * request, and then continues. A dump that cannot be written loses nothing: the error is reported,
 * and the dump is retried until it succeeds or the recorder is stopped.
 *
 * @throws VfrError when the trigger is invalid, the output cannot be written even now, or this
 * machine cannot be recorded.
 */
export async function flight(
  options: FlightOptions,
  request: FlushRequest,
  stop: AbortSignal,
  observer: FlightObserver = {},
): Promise<FlightReport> {
  const condition = options.trigger === undefined ? () => false : parseTrigger(options.trigger);
  const top = requireTracefs();
  for (const pid of options.pids) requireProcess(pid);
  // Hours later would be too late to learn that the folder is not there.
  openRecording(destinationOf(options)).discard();
  const armed = arm(top, options);
  let recorder: FlightRecorder | undefined;
  try {
    recorder = new FlightRecorder(armed, options, new TriggerAppender(condition), observer);
    observer.started?.(armed.installed);
    const report = await recorder.run(request, stop);
    recorder.close();
    return { ...report, left: armed.installation.remove() };
  } catch (error) {
    recorder?.close();
    armed.installation.stop();
    armed.installation.remove();
    throw error;
  }
}

class FlightRecorder {
  readonly #capture: Capture;
  readonly #tasks: Tasks;
  readonly #ring: PageRing;
  /** When the recording ended, in nanoseconds of its clock; null while it runs. */
  #stopped: bigint | null = null;
  readonly #dumps: FlightDump[] = [];
  readonly #started = Date.now();
  readonly #meddled: string[] = [];
  #watch: Watch | undefined;

  constructor(
    private readonly armed: Armed,
    private readonly options: FlightOptions,
    private readonly events: TriggerAppender,
    private readonly observer: FlightObserver,
  ) {
    this.#ring = new PageRing(options.keepBytes);
    this.#tasks = new Tasks(events.dictionaries.task);
    this.#tasks.scan();
    this.#capture = new Capture(armed, {
      events,
      tasks: this.#tasks,
      filter: deviceFilter(options.devices, events.dictionaries.device),
      onPage: (key, cpu, page) => this.#ring.push(key, cpu, page),
    });
  }

  async run(request: FlushRequest, stop: AbortSignal): Promise<Omit<FlightReport, 'left'>> {
    const { installation } = this.armed;
    installation.follow(threadsToFollow(this.options.pids, this.options.command));
    this.#watch = new Watch(installation.instances);
    const command = new RecordedCommand(this.options.command, this.options.user);
    try {
      await this.#wait(() => stop.aborted || command.ended, request);
      if (this.events.fired && !stop.aborted) await sleep(AFTERMATH_MS);
    } finally {
      command.end();
    }
    this.#look(Number.POSITIVE_INFINITY);
    this.#stopped = process.hrtime.bigint();
    installation.stop();
    this.#capture.drainAll();
    if (this.events.fired) await this.#dumpAtLast(stop);
    return { dumps: this.#dumps, meddled: this.#meddled, commandCode: command.code };
  }

  /**
   * Writes the dump of the trigger and retries as often as needed; stopping before that throws the
   * error.
   */
  async #dumpAtLast(stop: AbortSignal): Promise<void> {
    while (!this.#tryDump('trigger')) {
      for (let waited = 0; waited < RETRY_MS && !stop.aborted; waited += POLL_MS) {
        await sleep(POLL_MS);
      }
      if (stop.aborted) {
        this.#dump('trigger');
        return;
      }
    }
  }

  /** Writes a dump; false when it failed. Then the error was reported, and the pages stay. */
  #tryDump(because: FlightDump['because']): boolean {
    try {
      this.#dump(because);
      return true;
    } catch (error) {
      if (!(error instanceof VfrError)) throw error;
      this.observer.failed?.(error);
      return false;
    }
  }

  #look(now: number): void {
    for (const what of this.#watch?.look(now) ?? []) {
      this.#meddled.push(what);
      this.observer.meddled?.(what);
    }
  }

  /** Keeps what comes until the trigger fires, the time is over, or `isOver` says so. */
  async #wait(isOver: () => boolean, request: FlushRequest): Promise<void> {
    const { durationSeconds } = this.options;
    const end = durationSeconds === undefined ? Infinity : this.#started + durationSeconds * 1000;
    while (!isOver() && !this.events.fired && Date.now() < end) {
      this.#capture.drain();
      this.#look(Date.now());
      if (request.taken()) this.#tryDump('request');
      await sleep(POLL_MS);
    }
  }

  /** @throws VfrError when it cannot be written; the pages are kept then */
  #dump(because: FlightDump['because']): void {
    const output = numbered(this.options.output, this.#dumps.length);
    const sink = openRecording(destinationOf({ ...this.options, output }));
    try {
      const events = this.#write(sink, because);
      const dump = { output, events, bytes: sink.byteLength, because };
      this.#dumps.push(dump);
      this.#ring.clear();
      this.observer.dumped?.(dump);
    } catch (error) {
      // All that it has is still in memory.
      sink.discard();
      throw error;
    }
  }

  /** Decodes the kept pages again, into a file; returns the number of events. */
  #write(sink: RecordingSink, because: FlightDump['because']): number {
    const note = because === 'trigger' ? this.options.trigger! : 'request';
    const writer = new TraceWriter(sink, recordingMeta(this.armed, { flight: note }));
    const { events } = writer;
    const tasks = new Tasks(events.dictionaries.task);
    tasks.copyFrom(this.#tasks);
    const filter = deviceFilter(this.options.devices, events.dictionaries.device);
    const { page, formats } = this.armed;
    const decoder = new PageDecoder({ events, tasks, filter, tellsUnknown: true }, page, formats);
    if (this.#stopped !== null) decoder.endAt(this.#stopped);
    const queues = this.#ring.all().map(({ cpu, pages }) => {
      const rest = pages[Symbol.iterator]();
      const next = (into: Buffer) => (rest.next().value?.copy(into) ?? 0) > 0;
      return new PageQueue(cpu, next, page, pages.length + 1);
    });
    for (const queue of queues) queue.fill();
    // Times before the origin are negative and as exact as those after it.
    const originHigh = Number(process.hrtime.bigint() >> 32n);
    mergeQueues(queues, originHigh, Number.POSITIVE_INFINITY, (queue) => decoder.decode(queue));
    for (const what of this.#meddled) decoder.mapper.lost(ALL_CPUS, null, undefined, what);
    decoder.mapper.finish();
    emitLiveState(events, liveState(), 'end');
    writer.countLost(decoder.mapper.report().lost);
    writer.finish();
    sink.commit();
    return events.seq;
  }

  close(): void {
    this.#capture.close();
  }
}

/** `flight.arrows`, then `flight-2.arrows`, … */
function numbered(file: string, index: number): string {
  if (index === 0) return file;
  const dot = file.lastIndexOf('.');
  const cut = dot > file.lastIndexOf('/') ? dot : file.length;
  return `${file.slice(0, cut)}-${index + 1}${file.slice(cut)}`;
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
