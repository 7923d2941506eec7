/** perf.data: what `perf record` wrote, into a file or a pipe. */
import type { Importer, InputMeta } from '../importer.js';
import type { Input } from '../input-stream.js';
import { CLOCKS } from '../perf/clock-names.js';
import { sourceOf } from '../random-access.js';
import { FEATURE, MAGIC, MAGIC_SWAPPED } from './perf-constants.js';
import { type PerfFile, readPerfFile } from './perf-file.js';
import { PerfSession } from './perf-session.js';

export { mainFileOf } from './perf-folder.js';

/** Files that `meta` has read, so that `read` need not read them again: an input is read once. */
const opened = new WeakMap<Input, PerfFile>();

function open(input: Input): PerfFile {
  let file = opened.get(input);
  if (file === undefined) {
    file = readPerfFile(sourceOf(input));
    opened.set(input, file);
  }
  return file;
}

export const perfData: Importer = {
  format: 'perf.data',
  describe: 'binary of perf record, of a file, a folder (--threads) or a pipe (-o -), also with -z',
  clock: 'as recorded (`-k`), otherwise `perf`',
  needs: 'seek',
  sample: 'perf/perf.data.zst',
  detect: (head) => {
    const magic = head.subarray(0, MAGIC.byteLength);
    return magic.equals(MAGIC) || magic.equals(MAGIC_SWAPPED) ? 1 : 0;
  },
  meta(input): InputMeta {
    const file = open(input);
    const clock = file.attributes.first?.clock ?? null;
    const kernel = text(file, FEATURE.osRelease);
    const version = text(file, FEATURE.version);
    const command = commandLine(file);
    const wallOffsetNs = wallOffset(file);
    return {
      // Without a chosen clock, perf uses local_clock(), which ftrace calls `perf`.
      clock: clock === null ? 'perf' : (CLOCKS[clock] ?? 'unknown'),
      ...(kernel !== null && { kernel }),
      ...(wallOffsetNs !== null && { wallOffsetNs }),
      notes: { ...(version !== null && { perf: version }), ...(command !== null && { command }) },
    };
  },
  read(input, events) {
    const file = open(input);
    try {
      return new PerfSession(file, events).read();
    } finally {
      for (const source of [file.source, ...file.others]) source.close();
    }
  },
};

/** A string preceded by its size; null when there is none. */
function stringAt(bytes: Buffer, at: number, littleEndian: boolean) {
  if (at + 4 > bytes.byteLength) return null;
  const size = littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
  if (size > bytes.byteLength - at - 4) return null;
  const value = bytes.toString('utf8', at + 4, at + 4 + size).replace(/\0.*$/s, '');
  return { value, next: at + 4 + size };
}

const text = ({ features, littleEndian }: PerfFile, feature: number): string | null =>
  stringAt(features.get(feature) ?? Buffer.alloc(0), 0, littleEndian)?.value ?? null;

function commandLine({ features, littleEndian }: PerfFile): string | null {
  const bytes = features.get(FEATURE.cmdline);
  if (bytes === undefined) return null;
  const words: string[] = [];
  for (let word = stringAt(bytes, 4, littleEndian); word !== null; ) {
    words.push(word.value);
    word = stringAt(bytes, word.next, littleEndian);
  }
  return words.join(' ');
}

/** Wall clock minus trace clock in nanoseconds, if perf read both at the same time. */
function wallOffset({ features, littleEndian }: PerfFile): bigint | null {
  const bytes = features.get(FEATURE.clockData);
  if (bytes === undefined || bytes.byteLength < 24) return null;
  const at = (place: number) =>
    littleEndian ? bytes.readBigUInt64LE(place) : bytes.readBigUInt64BE(place);
  return at(8) - at(16);
}
