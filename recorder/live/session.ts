import { FileSink, type TraceMeta, TraceWriter } from '../../traces/index.js';
import { CATALOGUE } from '../catalogue/index.js';
import { emitSnapshot } from '../snapshot/snapshot.js';
import { WRITER } from '../writer.js';
import { Capture, type CpuAccount, readFormats } from './capture.js';
import { TASK_EVENTS } from './decoder.js';
import { Installation, type Installed } from './installer.js';
import { kernelRelease, runningKernel } from './kernel-facts.js';
import { machineState } from './machine-snapshot.js';
import type { RecordOptions } from './options.js';
import { ownName } from './owner.js';
import { type PlannedProbe, planProbes } from './planner.js';
import { type ProbeCount, probeCounts } from './probe-profile.js';
import { requireProcess, startStopped, threadsOf } from './processes.js';
import { littleEndianMachine, parsePageFormat } from './ring-buffer/index.js';
import { Tasks } from './tasks.js';
import { requireTracefs, type TraceDirectory } from './tracefs.js';

/** How often the kernel's buffers are looked at while nothing, or much, comes in. */
const IDLE_MS = 40;
const BUSY_MS = 2;
const STATUS_MS = 500;
/** A recorder that is killed loses at most this much time. */
const FLUSH_MS = 1000;

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
}

/** Which probes of the catalogue the options ask for, planned for this kernel. */
export function planSession(top: TraceDirectory, options: RecordOptions): PlannedProbe[] {
  const wanted = CATALOGUE.filter(({ group }) => options.groups.includes(group));
  return planProbes(wanted, runningKernel(top));
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
  const plans = planSession(top, options);
  const sink = new FileSink(options.output);
  const followsProcesses = options.pids.length > 0 || options.command.length > 0;
  const settings = { bufferKiB: options.bufferKiB, followsProcesses };
  const installation = new Installation(top, ownName(), settings);
  try {
    const session = new Session(installation, sink, options, plans);
    observer.started?.(session.installed);
    const commandCode = await session.run(stop, observer);
    return { ...session.finish(), commandCode };
  } catch (error) {
    installation.stop();
    installation.remove();
    sink.discard();
    throw error;
  }
}

class Session {
  readonly installed: Installed;
  readonly #writer: TraceWriter;
  readonly #capture: Capture;
  readonly #started = Date.now();

  constructor(
    private readonly installation: Installation,
    private readonly sink: FileSink,
    private readonly options: RecordOptions,
    plans: readonly PlannedProbe[],
  ) {
    const { top } = installation;
    this.#writer = new TraceWriter(sink, this.#meta());
    const { events } = this.#writer;
    events.source('sysfs');
    emitSnapshot(events, machineState(process.hrtime.bigint()), 'start');
    events.source('tracefs');
    const taskEvents = TASK_EVENTS.map((event) => `task/${event}`).filter((event) =>
      top.has(`events/${event}/format`),
    );
    this.installed = installation.install(plans, taskEvents);
    const page = parsePageFormat(
      top.read('events/header_page'),
      littleEndianMachine(),
      'header_page',
    );
    const known = [...this.installed.events, ...installation.syscalls(), 'ftrace/print'];
    const formats = readFormats(top, known);
    const tasks = new Tasks(events.dictionaries.task);
    this.#capture = new Capture(installation.instances, page, formats, tasks, events);
    tasks.scan();
  }

  #meta(): TraceMeta {
    const mono = process.hrtime.bigint();
    return {
      clock: 'mono',
      wallOffsetNs: BigInt(Date.now()) * 1_000_000n - mono,
      kernel: kernelRelease(),
      writer: WRITER,
      notes: { command: process.argv.slice(2).join(' ') },
    };
  }

  /** Records until it is time to stop; the exit code of the command, if there is one. */
  async run(stop: AbortSignal, observer: RecordObserver): Promise<number | null> {
    const command = startStopped(this.options.command);
    let code: number | null = null;
    let done = false;
    command?.once('exit', (result) => {
      code = result ?? 1;
      done = true;
    });
    const pids = command === undefined ? [] : [command.pid!];
    if (this.installation.processes !== undefined) {
      this.installation.follow([...this.options.pids.flatMap(threadsOf), ...pids]);
    }
    command?.kill('SIGCONT');
    const { durationSeconds } = this.options;
    const end = durationSeconds === undefined ? Infinity : this.#started + durationSeconds * 1000;
    await this.#loop(() => done || stop.aborted || Date.now() >= end, observer);
    if (command !== undefined && !done) command.kill('SIGTERM');
    return code;
  }

  async #loop(isOver: () => boolean, observer: RecordObserver): Promise<void> {
    let [told, flushed, eventsTold] = [Date.now(), Date.now(), 0];
    while (!isOver()) {
      const before = this.#capture.decoded;
      const more = this.#capture.drain();
      const now = Date.now();
      if (now - flushed >= FLUSH_MS) {
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

  /** Stops the probes, takes what is left, writes the end of the file, and cleans up. */
  finish(): Omit<RecordReport, 'commandCode'> {
    this.installation.stop();
    this.#capture.drainAll();
    const { decoder } = this.#capture;
    const cpus = this.#capture.settle();
    decoder.mapper.finish();
    const probes = probeCounts(this.installation, decoder.counts());
    this.#capture.close();
    const left = this.installation.remove();
    const { events } = this.#writer;
    events.source('sysfs');
    emitSnapshot(events, machineState(process.hrtime.bigint()), 'end');
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
      refused: this.installed.refused,
      left,
    };
  }
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
