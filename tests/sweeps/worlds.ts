/**
 * Recordings of another world: a driver, a device, a function of a driver has a name that nobody
 * knows, the events of one function are missing, or of many, the kernel is of another age, a function
 * of PCI is a mediated device. The kernel did the same as before, only less of it is told: what was predicted
 * may become unknown or unmodelled, and nothing may become a divergence.
 *
 *   node dist/tests/sweeps/worlds.js [--count N] [CAPTURE-FOLDER|TRACE...]
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { importInput } from '../../recorder/index.js';
import { replay } from '../../replay/index.js';
import {
  type Batch,
  BytesView,
  type ColumnName,
  DictView,
  TraceReader,
  WordView,
} from '../../traces/index.js';
import { scratchFolder } from '../scratch.js';
import { isProgram } from './options.js';
import { shippedCaptures } from './probes.js';

/** Columns of a batch that are not those of the recording. */
type Columns = Partial<Record<ColumnName, (batch: Batch) => unknown>>;

/** One change of a recording. */
export interface World {
  readonly what: string;
  readonly columns?: Columns;
  /** Another kernel than the recording names; null for none. */
  readonly kernel?: string | null;
}

const changed = (batch: Batch, columns: Columns): Batch => {
  const made = new Map<ColumnName, unknown>();
  return {
    rows: batch.rows,
    seqFirst: batch.seqFirst,
    column(name: ColumnName) {
      const make = columns[name];
      if (make === undefined) return batch.column(name);
      let view = made.get(name);
      if (view === undefined) {
        view = make(batch);
        made.set(name, view);
      }
      return view;
    },
  } as unknown as Batch;
};

type Rename = (text: string) => string;

const renamed =
  (name: 'device' | 'driver' | 'name', rename: Rename) =>
  (batch: Batch): DictView => {
    const { bits, ids, entries } = batch.column(name);
    return new DictView(bits, ids, entries.map(rename));
  };

/** What was written and what a snapshot tells, in other words. */
const reworded =
  (rename: Rename) =>
  (batch: Batch): BytesView => {
    const view = batch.column('text');
    const texts = Array.from({ length: batch.rows }, (_, row) => {
      const text = view.at(row);
      return text === null
        ? Buffer.alloc(0)
        : Buffer.from(rename(text.toString('latin1')), 'latin1');
    });
    const offsets = new Int32Array(batch.rows + 1);
    for (const [row, text] of texts.entries()) offsets[row + 1] = offsets[row] + text.length;
    return new BytesView(view.bits, offsets, Buffer.concat(texts));
  };

const replaceAll =
  (from: string, to: string): Rename =>
  (text) =>
    text.replaceAll(from, to);

/** The text of a write is the driver's name; in a snapshot it stands between quotes. */
const wordOf = (from: string, to: string): Rename => {
  const quoted = replaceAll(`"${from}"`, `"${to}"`);
  return (text) => (text.trim() === from ? text.replace(from, to) : quoted(text));
};

const exactly =
  (from: string, to: string): Rename =>
  (text) =>
    text === from ? to : text;

const renamedDriver = (driver: string, to: string): World => ({
  what: `driver ${driver} is called ${to}`,
  columns: {
    driver: renamed('driver', exactly(driver, to)),
    text: reworded(wordOf(driver, to)),
  },
});

const renamedDevice = (device: string, to: string, what: string): World => ({
  what: `${device} is ${what}`,
  columns: {
    device: renamed('device', exactly(device, to)),
    text: reworded(replaceAll(device, to)),
  },
});

/** As far as the snapshot goes it is a PCI function still. */
const onlyInEvents = (device: string, to: string): World => ({
  what: `${device} is a mediated device in events`,
  columns: {
    device: (batch) => {
      const view = batch.column('device');
      const own = view.entries.indexOf(device);
      const kind = batch.column('kind');
      const snapshot = kind.entries.indexOf('snapshot');
      const ids = view.ids.map((id, row) =>
        id === own && kind.ids[row] !== snapshot ? view.entries.length : id,
      );
      return new DictView(view.bits, ids, [...view.entries, to]);
    },
  },
});

const renamedFunction = (name: string, to: string): World => ({
  what: `function ${name} is called ${to}`,
  columns: { name: renamed('name', exactly(name, to)) },
});

type Part = 'all' | 'begins' | 'ends';

/** Events of functions are lines of text that tell nothing. */
function without(lost: ReadonlySet<string>, part: Part, what: string): World {
  const isGone = (batch: Batch): Uint8Array => {
    const [names, phases] = [batch.column('name'), batch.column('phase')];
    const isLost = names.entries.map((name) => lost.has(name));
    const end = phases.entries.indexOf('end');
    return Uint8Array.from({ length: batch.rows }, (_, row) => {
      const isEnd = phases.ids[row] === end;
      const isPart = part === 'all' || (part === 'ends') === isEnd;
      return isLost[names.id(row)] === true && isPart ? 1 : 0;
    });
  };
  return {
    what: `without ${part === 'all' ? '' : `the ${part} of `}${what}`,
    columns: {
      kind: (batch) => {
        const { bits, ids, entries } = batch.column('kind');
        const gone = isGone(batch);
        const log = ids.map((id, row) => (gone[row] === 1 ? entries.length : id));
        return new DictView(bits, log, [...entries, 'log']);
      },
      name: (batch) => {
        const { bits, ids, entries } = batch.column('name');
        const gone = isGone(batch);
        const log = ids.map((id, row) => (gone[row] === 1 ? entries.length : id));
        const kept = part === 'all' ? entries.map((n) => (lost.has(n) ? 'gone' : n)) : entries;
        return new DictView(bits, log, [...kept, 'line']);
      },
      ...(part === 'begins' ? { span: (batch: Batch) => withoutSpans(batch, lost) } : {}),
    },
  };
}

const withoutOne = (name: string, part: Part): World => without(new Set([name]), part, name);

/** Seeds of recordings with few probes, and the share of functions that have none. */
const THINNED: readonly (readonly [seed: number, share: number])[] = [
  ...[1, 2, 3, 4].map((seed) => [seed, 0.2] as const),
  ...[5, 6, 7, 8].map((seed) => [seed, 0.5] as const),
  ...[9, 10, 11, 12].map((seed) => [seed, 0.8] as const),
];

/** A recording in which functions are missing that a seed chooses. */
function thinned(names: readonly string[], seed: number, share: number): World {
  const lost = names.filter(
    (name) => createHash('md5').update(`${seed} ${name}`).digest().readUInt32LE() < share * 2 ** 32,
  );
  return without(new Set(lost), 'all', `${share * 100} % of the functions, seed ${seed}`);
}

/** An end whose begin is gone belongs to none. */
function withoutSpans(batch: Batch, lost: ReadonlySet<string>): WordView {
  const { bits, words, signed } = batch.column('span');
  const names = batch.column('name');
  const isLost = names.entries.map((name) => lost.has(name));
  const told = bits?.slice() ?? new Uint8Array(Math.ceil(batch.rows / 8)).fill(0xff);
  for (let row = 0; row < batch.rows; row++) {
    if (isLost[names.id(row)] === true) told[row >> 3] &= ~(1 << (row & 7));
  }
  return new WordView(told, words, signed);
}

const UUID = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';
export const KERNELS = ['3.10.0', '5.4.0-42-generic', '6.6.30', '7.3.4', null] as const;
const NATIVE = /^(?!vfio_|pci_|driver_|device_|really)\w+_(?:probe|remove)$/;
const PCI = /^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/;
/** Kinds that say nothing of what is judged. */
const SILENT: ReadonlySet<string> = new Set(['log', 'snapshot', 'lost', 'mark']);

/** All worlds that a recording has. */
export function worldsOf(reader: TraceReader): World[] {
  const found = { device: new Set<string>(), driver: new Set<string>(), name: new Set<string>() };
  const ended = new Set<string>();
  const [used, born] = [new Set<string>(), new Set<string>()];
  for (const batch of reader.read()) {
    const [kind, phase] = [batch.column('kind'), batch.column('phase')];
    for (let row = 0; row < batch.rows; row++) {
      if (SILENT.has(kind.at(row) ?? '')) continue;
      for (const column of ['device', 'driver', 'name'] as const) {
        const text = batch.column(column).at(row);
        if (text !== null && text !== '') found[column].add(text);
      }
      const name = batch.column('name').at(row) ?? '';
      if (phase.at(row) === 'end') ended.add(name);
      const device = batch.column('device').at(row);
      if (device !== null && kind.at(row) === 'ioctl') used.add(device);
      if (device !== null && kind.at(row) === 'device.add') born.add(device);
    }
  }
  // The address of a VF follows from that of its PF.
  const devices = [...found.device].filter((device) => PCI.test(device) && !born.has(device));
  const names = [...found.name];
  return [
    ...KERNELS.map((kernel) => ({ what: `kernel ${kernel ?? 'not named'}`, kernel })),
    ...[...found.driver].map((driver) => renamedDriver(driver, 'zeta')),
    ...devices.map((device) =>
      renamedDevice(device, `${device.slice(0, -4)}1f.7`, 'in another slot'),
    ),
    ...[...used]
      .filter((device) => !born.has(device))
      .flatMap((device) => [
        renamedDevice(device, UUID, 'a mediated device'),
        onlyInEvents(device, UUID),
      ]),
    ...names.filter((name) => NATIVE.test(name)).map((name) => renamedFunction(name, 'zeta_probe')),
    ...names.map((name) => withoutOne(name, 'all')),
    ...[...ended].flatMap((name) => [withoutOne(name, 'begins'), withoutOne(name, 'ends')]),
    ...THINNED.map(([seed, share]) => thinned(names, seed, share)),
  ];
}

/** The divergences of a recording in another world, as text. */
export function divergencesIn(reader: TraceReader, world: World): string[] {
  const kernel = world.kernel === undefined ? reader.meta.kernel : (world.kernel ?? undefined);
  const batches = function* () {
    for (const batch of reader.read()) yield changed(batch, world.columns ?? {});
  };
  const { divergences } = replay(batches(), { ...reader.meta, kernel });
  return divergences.map(
    (d) => `${d.seq} ${d.kind} ${d.phase} ${d.name} ${d.device}: ${d.expected} | ${d.actual}`,
  );
}

/** Makes `count` worlds of a recording, evenly chosen; @returns a line for each that diverges. */
export function sweepWorlds(trace: string, count: number, name = basename(trace)): string[] {
  const reader = TraceReader.open(trace);
  try {
    const [before, worlds] = [divergencesIn(reader, { what: 'as it is' }), worldsOf(reader)];
    const step = Math.max(1, worlds.length / count);
    const chosen = worlds.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step));
    return chosen.flatMap((world) => {
      const more = divergencesIn(reader, world).filter((line) => !before.includes(line));
      if (more.length === 0) return [];
      return [`${name} ${world.what}: ${more.length} divergences, ${more[0]}`];
    });
  } finally {
    reader.close();
  }
}

/** The trace of a recording: itself, or made of the folder of a capture. */
function traceOf(path: string, scratch: string): string {
  if (!statSync(path).isDirectory()) return path;
  const output = join(scratch, `${basename(path)}.arrows`);
  const text = ['trace.txt.zst', 'trace.txt'].map((name) => join(path, name)).find(existsSync);
  const kernel = kernelOf(path);
  importInput({
    input: text ?? path,
    output,
    snapshot: join(path, 'state-before'),
    ...(kernel === undefined ? {} : { kernel }),
  });
  return output;
}

/** The release that a capture was made on, where it says so: text of ftrace does not. */
function kernelOf(capture: string): string | undefined {
  const meta = join(capture, 'guest-meta.txt');
  if (!existsSync(meta)) return undefined;
  return /^uname: Linux \S+ (\S+)/m.exec(readFileSync(meta, 'latin1'))?.[1];
}

if (isProgram(import.meta)) {
  const { values, positionals } = parseArgs({
    options: { count: { type: 'string' } },
    allowPositionals: true,
  });
  const scratch = scratchFolder();
  const count = Number(values.count ?? Number.POSITIVE_INFINITY);
  for (const path of positionals.length > 0 ? positionals : shippedCaptures()) {
    const found = sweepWorlds(traceOf(path, scratch), count, basename(path));
    for (const line of found) console.log(line);
    console.log(`${basename(path)}: ${found.length} worlds with divergences`);
    if (found.length > 0) process.exitCode = 1;
  }
}
