import { openRecording, type RecordingSink, TraceWriter } from '../../traces/index.js';
import { abandon } from './abandon-recording.js';
import { type Armed, arm, recordingMeta } from './armed-probes.js';
import { Capture, type CpuAccount } from './capture.js';
import { deviceFilter } from './device-filter.js';
import { DiskSync } from './disk-sync.js';
import type { Installation, Installed } from './installer.js';
import { Watch } from './interference-watch.js';
import { emitLiveState, type LiveState, liveState } from './machine-snapshot.js';
import { type ProbeCount, probeCounts } from './probe-profile.js';
import { Actors } from './process-actors.js';
import { RecordedCommand, requireProcess, threadsToFollow } from './processes.js';
import { destinationOf, type FlushRequest, type RecordOptions } from './record-options.js';
import { Tasks } from './tasks.js';
import { requireTracefs } from './tracefs.js';

/** How often the kernel's buffers are read when few, or many, events arrive. */
const IDLE_MS = 40;
const BUSY_MS = 2;
const STATUS_MS = 500;
/** A recorder that is killed loses at most this much time. */
const FLUSH_MS = 250;
/** How long a command is still recorded after it was requested to end. */
const PARTING_MS = 5000;
const ALL_CPUS = -1;

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
  /** How other processes changed what is recorded; events after that may be missing. */
  readonly meddled: readonly string[];
  /** What could not be removed from tracefs. */
  readonly left: readonly string[];
  /** Exit code of the command that was recorded, when there was one. */
  readonly commandCode: number | null;
}

/** Callbacks for what the recorder does; all optional. */
export interface RecordObserver {
  /** Recording has begun; nothing that happens from now on is missed. */
  started?(installed: Installed): void;
  status?(status: RecordStatus): void;
  /** Another process changed how it is recorded; events are missing from now on. */
  meddled?(what: string): void;
  /** Asks for what was recorded so far to be written to the file. */
  readonly request?: FlushRequest;
}

/**
 * Records this machine until the duration is over, the command has ended, or `stop` is aborted. The
 * probes and the instance are removed in any case.
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
  const sink = openRecording(destinationOf(options));
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
    if (session === undefined) sink.discard();
    else throw abandon(sink, error);
    throw error;
  }
}

class Session {
  readonly #writer: TraceWriter;
  readonly #capture: Capture;
  readonly #installation: Installation;
  readonly #started = Date.now();
  readonly #meddled: string[] = [];
  #watch: Watch | undefined;

  constructor(
    private readonly armed: Armed,
    before: LiveState,
    private readonly sink: RecordingSink,
    private readonly options: RecordOptions,
  ) {
    this.#installation = armed.installation;
    this.#writer = new TraceWriter(sink, recordingMeta(armed));
    const { events } = this.#writer;
    emitLiveState(events, before, 'start');
    const tasks = new Tasks(events.dictionaries.task);
    tasks.scan();
    const filter = deviceFilter(options.devices, events.dictionaries.device);
    const actors = new Actors(events);
    this.#capture = new Capture(armed, { events, tasks, filter, actors });
  }

  /**
   * Records until it is time to stop.
   *
   * @returns the exit code of the command, if there is one and it has ended by itself
   */
  async run(stop: AbortSignal, observer: RecordObserver): Promise<number | null> {
    const { pids, durationSeconds = Number.POSITIVE_INFINITY } = this.options;
    this.#installation.follow(threadsToFollow(pids, this.options.command));
    this.#watch = new Watch(this.#installation.instances);
    // What the command prints must not get into the recording.
    const to = this.options.output === '-' ? 'stderr' : 'stdout';
    const command = new RecordedCommand(this.options.command, this.options.user, to);
    const disk = new DiskSync(this.sink, this.#started);
    const until = (time: number) => () => command.ended || Date.now() >= time;
    try {
      const isOver = until(this.#started + durationSeconds * 1000);
      await this.#loop(() => stop.aborted || isOver(), disk, observer);
      const { code } = command;
      if (command.runs) {
        // The way it releases its devices is part of the recording.
        command.end();
        await this.#loop(until(Date.now() + PARTING_MS), disk, observer);
      }
      this.#look(Number.POSITIVE_INFINITY, observer);
      return code;
    } finally {
      command.end();
      await disk.finish();
    }
  }

  async #loop(isOver: () => boolean, disk: DiskSync, observer: RecordObserver): Promise<void> {
    let [told, flushed, eventsTold] = [Date.now(), Date.now(), this.#capture.decoded];
    while (!isOver()) {
      const before = this.#capture.decoded;
      const more = this.#capture.drain();
      const now = Date.now();
      this.#look(now, observer);
      if (now - flushed >= FLUSH_MS || observer.request?.taken() === true) {
        this.#writer.flush();
        flushed = now;
      }
      disk.tick(now);
      if (now - told >= STATUS_MS) {
        observer.status?.(this.#status(now, (this.#capture.decoded - eventsTold) / (now - told)));
        [told, eventsTold] = [now, this.#capture.decoded];
      }
      const busy = this.#capture.decoded > before;
      await sleep(more ? 0 : busy ? BUSY_MS : IDLE_MS);
    }
  }

  /** Reports changes by other processes, in the trace where they were noticed. */
  #look(now: number, observer: RecordObserver): void {
    for (const what of this.#watch?.look(now) ?? []) {
      this.#capture.decoder.mapper.lost(ALL_CPUS, null, undefined, what);
      this.#meddled.push(what);
      observer.meddled?.(what);
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

  /** Closes the ring buffers; tracefs cannot remove the instance while they are open. */
  close(): void {
    this.#capture.close();
  }

  /** Stops the probes, reads what is left, writes the end of the file, and cleans up. */
  finish(): Omit<RecordReport, 'commandCode'> {
    const { decoder } = this.#capture;
    decoder.endAt(process.hrtime.bigint());
    this.#installation.stop();
    this.#capture.drainAll();
    const cpus = this.#capture.finish();
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
      meddled: this.#meddled,
      left,
    };
  }
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
