/** Writes what a case consists of as files that vfr reads: scenarios and recordings. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SCHEDULE_NOTE } from '../../cli/scenario-run.js';
import {
  boot,
  run,
  scheduleDocument,
  scheduled,
  scheduleText,
  TraceRecorder,
} from '../../replay/index.js';
import { fileError, MemorySink, TraceWriter } from '../../traces/index.js';
import { type ExploredCase, exploreCase, type FoundRun } from './explore-case.js';
import { passingRun } from './passing-run.js';
import type { Case } from './read-case.js';

/** @param notes of the recording: none of them, unless they are given, shows the scenario */
export function recordingOf(
  { world }: ExploredCase,
  { schedule }: FoundRun,
  notes: Readonly<Record<string, string>> = {},
): Buffer {
  const { kernel } = world.spec.machine;
  const sink = new MemorySink();
  const writer = new TraceWriter(sink, { clock: 'mono', kernel, writer: 'bindbench', notes });
  run(boot(world, new TraceRecorder(world, writer.events)), scheduled(schedule));
  writer.finish();
  return sink.bytes();
}

/** A recording with the order of its steps, for `vfr explain`. */
function repeatable(explored: ExploredCase, run: FoundRun): Buffer {
  const { spec } = explored.world;
  const document = scheduleDocument(spec, run.schedule, { named: null, seed: null });
  return recordingOf(explored, run, { [SCHEDULE_NOTE]: scheduleText(document) });
}

/** Files of a case, by their names. */
function filesOf(one: Case): [name: string, content: string | Uint8Array][] {
  const racy = exploreCase(one, one.racy);
  const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`;
  const files: [string, string | Uint8Array][] = [['racy.json', json(one.racy)]];
  if (one.fixed !== null) files.push(['fixed.json', json(one.fixed)]);
  for (const document of one.kernels) files.push([`racy-${document.kernel}.json`, json(document)]);
  const good = passingRun(one, racy);
  if (good !== null) files.push(['passing.arrows', repeatable(racy, good)]);
  if (racy.badRun !== null) files.push(['failing.arrows', repeatable(racy, racy.badRun)]);
  return files;
}

/** Writes a folder for each case. */
export function extract(cases: readonly Case[], to: string): void {
  for (const one of cases) {
    const folder = join(to, one.id);
    try {
      mkdirSync(folder, { recursive: true });
      for (const [name, content] of filesOf(one)) writeFileSync(join(folder, name), content);
    } catch (error) {
      throw fileError(error, folder, 'writing');
    }
  }
}
