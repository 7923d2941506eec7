/** trace.dat of trace-cmd, versions 6 and 7. */
import { type EventAppender, VfrError } from '../../../traces/index.js';
import { parsePageFormat } from '../../ring-buffer/index.js';
import type { Importer, ImportReport, InputMeta } from '../importer.js';
import type { Input } from '../input-stream.js';
import { sourceOf } from '../random-access.js';
import { correctionOf } from './clock-correction.js';
import { CpuStream } from './cpu-stream.js';
import { DatRecords } from './dat-records.js';
import { mergeStreams } from './merge-streams.js';
import { MAGIC, readTraceFile } from './read-file.js';
import type { BufferData, TraceFile } from './trace-file.js';

/** Files that `meta` has read, so that `read` need not read them again: an input is read once. */
const opened = new WeakMap<Input, TraceFile>();

function open(input: Input): TraceFile {
  let file = opened.get(input);
  if (file === undefined) {
    file = readTraceFile(sourceOf(input));
    opened.set(input, file);
  }
  return file;
}

export const traceDat: Importer = {
  format: 'trace.dat',
  describe: 'binary of trace-cmd record, file versions 6 and 7',
  clock: 'as recorded',
  needs: 'seek',
  sample: 'tracedat/built.dat.zst',
  detect: (head) => (head.subarray(0, MAGIC.byteLength).equals(MAGIC) ? 1 : 0),
  meta(input): InputMeta {
    const { clock, uname, wallOffsetNs, notes, buffers, version } = open(input);
    const kernel = uname?.split(' ')[2];
    const instances = buffers.filter(({ name }) => name !== '').map(({ name }) => name);
    return {
      clock,
      ...(kernel === undefined ? {} : { kernel }),
      ...(wallOffsetNs === null ? {} : { wallOffsetNs }),
      notes: {
        ...notes,
        'trace.dat': `version ${version}`,
        ...(instances.length === 0 ? {} : { instances: instances.join(' ') }),
      },
    };
  },
  read(input, events): ImportReport {
    const file = open(input);
    try {
      return readRecords(file, events);
    } finally {
      file.source.close();
    }
  },
};

function readRecords(file: TraceFile, events: EventAppender): ImportReport {
  const records = new DatRecords(file, events, 'trace.dat');
  const stops = file.damage === null ? [] : [file.damage];
  for (const buffers of byClock(file.buffers)) {
    const streams = buffers.flatMap((buffer) => streamsOf(file, buffer));
    mergeStreams(streams, (stream) => records.handle(stream));
    records.end(streams);
    stops.push(...streams.flatMap(({ stopped }) => (stopped === null ? [] : [stopped])));
    if (file.buffers.length === 1) records.reportUncounted(streams);
  }
  if (file.buffers.length === 0 && file.damage !== null) {
    const next = 'The part with the records is missing; record again.';
    const place = { file: file.source.name, offset: file.damage.offset };
    throw new VfrError('TRACEDAT_EMPTY', file.damage.why, next, place);
  }
  const report = records.finish();
  const [first] = stops.sort((a, b) => a.offset - b.offset);
  return first === undefined ? report : { ...report, stopped: first };
}

function streamsOf(file: TraceFile, buffer: BufferData): CpuStream[] {
  const { source, littleEndian, headerPage } = file;
  const page = parsePageFormat(headerPage, littleEndian, source.name);
  const fits = buffer.pageSize > page.dataOffset;
  const format = { ...page, pageSize: fits ? buffer.pageSize : page.pageSize };
  return buffer.cpus.map((data) => {
    const correction = correctionOf(data.cpu, buffer.clock, file.tscRate, file.timeShift);
    return new CpuStream(source, data, buffer.compression, format, correction);
  });
}

/** Buffers of one clock are merged by their times; buffers of other clocks follow. */
function byClock(buffers: readonly BufferData[]): BufferData[][] {
  const groups = new Map<string, BufferData[]>();
  for (const buffer of buffers) {
    groups.set(buffer.clock, [...(groups.get(buffer.clock) ?? []), buffer]);
  }
  return [...groups.values()];
}
