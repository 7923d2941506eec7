/**
 * Two recordings of the same accesses, one from the guest's side (a QEMU log, often without times)
 * and one from the kernel's (or strace's): made one trace by the accesses that both show.
 */
import {
  mergedMeta,
  mergeTraces,
  type TraceMeta,
  type TraceReader,
  type TraceWriter,
  VfrError,
} from '../../traces/index.js';
import { type Accesses, AccessKeys, doorAccesses, guestAccesses } from './comparable-accesses.js';
import { matchSequences } from './match-sequences.js';
import { type ClockFit, type Placed, placeGuest } from './placement.js';

export type { ClockFit } from './placement.js';

/** How well two recordings fit together. */
export interface AlignmentReport {
  /** Accesses of the layer `vfio` in the kernel's recording. */
  readonly kernelAccesses: number;
  /** Accesses of the guest that are of a kind and place that the kernel saw at least once. */
  readonly guestAccesses: number;
  /** Accesses that both recordings have, and that are linked now. */
  readonly matched: number;
  /**
   * Accesses of the kernel between the first and the last match that no guest made: the monitor's
   * own, or what the guest's recording lost.
   */
  readonly unmatchedKernel: number;
  /** How the clocks relate; null when the guest's recording has no times. */
  readonly clocks: ClockFit | null;
}

export interface Alignment {
  readonly kernel: TraceReader;
  readonly guest: TraceReader;
  readonly report: AlignmentReport;
  readonly placed: Placed;
}

/**
 * Determines which access of the guest is which of the kernel.
 * @throws VfrError `ALIGN_NOTHING` when no access is in both recordings
 */
export function alignRecordings(kernel: TraceReader, guest: TraceReader): Alignment {
  const keys = new AccessKeys();
  const door = doorAccesses(kernel, keys);
  const made = guestAccesses(guest, keys);
  const matches = matchSequences(made.keys, door.keys);
  const matched = matches.reduce((n, j) => (j >= 0 ? n + 1 : n), 0);
  if (matched === 0) throw nothingInCommon(kernel, guest, door, made);
  const placed = placeGuest(guest, made, door, matches);
  const first = matches.find((j) => j >= 0)!;
  const last = matches.findLast((j) => j >= 0)!;
  const report = {
    kernelAccesses: door.count,
    guestAccesses: made.count,
    matched,
    unmatchedKernel: last - first + 1 - matched,
    clocks: placed.fit,
  };
  return { kernel, guest, report, placed };
}

/**
 * Writes both recordings as one trace on the kernel's clock. An access that both show stays two
 * events: the guest's has the seq of the kernel's begin as its `span`.
 */
export function writeAligned({ kernel, guest, placed }: Alignment, writer: TraceWriter): void {
  const inputs = [
    { reader: kernel, offsetNs: 0n },
    { reader: guest, offsetNs: 0n, placement: placed.placement },
  ];
  mergeTraces(inputs, writer);
}

/** Metadata of the trace that `writeAligned` writes: it says how good the alignment is. */
export function alignedMeta({ kernel, guest, report }: Alignment, writer: string): TraceMeta {
  const meta = mergedMeta([kernel.meta, guest.meta], writer);
  return { ...meta, notes: { ...meta.notes, alignment: describeAlignment(report) } };
}

/** One line for people. */
export function describeAlignment(report: AlignmentReport): string {
  const { matched, guestAccesses: guest, kernelAccesses: door, unmatchedKernel, clocks } = report;
  const counts = `${matched} accesses matched, of ${guest} of the guest and ${door} of the kernel`;
  const gap = `; ${unmatchedKernel} of the kernel between them have no counterpart`;
  if (clocks === null) return `${counts}${gap}; the guest's events have no times of their own`;
  const { firstOffsetNs, lastOffsetNs, medianNs, p99Ns } = clocks;
  const distance = `clocks ${firstOffsetNs} ns apart, drifting ${lastOffsetNs - firstOffsetNs} ns`;
  const delay = `median ${Math.round(medianNs)} ns, 99 % below ${Math.round(p99Ns)} ns`;
  return `${counts}${gap}; ${distance}; from kernel to guest ${delay}`;
}

function nothingInCommon(kernel: TraceReader, guest: TraceReader, door: Accesses, made: Accesses) {
  const what =
    `${kernel.source.name} has ${door.count} accesses through VFIO and ${guest.source.name} has ` +
    `${made.count} of the same places, but none is in both`;
  const next = 'Check that both recordings are of the same run, or give the distance by --offset.';
  return new VfrError('ALIGN_NOTHING', what, next, { file: guest.source.name });
}
