/**
 * Replays, searches for races, debugs and browses mutants of recordings: pieces of real ones with
 * any values in any columns. None may end in an exception, take long or fill the memory.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeviceTimeline, races } from '../../analysis/index.js';
import { Debugger } from '../../cli/debugger.js';
import { formatReport } from '../../cli/race-report.js';
import { importInput } from '../../recorder/index.js';
import { holdersOf, replay, Timeline, watch } from '../../replay/index.js';
import { MemorySource, TraceReader } from '../../traces/index.js';
import { buildTrace, type EventRow } from '../build-trace.js';
import type { Random } from './corpus.js';
import { type MutantFigures, sweep } from './mutants.js';
import { demand, isProgram, sweepOptions } from './options.js';
import { mutate, piece, rowsOf } from './replay-rows.js';

const MEMORY_BYTES_MAX = 768 << 20;
/** Events of each recording that pieces are taken from. */
const ROWS_MAX = 25_000;
const CAPTURES = 'tests/data/captures';

interface Recording {
  readonly name: string;
  readonly rows: readonly EventRow[];
}

export function recordings(names: readonly string[] = readdirSync(CAPTURES)): Recording[] {
  const folder = mkdtempSync(join(tmpdir(), 'vfr-sweep-'));
  try {
    return names.flatMap((name) => {
      const input = join(CAPTURES, name, 'trace.txt.zst');
      if (!existsSync(input)) return [];
      const output = join(folder, 'trace.arrows');
      importInput({ input, output, snapshot: join(CAPTURES, name, 'state-before') });
      const reader = TraceReader.open(output);
      const rows = rowsOf(reader, ROWS_MAX);
      reader.close();
      return [{ name, rows }];
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const sweepReplays = (
  count: number,
  seed: number,
  from: readonly Recording[] = recordings(),
): MutantFigures =>
  sweep(count, seed, (random) => {
    const { name, rows } = random.pick(from);
    const long = random.below(100) === 0;
    const length = long ? 2_000 : 10 + random.below(160);
    const mutant = mutate(piece(rows, random.below(rows.length - 10), length), random);
    const batchRows = random.pick([7, 64, 4096]);
    const clock = random.pick(['mono', 'unknown', 'none', 'x86-tsc']);
    const trace = buildTrace(mutant, { batchRows, meta: { clock } });
    return { name, survives: () => survives(trace, random) };
  });

/** Whatever is asked of a trace that is sound is answered. */
function survives(trace: Buffer, random: Random): boolean {
  const reader = new TraceReader(new MemorySource(trace));
  const { events } = reader;
  const result = replay(reader.read(), reader.meta);
  demand(result.events === events, `${result.events} of ${events} events were counted`);
  demand(formatReport(races(reader), 0n) !== '', 'what is said of races');
  switch (random.below(4)) {
    case 0:
      return debug(reader, random);
    case 1: {
      const timeline = new DeviceTimeline(reader.meta);
      for (const batch of reader.read()) timeline.feed(batch);
      for (const device of Object.keys(result.finalState.devices)) timeline.stateAt(device, events);
      return true;
    }
    case 2:
      for (const _ of watch(reader.read(), random.pick(['', 'drivers', '0000:01:00.1/vfio']))) {
        // Every change is made out.
      }
      return true;
    default:
      return true;
  }
}

function debug(reader: TraceReader, random: Random): boolean {
  const timeline = new Timeline(reader, reader.meta);
  const debug = new Debugger(timeline, () => Promise.resolve([]));
  debug.watches.push('0000:01:00.1', '0000:03:00.0/vfio/irqs');
  for (let i = 0; i < 3; i++) {
    timeline.seek(random.below(reader.events + 2));
    debug.where();
    debug.value('');
    for (const device of Object.keys(timeline.state.devices)) holdersOf(timeline.engine, device);
    debug.go(random.pick(['forward', 'backward']));
  }
  timeline.seek(reader.events);
  demand(timeline.result.events === reader.events, 'the debugger counts each event once');
  return true;
}

if (isProgram(import.meta)) {
  const { count, seed } = sweepOptions(200_000);
  const { mutants, slowestMs, memoryBytes } = sweepReplays(count, seed);
  demand(memoryBytes < MEMORY_BYTES_MAX, `memory reached ${memoryBytes} bytes`);
  console.log(
    `replay-fuzz (seed ${seed}): ${mutants} mutants, 0 exceptions, 0 hangs, ` +
      `slowest ${slowestMs.toFixed(0)} ms, memory ${(memoryBytes / (1 << 20)).toFixed(0)} MiB`,
  );
}
