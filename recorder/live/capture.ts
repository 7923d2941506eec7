import type { EventAppender } from '../../traces/index.js';
import { PageDecoder } from './decoder.js';
import { mergeQueues } from './merge.js';
import { PageQueue } from './page-queue.js';
import { type BufferStats, bufferCpus, bufferStats, RawBuffer } from './raw-buffers.js';
import { type EventFormat, type PageFormat, parseEventFormat } from './ring-buffer/index.js';
import type { Tasks } from './tasks.js';
import type { TraceDirectory } from './tracefs.js';

/** Slots for pages read and not yet merged, per CPU: with 4 KiB pages 2 MiB. */
const QUEUE_PAGES = 512;

/**
 * A record that was being written while the buffers were read is visible at most this much later: the
 * kernel writes it with preemption off, but a virtual CPU may be stopped meanwhile.
 */
const SETTLE_NS = 20_000_000;

/** What one CPU's buffer gave, beside what the kernel says of it. */
export interface CpuAccount {
  readonly cpu: number;
  readonly decoded: number;
  /** Records known to be lost: decoded + lost is what the kernel wrote. */
  readonly lost: number;
  readonly kernel: BufferStats;
}

/** Formats of the events by their paths below `events/`; those that are gone are left out. */
export function readFormats(directory: TraceDirectory, events: readonly string[]): EventFormat[] {
  return events.flatMap((event) => {
    const file = `events/${event}/format`;
    return directory.has(file) ? [parseEventFormat(directory.read(file), file)] : [];
  });
}

/** Reads the per-CPU buffers of an instance and hands their records on in the order of time. */
export class Capture {
  readonly decoder: PageDecoder;
  readonly #buffers: readonly RawBuffer[];
  readonly #queues: readonly PageQueue[];
  readonly #originHigh: number;

  constructor(
    private readonly instance: TraceDirectory,
    page: PageFormat,
    formats: readonly EventFormat[],
    tasks: Tasks,
    events: EventAppender,
    onPage?: (cpu: number, page: Buffer) => void,
  ) {
    this.decoder = new PageDecoder(events, tasks, page, formats);
    // A second before now: no record is older.
    this.#originHigh = Number((process.hrtime.bigint() - 1_000_000_000n) >> 32n);
    this.#buffers = bufferCpus(instance).map((cpu) => new RawBuffer(instance, cpu));
    this.#queues = this.#buffers.map(
      (buffer) =>
        new PageQueue(buffer.cpu, (into) => buffer.readPage(into), page, QUEUE_PAGES, onPage),
    );
  }

  get decoded(): number {
    return this.#queues.reduce((sum, queue) => sum + queue.records, 0);
  }

  /**
   * Reads what is there and hands on what no older record can precede any more.
   *
   * @param everything At the end: nothing more will come, so all is handed on.
   * @returns whether more is waiting in the kernel than was read
   */
  drain(everything = false): boolean {
    // Read before the buffers: what is recorded later is later than this.
    const now = Number(process.hrtime.bigint() - (BigInt(this.#originHigh) << 32n));
    for (const queue of this.#queues) queue.fill();
    let limit = everything ? Number.POSITIVE_INFINITY : now - SETTLE_NS;
    for (const queue of this.#queues) {
      if (!queue.drained) limit = Math.min(limit, queue.lastPageTime(this.#originHigh));
    }
    mergeQueues(this.#queues, this.#originHigh, limit, (queue) => this.decoder.take(queue));
    return this.#queues.some((queue) => !queue.drained);
  }

  /** Reads all that is left after the recording was stopped. */
  drainAll(): void {
    while (this.drain(true));
  }

  /** Compares with the kernel's figures, and tells losses that no page header told. */
  settle(): CpuAccount[] {
    const told = this.decoder.lostByCpu;
    return this.#queues.map(({ cpu, records }) => {
      const kernel = bufferStats(this.instance, cpu);
      const known = told.get(cpu) ?? 0;
      const lost = kernel.overrun + kernel.dropped;
      if (lost > known) this.decoder.lost(cpu, lost - known);
      return { cpu, decoded: records, lost: Math.max(lost, known), kernel };
    });
  }

  close(): void {
    for (const buffer of this.#buffers) buffer.close();
  }
}
