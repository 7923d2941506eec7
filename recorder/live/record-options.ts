import type { Bdf, Destination } from '../../traces/index.js';
import { CATALOGUE, DMA, PROBE_GROUPS, type Probe, type ProbeGroup } from '../catalogue/index.js';
import type { RunAs } from './run-as.js';

/** What `vfr record` records, and for how long. */
export interface RecordOptions {
  readonly output: string;
  /** Permissions of the files, when they are not to be for their owner only. */
  readonly mode?: number;
  /** Only events of these functions, and events that belong to no function; empty for all. */
  readonly devices: readonly Bdf[];
  /** Processes whose system calls are recorded. */
  readonly pids: readonly number[];
  /** Ends the recording after this many seconds. */
  readonly durationSeconds?: number;
  /** Size of each CPU's ring buffer in the kernel, in KiB. */
  readonly bufferKiB: number;
  readonly groups: readonly ProbeGroup[];
  /** Program to run and to record until it ends. */
  readonly command: readonly string[];
  /** Whose rights the program gets; those of this process when missing. */
  readonly user?: RunAs | null;
}

/** A recorder reads the kernel, which no output can replace. */
export const destinationOf = ({ output, mode }: RecordOptions): Destination => ({
  file: output,
  inputs: [],
  ...(mode !== undefined && { mode }),
});

export const DEFAULT_BUFFER_KIB = 8192;

/** Groups that are only recorded on request: they cover everything that the machine does. */
const ON_DEMAND: readonly ProbeGroup[] = ['irq', 'process'];

export const DEFAULT_GROUPS = (Object.keys(PROBE_GROUPS) as ProbeGroup[]).filter(
  (group) => !ON_DEMAND.includes(group),
);

/**
 * Events that vfr understands in recordings of other tools, but never records: a page fault of any
 * process is not an event of a device, drivers map memory for every transfer and use a device
 * without changing its power, and marks are in every buffer without being switched on.
 */
const NOT_ASKED_FOR = new Set(['page_fault_user', 'print', 'rpm_idle', 'rpm_usage', ...DMA]);

/** The catalogue's probes of these groups that a live recording asks for. */
export function liveProbes(groups: readonly ProbeGroup[]): Probe[] {
  return CATALOGUE.filter(
    ({ group, event }) => groups.includes(group) && !NOT_ASKED_FOR.has(event),
  );
}

/** Asks a running recorder, from a signal handler, to write what it has. */
export class FlushRequest {
  #asked = false;

  ask(): void {
    this.#asked = true;
  }

  /** Whether a flush was requested since the last call. */
  taken(): boolean {
    const asked = this.#asked;
    this.#asked = false;
    return asked;
  }
}
