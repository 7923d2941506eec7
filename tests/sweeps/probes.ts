/**
 * Takes parts out of the text of recordings: all records of a probe, its beginning, single records
 * with and without the recorder's notice. What is missing may make responses unknown; it must never
 * make a divergence.
 *
 *   node dist/tests/sweeps/probes.js [--count N] [--seed N] [CAPTURE-FOLDER...]
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { decompress } from 'zstd-napi';
import { importInput } from '../../recorder/index.js';
import { replay } from '../../replay/index.js';
import { TraceReader } from '../../traces/index.js';
import { scratchFolder } from '../build-trace.js';
import { randomNumbers } from '../mutation.js';
import { isProgram } from './options.js';

const CAPTURES = 'tests/data/captures';

/** A recording's text, and which of its lines are records of what. */
interface Recording {
  readonly name: string;
  readonly snapshot: string;
  /** A record each, or a line that belongs to none; strings of several lines are within one. */
  readonly lines: readonly string[];
  /** Places in `lines` by name of the event. */
  readonly records: ReadonlyMap<string, readonly number[]>;
}

const RECORD = /\[(\d{3})\] \S+ +\d+\.\d+: (\w+): /;

export function readRecording(folder: string): Recording {
  const file = readdirSync(folder).find((name) => /^trace\.txt(\.zst)?$/.test(name));
  const bytes = readFileSync(join(folder, file ?? 'trace.txt'));
  const text = file?.endsWith('.zst') === true ? decompress(bytes) : bytes;
  const lines = joinRecords(Buffer.from(text).toString('latin1').split('\n'));
  const records = new Map<string, number[]>();
  lines.forEach((line, at) => {
    const name = RECORD.exec(line)?.[2];
    if (name === undefined) return;
    const places = records.get(name);
    if (places === undefined) records.set(name, [at]);
    else places.push(at);
  });
  return { name: basename(folder), snapshot: join(folder, 'state-before'), lines, records };
}

/** A written text that ends in a newline breaks its record, whose rest goes and stays with it. */
function joinRecords(lines: readonly string[]): string[] {
  const joined: string[] = [];
  for (const line of lines) {
    const last = joined.at(-1);
    const starts = line === '' || line.startsWith('#') || /^CPU:\d+ \[/.test(line);
    if (last === undefined || starts || RECORD.test(line) || !RECORD.test(last)) joined.push(line);
    else joined[joined.length - 1] = `${last}\n${line}`;
  }
  return joined;
}

/** A way to take something away. */
export interface Cut {
  readonly what: string;
  readonly snapshot: boolean;
  /** What is left of the lines. */
  readonly lines: () => readonly string[];
}

const partsOf = (name: string): readonly string[] => [name, `${name}_ret`, `${name}_val`];

/** Every probe whole, and its entry, its return and its value alone. */
function probeCuts({ lines, records }: Recording): Cut[] {
  const cutOf = (names: readonly string[]): Cut => ({
    what: `without ${names.join(', ')}`,
    snapshot: true,
    lines: () => {
      const gone = new Set(names.flatMap((name) => records.get(name) ?? []));
      return lines.filter((_, at) => !gone.has(at));
    },
  });
  const whole = [...records.keys()].map((name) =>
    partsOf(name).filter((part) => records.has(part)),
  );
  const single = [...records.keys()].map((name) => [name]);
  return [...whole.filter((names) => names.length > 1), ...single].map(cutOf);
}

/** Recordings that begin late, with the snapshot of before and without. */
function lateCuts({ lines, records }: Recording): Cut[] {
  const first = Math.min(...[...records.values()].map((places) => places[0]));
  return [0.03, 0.11, 0.25, 0.4, 0.5, 0.62, 0.8, 0.95].flatMap((share) =>
    [true, false].map((snapshot) => ({
      what: `without the first ${share * 100} %, ${snapshot ? 'with' : 'without'} the snapshot`,
      snapshot,
      lines: () => {
        const from = first + Math.floor((lines.length - first) * share);
        return [...lines.slice(0, first), ...lines.slice(from)];
      },
    })),
  );
}

/** Single records, or a few in a row on one CPU, are lost, and the kernel says so. */
function lossCuts({ lines, records }: Recording, random: (below: number) => number): Cut[] {
  const places = [...records.values()].flat().sort((a, b) => a - b);
  return Array.from({ length: 24 }, (_, i) => {
    const from = places[random(places.length)];
    const cpu = RECORD.exec(lines[from])?.[1] ?? '000';
    const most = i % 3 === 0 ? 1 : 1 + random(40);
    const gone = new Set<number>();
    for (let at = from; at < lines.length && gone.size < most; at++) {
      if (RECORD.exec(lines[at])?.[1] === cpu) gone.add(at);
    }
    const notice = `CPU:${Number(cpu)} [LOST ${gone.size} EVENTS]`;
    const last = Math.max(...gone);
    return {
      what: `with ${gone.size} records lost from line ${from + 1}`,
      snapshot: true,
      lines: () =>
        lines.flatMap((line, at) => (at === last ? [notice] : gone.has(at) ? [] : [line])),
    };
  });
}

export const cutsOf = (recording: Recording, seed: number): Cut[] => [
  ...probeCuts(recording),
  ...lateCuts(recording),
  ...lossCuts(recording, randomNumbers(seed)),
];

/** The divergences of what is left, as text. */
export function divergencesOf(recording: Recording, cut: Cut, folder: string): string[] {
  const [input, output] = [join(folder, 'cut.txt'), join(folder, 'cut.arrows')];
  writeFileSync(input, cut.lines().join('\n'), 'latin1');
  importInput({ input, output, ...(cut.snapshot ? { snapshot: recording.snapshot } : {}) });
  const reader = TraceReader.open(output);
  const { divergences } = replay(reader.read(), { kernel: reader.meta.kernel });
  reader.close();
  rmSync(output);
  return divergences.map(
    (d) => `${d.seq} ${d.kind} ${d.phase} ${d.name} ${d.device}: ${d.expected} | ${d.actual}`,
  );
}

/** Makes `count` cuts of each recording, evenly chosen; @returns a line for each that diverges. */
export function sweepProbes(folders: readonly string[], count: number, seed: number): string[] {
  const scratch = scratchFolder();
  return folders.flatMap((folder) => {
    const recording = readRecording(folder);
    const cuts = cutsOf(recording, seed);
    const step = Math.max(1, cuts.length / count);
    const chosen = cuts.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step));
    return chosen.flatMap((cut) => {
      const found = divergencesOf(recording, cut, scratch);
      if (found.length === 0) return [];
      return [`${recording.name} ${cut.what}: ${found.length} divergences, ${found[0]}`];
    });
  });
}

export const shippedCaptures = (): string[] =>
  readdirSync(CAPTURES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(CAPTURES, entry.name));

if (isProgram(import.meta)) {
  const { values, positionals } = parseArgs({
    options: { count: { type: 'string' }, seed: { type: 'string' } },
    allowPositionals: true,
  });
  const folders = positionals.length > 0 ? positionals : shippedCaptures();
  const count = Number(values.count ?? Number.POSITIVE_INFINITY);
  for (const folder of folders) {
    const found = sweepProbes([folder], count, Number(values.seed ?? 1));
    for (const line of found) console.log(line);
    console.log(`${basename(folder)}: ${found.length} cuts with divergences`);
    if (found.length > 0) process.exitCode = 1;
  }
}
