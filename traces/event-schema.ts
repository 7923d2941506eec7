/**
 * The event schema: one wide row per event. A column that does not apply is null.
 */

/** How a column is stored. `dict` is a string column whose values are ids into a dictionary. */
export type ColumnType = 'u64' | 'i64' | 'u32' | 'u16' | 'i16' | 'dict' | 'utf8' | 'binary';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
  readonly doc: string;
}

const column = <N extends string, T extends ColumnType>(
  name: N,
  type: T,
  nullable: boolean,
  doc: string,
) => ({ name, type, nullable, doc }) as const;

/** Every column, in the order of the file. Columns are only ever appended. */
export const COLUMNS = [
  column('seq', 'u64', false, 'position in the trace, dense from 0: the total order'),
  column('ts', 'u64', false, "nanoseconds of the trace's clock; may go backwards"),
  column('cpu', 'u16', true, 'CPU it ran on'),
  column('pid', 'u32', true, 'process (thread group) id'),
  column('tid', 'u32', true, 'thread id; the "pid" of ftrace and perf text'),
  column('task', 'dict', true, 'comm of the task, up to 15 bytes'),
  column('source', 'dict', false, 'what recorded the event: ftrace-text, qemu, strace, …'),
  column('kind', 'dict', false, 'what happened: probe, sysfs.write, config.read, …'),
  column('phase', 'dict', false, 'begin, end or point'),
  column(
    'span',
    'u64',
    true,
    'on an end: seq of its begin; on an access seen twice: its other seq',
  ),
  column('device', 'dict', true, 'PCI address dddd:bb:dd.f, or mdev UUID'),
  column('driver', 'dict', true, 'driver concerned, by its name on the bus'),
  column('path', 'dict', true, 'door of an access: kernel, sysfs, vfio, guest, hardware, virtual'),
  column(
    'region',
    'i16',
    true,
    'VFIO region index: 0-5 BARs, 6 ROM, 7 config, 8 VGA; irq.set: index',
  ),
  column('offset', 'u64', true, 'byte offset in the region, or the IOVA or address'),
  column('length', 'u64', true, 'bytes of the access or range'),
  column('value', 'u64', true, 'value read or written, up to 8 bytes; else as the kind says'),
  column('name', 'dict', true, 'ioctl, sysfs attribute, register, or the kernel function'),
  column('ret', 'i64', true, 'return value or negative errno'),
  column('data', 'binary', true, 'argument structs, and accesses longer than 8 bytes'),
  column('text', 'utf8', true, 'sysfs buffer, log line, mark'),
] as const satisfies readonly Column[];

type ColumnsOf<T extends ColumnType> = Extract<(typeof COLUMNS)[number], { type: T }>['name'];
export type ColumnName = (typeof COLUMNS)[number]['name'];
export type DictColumn = ColumnsOf<'dict'>;
export type WordColumn = ColumnsOf<'u64' | 'i64'>;
export type IntColumn = ColumnsOf<'u32' | 'u16' | 'i16'>;

export const DICT_COLUMNS: readonly DictColumn[] = COLUMNS.flatMap((c) =>
  c.type === 'dict' ? [c.name] : [],
);

/** Version of the file format and schema; docs/format.md has the rules for changing it. */
export const FORMAT_VERSION = 2;

/** Metadata of a trace, stored in its Arrow schema. */
export interface TraceMeta {
  /** Clock of `ts`: mono, boot, realtime, local, …, or `none` when the input had no times. */
  readonly clock: string;
  /** CLOCK_REALTIME minus the trace's clock in nanoseconds, when known. */
  readonly wallOffsetNs?: bigint;
  /** Release of the recorded kernel, such as `6.1.0-56-amd64`. */
  readonly kernel?: string;
  /** Program and version that wrote the trace. */
  readonly writer: string;
  /** Free text by key: command line, probes armed, host name. */
  readonly notes: Readonly<Record<string, string>>;
}
