/** The contents of a trace.dat of any version. */
import type { ByteSource } from '../../../traces/index.js';
import type { EventFormat } from '../../ring-buffer/index.js';
import type { TimeShift, TscRate } from './clock-correction.js';
import type { Compression } from './compression.js';

/** The pages of one CPU in the file. */
export interface CpuData {
  readonly cpu: number;
  readonly offset: number;
  /** Bytes in the file, compressed or not. */
  readonly size: number;
}

/** One ring buffer: the top one, whose name is empty, or a tracing instance. */
export interface BufferData {
  readonly name: string;
  readonly clock: string;
  /** Bytes of a page; 0 when the file does not say. */
  readonly pageSize: number;
  readonly compression: Compression;
  readonly cpus: readonly CpuData[];
}

/** Numbers that trace-cmd took from a CPU's `stats` when the recording ended. */
export interface CpuStats {
  readonly cpu: number;
  /** Events overwritten or dropped; null when the kernel's number cannot be one. */
  readonly lost: number | null;
}

export interface TraceFile {
  readonly source: ByteSource;
  readonly version: number;
  readonly littleEndian: boolean;
  readonly headerPage: string;
  readonly formats: readonly EventFormat[];
  /** The text of /proc/kallsyms, decompressed on demand. */
  readonly kallsyms: () => Buffer;
  readonly printkFormats: string;
  /** Names of tasks by thread id, at the end of the recording. */
  readonly commandLines: ReadonlyMap<number, string>;
  readonly buffers: readonly BufferData[];
  readonly stats: readonly CpuStats[];
  readonly tscRate: TscRate | null;
  readonly timeShift: TimeShift | null;
  /** Clock of the top buffer. */
  readonly clock: string;
  /** Text of uname: system, host, release, machine. */
  readonly uname: string | null;
  /** Wall clock minus trace clock in nanoseconds (`trace-cmd record --date`). */
  readonly wallOffsetNs: bigint | null;
  readonly notes: Readonly<Record<string, string>>;
  /** Where and why the file's own directory could not be read to its end. */
  readonly damage: { readonly offset: number; readonly why: string } | null;
}
