import { recordedNotes, type TraceMeta, type WhatIsRecorded } from '../../traces/index.js';
import {
  type EventFormat,
  littleEndianMachine,
  type PageFormat,
  parsePageFormat,
} from '../ring-buffer/index.js';
import { WRITER } from '../writer-name.js';
import { readFormats } from './event-formats.js';
import { Installation, type Installed } from './installer.js';
import { ownName } from './instance-owner.js';
import { kernelRelease, runningKernel } from './kernel-facts.js';
import { TASK_EVENTS } from './page-decoder.js';
import { planProbes } from './probe-planner.js';
import { liveProbes, type RecordOptions } from './record-options.js';
import type { TraceDirectory } from './tracefs.js';

/** Installed probes, and what is needed to decode their records. */
export interface Armed {
  readonly installation: Installation;
  readonly installed: Installed;
  readonly page: PageFormat;
  readonly formats: readonly EventFormat[];
  /** What can be recorded at all, for the trace. */
  readonly recorded: WhatIsRecorded;
}

/**
 * Installs the probes and switches them on.
 *
 * @throws VfrError when this machine does not allow it; nothing stays installed then.
 */
export function arm(top: TraceDirectory, options: RecordOptions): Armed {
  const plans = planProbes(liveProbes(options.groups), runningKernel(top));
  const followsProcesses = options.pids.length > 0 || options.command.length > 0;
  const settings = { bufferKiB: options.bufferKiB, followsProcesses };
  const installation = new Installation(top, ownName(), settings);
  try {
    const taskEvents = TASK_EVENTS.map((event) => `task/${event}`).filter((event) =>
      top.has(`events/${event}/format`),
    );
    const installed = installation.install(plans, taskEvents);
    const header = top.read('events/header_page');
    const page = parsePageFormat(header, littleEndianMachine(), 'header_page');
    const known = [...installed.events, ...installation.syscalls(), 'ftrace/print'];
    const recorded = { groups: options.groups, refused: installed.missing };
    return { installation, installed, page, formats: readFormats(top, known), recorded };
  } catch (error) {
    installation.stop();
    installation.remove();
    throw error;
  }
}

/** Metadata of a trace that is recorded now. */
export function recordingMeta(
  { recorded }: Pick<Armed, 'recorded'>,
  notes: TraceMeta['notes'] = {},
): TraceMeta {
  const mono = process.hrtime.bigint();
  return {
    clock: 'mono',
    wallOffsetNs: BigInt(Date.now()) * 1_000_000n - mono,
    kernel: kernelRelease(),
    writer: WRITER,
    notes: { command: process.argv.slice(2).join(' '), ...recordedNotes(recorded), ...notes },
  };
}
