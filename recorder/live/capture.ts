import { basename } from 'node:path';
import type { Armed } from './armed-probes.js';
import { mergeQueues } from './merge-queues.js';
import { type DecoderTarget, PageDecoder } from './page-decoder.js';
import { PageQueue } from './page-queue.js';
import { type BufferStats, bufferCpus, bufferStats, RawBuffer } from './raw-buffers.js';
import type { TraceDirectory } from './tracefs.js';

/** Slots for pages read and not yet merged, per CPU: with 4 KiB pages 2 MiB. */
const QUEUE_PAGES = 512;

/**
 * A record that was being written while the buffers were read becomes visible at most this much
 * later. The kernel writes it with preemption off, but a virtual CPU may be stopped in the middle.
 */
const SETTLE_NS = 20_000_000;

/** What was read from one CPU's buffer, together with the kernel's own figures. */
export interface CpuAccount {
  readonly instance: string;
  readonly cpu: number;
  readonly decoded: number;
  /** Records known to be lost: decoded + lost is what the kernel wrote. */
  readonly lost: number;
  readonly kernel: BufferStats;
}

/** Where decoded events go. */
export interface CaptureTarget extends DecoderTarget {
  /** Called with every page before it is decoded: the key and CPU of its buffer, and its bytes. */
  onPage?(key: string, cpu: number, page: Buffer): void;
}

/** One buffer that is read: its instance, its file and its queue. */
interface Source {
  readonly instance: TraceDirectory;
  readonly buffer: RawBuffer;
  readonly queue: PageQueue;
}

/** Reads the per-CPU buffers of instances and hands their records on in the order of time. */
export class Capture {
  readonly decoder: PageDecoder;
  readonly #sources: Source[] = [];
  readonly #queues: readonly PageQueue[];
  readonly #originHigh: number;

  constructor({ installation, page, formats }: Armed, to: CaptureTarget) {
    this.decoder = new PageDecoder(to, page, formats);
    // A second before now: no record is older.
    this.#originHigh = Number((process.hrtime.bigint() - 1_000_000_000n) >> 32n);
    const add = (instance: TraceDirectory, cpu: number) => {
      const buffer = new RawBuffer(instance, cpu);
      const read = (into: Buffer) => buffer.readPage(into);
      const key = `${basename(instance.path)} ${cpu}`;
      const keep = (bytes: Buffer) => to.onPage?.(key, cpu, bytes);
      const queue = new PageQueue(cpu, read, page, QUEUE_PAGES, keep);
      this.#sources.push({ instance, buffer, queue });
    };
    try {
      for (const instance of installation.instances) {
        for (const cpu of bufferCpus(instance)) add(instance, cpu);
      }
    } catch (error) {
      // An instance with an open file cannot be removed.
      this.close();
      throw error;
    }
    this.#queues = this.#sources.map(({ queue }) => queue);
  }

  get decoded(): number {
    return this.#queues.reduce((sum, queue) => sum + queue.records, 0);
  }

  /**
   * Reads what is available and passes on all records that no older record can precede.
   *
   * @param everything true at the end, when nothing more will come: passes on all records
   * @returns whether the kernel has more than was read
   */
  drain(everything = false): boolean {
    // Read before the buffers: every record that is not in them yet is later than this.
    const now = Number(process.hrtime.bigint() - (BigInt(this.#originHigh) << 32n));
    for (const queue of this.#queues) queue.fill();
    let limit = everything ? Number.POSITIVE_INFINITY : now - SETTLE_NS;
    for (const queue of this.#queues) {
      if (!queue.drained) limit = Math.min(limit, queue.latestKnown(this.#originHigh));
    }
    mergeQueues(this.#queues, this.#originHigh, limit, (queue) => this.decoder.decode(queue));
    return this.#queues.some((queue) => !queue.drained);
  }

  /** Reads all that is left after the recording was stopped. */
  drainAll(): void {
    while (this.drain(true));
  }

  /** Compares with the kernel's figures, and reports losses that no page header reported. */
  finish(): CpuAccount[] {
    return this.#sources.map(({ instance, queue }) => {
      const { cpu, records } = queue;
      const kernel = bufferStats(instance, cpu);
      const lost = kernel.overrun + kernel.dropped;
      if (lost > queue.lost) this.decoder.lost(queue, lost - queue.lost);
      return { instance: basename(instance.path), cpu, decoded: records, lost: queue.lost, kernel };
    });
  }

  close(): void {
    for (const { buffer } of this.#sources) buffer.close();
  }
}
