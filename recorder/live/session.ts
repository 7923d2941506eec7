import { FileSink, TraceWriter, VfrError } from '../../traces/index.js';
import { type Armed, arm, recordingMeta } from './armed.js';
import { Capture, type CpuAccount } from './capture.js';
import { deviceFilter } from './device-filter.js';
import type { Installation, Installed } from './installer.js';
import { emitLiveState, type LiveState, liveState } from './machine-snapshot.js';
import type { FlushRequest, RecordOptions } from './options.js';
import { type ProbeCount, probeCounts } from './probe-profile.js';
import { RecordedCommand, requireProcess, threadsToFollow } from './processes.js';
import { Tasks } from './tasks.js';
import { requireTracefs } from './tracefs.js';

/** How often the kernel's buffers are looked at while nothing, or much, comes in. */
const IDLE_MS = 40;
const BUSY_MS = 2;
const STATUS_MS = 500;
/** A recorder that is killed loses at most this much time. */
const FLUSH_MS = 250;

/** What a status line says. */
export interface RecordStatus {
  readonly seconds: number;
  readonly events: number;
  readonly eventsPerSecond: number;
  readonly lost: number;
  readonly bytes: number;
}

export interface RecordReport {
  readonly output: string;
  readonly events: number;
  readonly bytes: number;
  readonly lost: number;
  readonly cpus: readonly CpuAccount[];
  readonly probes: readonly ProbeCount[];
  readonly refused: Installed['refused'];
  /** What could not be removed from tracefs. */
  readonly left: readonly string[];
  /** Exit code of the command that was recorded, when there was one. */
  readonly commandCode: number | null;
}

/** Where the recorder tells what it does; all optional. */
export interface RecordObserver {
  /** Recording has begun; nothing that happens from now on is missed. */
  started?(installed: Installed): void;
  status?(status: RecordStatus): void;
  /** Asks for what was recorded so far to be written to the file. */
  readonly request?: FlushRequest;
}

/**
 * Records this machine until the duration is over, the command has ended, or `stop` is aborted.
 * Whatever happens, the probes and the instance are removed.
 *
 * @throws VfrError when this machine cannot be recorded, or the output cannot be written.
 */
export async function record(
  options: RecordOptions,
  stop: AbortSignal,
  observer: RecordObserver = {},
): Promise<RecordReport> {
  const top = requireTracefs();
  for (const pid of options.pids) requireProcess(pid);
  const sink = new FileSink(options.output);
  let armed: Armed | undefined;
  let session: Session | undefined;
  try {
    // Before the probes: reading the state is not to be recorded.
    const before = liveState();
    armed = arm(top, options);
    session = new Session(armed, before, sink, options);
    observer.started?.(armed.installed);
    const commandCode = await session.run(stop, observer);
    return { ...session.finish(), commandCode };
  } catch (error) {
    session?.close();
    armed?.installation.stop();
    armed?.installation.remove();
    // A disk that is full or fails does not cost what was recorded before: it stays in
    // FILE.partial.
    const failedOutput = error instanceof VfrError && error.place.file === options.output;
    if (session !== undefined && failedOutput) sink.keep();
    else sink.discard();
    throw error;
  }
}

class Session {
  readonly #writer: TraceWriter;
  readonly #capture: Capture;
  readonly #installation: Installation;
  readonly #started = Date.now();

  constructor(
    private readonly armed: Armed,
    before: LiveState,
    private readonly sink: FileSink,
    private readonly options: RecordOptions,
  ) {
    this.#installation = armed.installation;
    this.#writer = new TraceWriter(sink, recordingMeta());
    const { events } = this.#writer;
    emitLiveState(events, before, 'start');
    events.source('tracefs');
    const tasks = new Tasks(events.dictionaries.task);
    const filter = deviceFilter(options.devices, events.dictionaries.device);
    this.#capture = new Capture(armed, { events, tasks, filter });
    tasks.scan();
  }

  /** Records until it is time to stop; the exit code of the command, if there is one. */
  async run(stop: AbortSignal, observer: RecordObserver): Promise<number | null> {
    const { pids } = this.options;
    this.#installation.follow(threadsToFollow(pids, this.options.command));
    const command = new RecordedCommand(this.options.command);
    try {
      const { durationSeconds } = this.options;
      const end = durationSeconds === undefined ? Infinity : this.#started + durationSeconds * 1000;
      await this.#loop(() => command.ended || stop.aborted || Date.now() >= end, observer);
    } finally {
      command.end();
    }
    return command.code;
  }

  async #loop(isOver: () => boolean, observer: RecordObserver): Promise<void> {
    let [told, flushed, eventsTold] = [Date.now(), Date.now(), 0];
    while (!isOver()) {
      const before = this.#capture.decoded;
      const more = this.#capture.drain();
      const now = Date.now();
      if (now - flushed >= FLUSH_MS || observer.request?.taken() === true) {
        this.#writer.flush();
        flushed = now;
      }
      if (now - told >= STATUS_MS) {
        observer.status?.(this.#status(now, (this.#capture.decoded - eventsTold) / (now - told)));
        [told, eventsTold] = [now, this.#capture.decoded];
      }
      const busy = this.#capture.decoded > before;
      await sleep(more ? 0 : busy ? BUSY_MS : IDLE_MS);
    }
  }

  #status(now: number, eventsPerMs: number): RecordStatus {
    return {
      seconds: (now - this.#started) / 1000,
      events: this.#writer.events.seq,
      eventsPerSecond: eventsPerMs * 1000,
      lost: this.#capture.decoder.mapper.report().lost,
      bytes: this.sink.byteLength,
    };
  }

  /** Lets go of the kernel's buffers, which their instance cannot be removed without. */
  close(): void {
    this.#capture.close();
  }

  /** Stops the probes, takes what is left, writes the end of the file, and cleans up. */
  finish(): Omit<RecordReport, 'commandCode'> {
    this.#installation.stop();
    this.#capture.drainAll();
    const { decoder } = this.#capture;
    const cpus = this.#capture.settle();
    decoder.mapper.finish();
    const probes = probeCounts(this.#installation, decoder.counts());
    this.close();
    const left = this.#installation.remove();
    const { events } = this.#writer;
    emitLiveState(events, liveState(), 'end');
    const lost = decoder.mapper.report().lost;
    this.#writer.countLost(lost);
    this.#writer.finish();
    this.sink.commit();
    return {
      output: this.options.output,
      events: events.seq,
      bytes: this.sink.byteLength,
      lost,
      cpus,
      probes,
      refused: this.armed.installed.refused,
      left,
    };
  }
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
