/**
 * Writes a trace.dat by the manual (trace-cmd.dat.v6(5), trace-cmd.dat.v7(5)), in either byte
 * order and for 32- and 64-bit kernels; for tests. Nothing of the importer is used.
 */

/** Numbers in the byte order of a file. */
export class Bytes {
  constructor(readonly isBig: boolean) {}

  u8 = (value: number): Buffer => Buffer.from([value & 0xff]);

  u16(value: number): Buffer {
    const bytes = Buffer.alloc(2);
    if (this.isBig) bytes.writeUInt16BE(value);
    else bytes.writeUInt16LE(value);
    return bytes;
  }

  u32(value: number): Buffer {
    const bytes = Buffer.alloc(4);
    if (this.isBig) bytes.writeUInt32BE(value >>> 0);
    else bytes.writeUInt32LE(value >>> 0);
    return bytes;
  }

  u64(value: bigint | number): Buffer {
    const bytes = Buffer.alloc(8);
    const word = BigInt.asUintN(64, BigInt(value));
    if (this.isBig) bytes.writeBigUInt64BE(word);
    else bytes.writeBigUInt64LE(word);
    return bytes;
  }
}

/** A field: its C declaration, its size, whether it is signed; offsets follow from the order. */
export type FieldSpec = readonly [declaration: string, size: number, signed?: boolean];

export interface EventSpec {
  readonly system: string;
  readonly name: string;
  readonly id: number;
  readonly fields: readonly FieldSpec[];
  readonly print: string;
  /** Whether fields stand without gaps, as those of kprobes do. */
  readonly isPacked?: boolean;
}

export interface RecordSpec {
  readonly cpu: number;
  readonly time: bigint;
  readonly event: number;
  readonly tid: number;
  /** What follows the common fields. */
  readonly body: Buffer;
}

export interface FileSpec {
  readonly version: 6 | 7;
  readonly isBig: boolean;
  readonly longBytes: 4 | 8;
  readonly clock: string;
  readonly events: readonly EventSpec[];
  readonly records: readonly RecordSpec[];
  readonly printkFormats?: string;
  readonly kallsyms?: string;
  readonly commandLines?: string;
  readonly options?: readonly { readonly id: number; readonly data: Buffer }[];
  /** Tracing instances beside the top buffer, with records of their own. */
  readonly instances?: readonly {
    readonly name: string;
    readonly clock: string;
    readonly records: readonly RecordSpec[];
  }[];
}

const PAGE = 4096;
const CPUS = 2;
/** Sections of version 7, which are also the options that refer to them. */
const SECTION = {
  header: 16,
  ftrace: 17,
  events: 18,
  kallsyms: 19,
  printk: 20,
  names: 21,
} as const;
const OPTION = { buffer: 3, clock: 4 } as const;

export function buildTraceDat(spec: FileSpec): Buffer {
  const head = Buffer.concat([
    Buffer.from(`\x17\x08\x44tracing${spec.version}\0`, 'latin1'),
    Buffer.from([spec.isBig ? 1 : 0, spec.longBytes]),
    new Bytes(spec.isBig).u32(PAGE),
  ]);
  return spec.version === 6 ? version6(spec, head) : version7(spec, head);
}

/** The text of an event's format file. */
function formatOf({ name, id, fields, print, isPacked = false }: EventSpec): string {
  const common: FieldSpec[] = [
    ['unsigned short common_type', 2],
    ['unsigned char common_flags', 1],
    ['unsigned char common_preempt_count', 1],
    ['int common_pid', 4, true],
  ];
  let offset = 0;
  const lines = [...common, ...fields].map(([declaration, size, signed]) => {
    const elements = Number(/\[(\d+)\]/.exec(declaration)?.[1] ?? 1);
    const align = isPacked ? 1 : Math.min(Math.max(size / elements, 1), 8);
    offset = Math.ceil(offset / align) * align;
    const at = offset;
    offset += size;
    return `\tfield:${declaration};\toffset:${at};\tsize:${size};\tsigned:${signed ? 1 : 0};\n`;
  });
  lines.splice(common.length, 0, '\n');
  return `name: ${name}\nID: ${id}\nformat:\n${lines.join('')}\nprint fmt: ${print}\n`;
}

function headerInfo({ longBytes }: FileSpec, bytes: Bytes): Buffer {
  const data = 8 + longBytes;
  const page = [
    '\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n',
    `\tfield: local_t commit;\toffset:8;\tsize:${longBytes};\tsigned:1;\n`,
    '\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n',
    `\tfield: char data;\toffset:${data};\tsize:${PAGE - data};\tsigned:1;\n`,
  ].join('');
  const event = '# compressed entry header\n\ttype_len    :    5 bits\n';
  return Buffer.concat([
    Buffer.from('header_page\0'),
    bytes.u64(page.length),
    Buffer.from(page),
    Buffer.from('header_event\0'),
    bytes.u64(event.length),
    Buffer.from(event),
  ]);
}

function formats(events: readonly EventSpec[], bytes: Bytes): Buffer {
  const texts = events.map(formatOf);
  return Buffer.concat([
    bytes.u32(events.length),
    ...texts.flatMap((text) => [bytes.u64(text.length), Buffer.from(text)]),
  ]);
}

/** Events by system, but ftrace's own. */
function systems(events: readonly EventSpec[], bytes: Bytes): Buffer {
  const names = [...new Set(events.map(({ system }) => system))].filter((s) => s !== 'ftrace');
  return Buffer.concat([
    bytes.u32(names.length),
    ...names.flatMap((name) => [
      Buffer.from(`${name}\0`),
      formats(
        events.filter(({ system }) => system === name),
        bytes,
      ),
    ]),
  ]);
}

const sized = (text: string, size: Buffer) => Buffer.concat([size, Buffer.from(text)]);

interface Parts {
  readonly header: Buffer;
  readonly ftrace: Buffer;
  readonly events: Buffer;
  readonly kallsyms: Buffer;
  readonly printk: Buffer;
  readonly names: Buffer;
  readonly cpus: readonly Buffer[];
}

function partsOf(spec: FileSpec, bytes: Bytes): Parts {
  const { kallsyms = '', printkFormats = '', commandLines = '1 init\n' } = spec;
  return {
    header: headerInfo(spec, bytes),
    ftrace: formats(
      spec.events.filter(({ system }) => system === 'ftrace'),
      bytes,
    ),
    events: systems(spec.events, bytes),
    kallsyms: sized(kallsyms, bytes.u32(kallsyms.length)),
    printk: sized(printkFormats, bytes.u32(printkFormats.length)),
    names: sized(commandLines, bytes.u64(commandLines.length)),
    cpus: pagesOf(spec, bytes),
  };
}

const pagesOf = (spec: Pick<FileSpec, 'records' | 'isBig' | 'longBytes'>, bytes: Bytes) =>
  Array.from({ length: CPUS }, (_, cpu) => pageOf(spec, bytes, cpu));

/** The records of a CPU in one page of the ring buffer. */
function pageOf(
  spec: Pick<FileSpec, 'records' | 'isBig' | 'longBytes'>,
  bytes: Bytes,
  cpu: number,
): Buffer {
  const records = spec.records.filter((record) => record.cpu === cpu);
  let last = records[0]?.time ?? 0n;
  const data = records.map(({ time, event, tid, body }) => {
    const payload = Buffer.concat([bytes.u16(event), bytes.u16(0), bytes.u32(tid), body]);
    const length = Math.ceil(payload.length / 4) * 4;
    const delta = Number(time - last);
    last = time;
    const type = length / 4 <= 28 ? length / 4 : 0;
    // The byte order of the kernel is also that of its bit fields.
    const word = spec.isBig ? ((type << 27) >>> 0) + delta : ((delta << 5) >>> 0) + type;
    const extended = type === 0 ? bytes.u32(length + 4) : Buffer.alloc(0);
    const padding = Buffer.alloc(length - payload.length);
    return Buffer.concat([bytes.u32(word), extended, payload, padding]);
  });
  const used = Buffer.concat(data);
  const commit = spec.longBytes === 8 ? bytes.u64(used.length) : bytes.u32(used.length);
  const page = Buffer.concat([bytes.u64(records[0]?.time ?? 0n), commit, used]);
  return Buffer.concat([page, Buffer.alloc(PAGE - page.length)]);
}

const aligned = (length: number) => Math.ceil(length / PAGE) * PAGE;

const optionOf = (bytes: Bytes, id: number, data: Buffer) =>
  Buffer.concat([bytes.u16(id), bytes.u32(data.length), data]);

function version6(spec: FileSpec, head: Buffer): Buffer {
  const bytes = new Bytes(spec.isBig);
  const { header, ftrace, events, kallsyms, printk, names, cpus } = partsOf(spec, bytes);
  const instances = spec.instances ?? [];
  /** The list of pages and the pages, as it stands at `at` for one buffer. */
  const data = (at: number, pages: readonly Buffer[]) => {
    const start = aligned(at + pages.length * 16);
    const index = pages.map((page, cpu) =>
      Buffer.concat([bytes.u64(start + cpu * PAGE), bytes.u64(page.length)]),
    );
    return Buffer.concat([...index, Buffer.alloc(start - at - pages.length * 16), ...pages]);
  };
  const before = (offsets: readonly number[]) =>
    Buffer.concat([
      ...[head, header, ftrace, events, kallsyms, printk, names],
      bytes.u32(cpus.length),
      Buffer.from('options  \0'),
      optionOf(bytes, OPTION.clock, Buffer.from(`[${spec.clock}]\0`)),
      ...(spec.options ?? []).map((option) => optionOf(bytes, option.id, option.data)),
      ...instances.map(({ name }, i) =>
        optionOf(
          bytes,
          OPTION.buffer,
          Buffer.concat([bytes.u64(offsets[i]), Buffer.from(`${name}\0`)]),
        ),
      ),
      bytes.u16(0),
      Buffer.from('flyrecord\0'),
    ]);
  // The offsets have a fixed size, so that they do not move what they point to.
  const first = before(instances.map(() => 0));
  const parts = [first, data(first.length, cpus)];
  const offsets = instances.map(({ records }) => {
    const at = parts.reduce((sum, { length }) => sum + length, 0);
    const marker = Buffer.from('flyrecord\0');
    parts.push(marker, data(at + marker.length, pagesOf({ ...spec, records }, bytes)));
    return at;
  });
  return Buffer.concat([before(offsets), ...parts.slice(1)]);
}

function version7(spec: FileSpec, head: Buffer): Buffer {
  const bytes = new Bytes(spec.isBig);
  const { cpus, ...parts } = partsOf(spec, bytes);
  const file: Buffer[] = [head, Buffer.from('none\0\0')];
  const size = () => file.reduce((sum, { length }) => sum + length, 0);
  const pointer = size();
  file.push(bytes.u64(0));
  const section = (id: number, body: Buffer) => {
    const at = size();
    file.push(bytes.u16(id), bytes.u16(0), bytes.u32(0), bytes.u64(body.length), body);
    return at;
  };
  const sections = Object.entries(SECTION).map(([name, id]) => ({
    id,
    data: bytes.u64(section(id, parts[name as keyof typeof SECTION])),
  }));
  const buffer = (name: string, clock: string, pages: readonly Buffer[]) => {
    const at = size();
    const start = aligned(at + 16);
    section(OPTION.buffer, Buffer.concat([Buffer.alloc(start - at - 16), ...pages]));
    const data = Buffer.concat([
      bytes.u64(at),
      Buffer.from(`${name}\0${clock}\0`),
      bytes.u32(PAGE),
      bytes.u32(pages.length),
      ...pages.map((page, cpu) =>
        Buffer.concat([bytes.u32(cpu), bytes.u64(start + cpu * PAGE), bytes.u64(page.length)]),
      ),
    ]);
    return { id: OPTION.buffer, data };
  };
  const buffers = [
    buffer('', spec.clock, cpus),
    ...(spec.instances ?? []).map(({ name, clock, records }) =>
      buffer(name, clock, pagesOf({ ...spec, records }, bytes)),
    ),
  ];
  const options = [
    ...sections,
    { id: OPTION.clock, data: Buffer.from(`[${spec.clock}]\0`) },
    ...(spec.options ?? []),
    ...buffers,
    { id: 0, data: bytes.u64(0) },
  ];
  const list = options.map(({ id, data }) => optionOf(bytes, id, data));
  const first = section(0, Buffer.concat(list));
  const whole = Buffer.concat(file);
  bytes.u64(first).copy(whole, pointer);
  return whole;
}
