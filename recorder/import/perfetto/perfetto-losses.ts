import type { RecordMapper } from '../../mapping/record-mapper.js';
import type { Wire } from './wire.js';

/** Numbers of FtraceStats and FtraceCpuStats. */
const [PHASE, CPU_STATS] = [1, 2];
const END_OF_TRACE = 2;
const [CPU, OVERRUN, DROPPED] = [1, 3, 8];
/** A service has a sequence for each writer of each producer. */
const SEQUENCES_MAX = 1 << 16;
const COUNT_MAX = 1e15;

/** What a trace reports about lost events. */
export class Losses {
  readonly #sequences = new Set<number>();
  /** Of each CPU: what the kernel had lost when the trace began, and when it ended. */
  readonly #before = new Map<number, number>();
  readonly #after = new Map<number, number>();
  readonly #told = new Map<number, number>();

  constructor(private readonly mapper: RecordMapper) {}

  /** Records a packet of a sequence. The first one of each is always marked as following a loss. */
  sequence(id: number, dropped: boolean, isFtrace: boolean): void {
    if (dropped && isFtrace && this.#sequences.has(id))
      this.mapper.lost(-1, null, undefined, 'packets of the trace were dropped');
    if (this.#sequences.size < SEQUENCES_MAX) this.#sequences.add(id);
  }

  /** A bundle before which events were lost, or with pages that could not be read. */
  bundle(cpu: number, errors: number): void {
    this.#told.set(cpu, (this.#told.get(cpu) ?? 0) + 1);
    const why = errors > 0 ? 'pages of the buffer that could not be read' : undefined;
    this.mapper.lost(cpu, null, undefined, why);
  }

  /** The kernel's statistics, at the beginning or the end. */
  stats(stats: Wire): void {
    let isEnd = false;
    const counts: [cpu: number, lost: number][] = [];
    while (stats.next()) {
      if (stats.field === PHASE) isEnd = stats.low === END_OF_TRACE;
      else if (stats.field === CPU_STATS) counts.push(lostOf(stats.message()));
    }
    const to = isEnd ? this.#after : this.#before;
    for (const [cpu, lost] of counts) to.set(cpu, lost);
  }

  /** Reports the losses that only the statistics have. */
  end(): void {
    for (const [cpu, after] of this.#after) {
      const more = after - (this.#before.get(cpu) ?? 0) - (this.#told.get(cpu) ?? 0);
      if (more > 0) this.mapper.lost(cpu, more < COUNT_MAX ? more : null);
    }
  }
}

function lostOf(stats: Wire): [cpu: number, lost: number] {
  let [cpu, lost] = [0, 0];
  while (stats.next()) {
    if (stats.field === CPU) cpu = stats.int;
    else if (stats.field === OVERRUN || stats.field === DROPPED) lost += stats.number;
  }
  return [cpu, lost];
}
