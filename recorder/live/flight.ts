import { openRecording, type RecordingSink, TraceWriter } from '../../traces/index.js';
import { abandon } from './abandon.js';
import { type Armed, arm, recordingMeta } from './armed.js';
import { Capture } from './capture.js';
import { PageDecoder } from './decoder.js';
import { deviceFilter } from './device-filter.js';
import type { Installed } from './installer.js';
import { emitLiveState, liveState } from './machine-snapshot.js';
import { mergeQueues } from './merge.js';
import { destinationOf, type FlushRequest, type RecordOptions } from './options.js';
import { PageQueue } from './page-queue.js';
import { PageRing } from './page-ring.js';
import { RecordedCommand, requireProcess, threadsToFollow } from './processes.js';
import { Tasks } from './tasks.js';
import { requireTracefs } from './tracefs.js';
import { parseTrigger, TriggerAppender } from './trigger.js';

const POLL_MS = 10;
/** What follows the trigger this long belongs to the story. */
const AFTERMATH_MS = 300;

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

export interface FlightReport {
  readonly dumps: readonly FlightDump[];
  readonly left: readonly string[];
  readonly commandCode: number | null;
}

/**
 * Keeps the last events in memory and writes them when the trigger fires, after which it ends, and
 * whenever it is asked to, after which it goes on.
 *
 * @throws VfrError when the trigger cannot be read or this machine cannot be recorded.
 */
export async function flight(
  options: FlightOptions,
  request: FlushRequest,
  stop: AbortSignal,
  observer: { started?(installed: Installed): void; dumped?(dump: FlightDump): void } = {},
): Promise<FlightReport> {
  const condition = options.trigger === undefined ? () => false : parseTrigger(options.trigger);
  const top = requireTracefs();
  for (const pid of options.pids) requireProcess(pid);
  const armed = arm(top, options);
  let recorder: FlightRecorder | undefined;
  try {
    recorder = new FlightRecorder(armed, options, new TriggerAppender(condition));
    observer.started?.(armed.installed);
    const { dumps, commandCode } = await recorder.run(request, stop, observer.dumped);
    recorder.close();
    return { dumps, commandCode, left: armed.installation.remove() };
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
  readonly #dumps: FlightDump[] = [];
  readonly #started = Date.now();

  constructor(
    private readonly armed: Armed,
    private readonly options: FlightOptions,
    private readonly events: TriggerAppender,
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

  async run(request: FlushRequest, stop: AbortSignal, dumped?: (dump: FlightDump) => void) {
    const { installation } = this.armed;
    installation.follow(threadsToFollow(this.options.pids, this.options.command));
    const command = new RecordedCommand(this.options.command);
    try {
      await this.#watch(() => stop.aborted || command.ended, request, dumped);
      if (this.events.fired && !stop.aborted) await sleep(AFTERMATH_MS);
    } finally {
      command.end();
    }
    installation.stop();
    this.#capture.drainAll();
    if (this.events.fired) dumped?.(this.#dump('trigger'));
    return { dumps: this.#dumps, commandCode: command.code };
  }

  /** Keeps what comes until the trigger fires, the time is over, or `isOver` says so. */
  async #watch(
    isOver: () => boolean,
    request: FlushRequest,
    dumped?: (dump: FlightDump) => void,
  ): Promise<void> {
    const { durationSeconds } = this.options;
    const end = durationSeconds === undefined ? Infinity : this.#started + durationSeconds * 1000;
    while (!isOver() && !this.events.fired && Date.now() < end) {
      this.#capture.drain();
      if (request.taken()) dumped?.(this.#dump('request'));
      await sleep(POLL_MS);
    }
  }

  #dump(because: FlightDump['because']): FlightDump {
    const output = numbered(this.options.output, this.#dumps.length);
    const sink = openRecording(destinationOf({ ...this.options, output }));
    try {
      const events = this.#write(sink, because);
      const dump = { output, events, bytes: sink.byteLength, because };
      this.#dumps.push(dump);
      return dump;
    } catch (error) {
      throw abandon(sink, error);
    }
  }

  /** Decodes the kept pages once more, into a file; the number of events. */
  #write(sink: RecordingSink, because: FlightDump['because']): number {
    const note = because === 'trigger' ? this.options.trigger! : 'request';
    const writer = new TraceWriter(sink, recordingMeta({ flight: note }));
    const { events } = writer;
    events.source('tracefs');
    const tasks = new Tasks(events.dictionaries.task);
    tasks.copyFrom(this.#tasks);
    const filter = deviceFilter(this.options.devices, events.dictionaries.device);
    const { page, formats } = this.armed;
    const decoder = new PageDecoder({ events, tasks, filter }, page, formats);
    const queues = this.#ring.takeAll().map(({ cpu, pages }) => {
      const rest = pages[Symbol.iterator]();
      const next = (into: Buffer) => (rest.next().value?.copy(into) ?? 0) > 0;
      return new PageQueue(cpu, next, page, pages.length + 1);
    });
    for (const queue of queues) queue.fill();
    // Times before the origin are negative and as exact as those after it.
    const originHigh = Number(process.hrtime.bigint() >> 32n);
    mergeQueues(queues, originHigh, Number.POSITIVE_INFINITY, (queue) => decoder.take(queue));
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
