/** Recordings of every input format, and how they are broken. */
import type { Importer } from '../../recorder/import/importer.js';
import { IMPORTERS } from '../../recorder/index.js';
import { Bytes, buildTraceDat } from '../build-trace-dat.js';
import { testData } from '../test-data.js';
import { bprint, DEVICE_EVENTS, ftraceEvents } from '../trace-dat-events.js';
import type { Random } from './corpus.js';

const PART_BYTES_MAX = 8_000;

export interface Sample {
  readonly importer: Importer;
  /** What the input is called: raw configuration spaces say by it of which function they are. */
  readonly name: string;
  readonly bytes: Buffer;
  /** Bytes at the beginning without which nothing is recognised; they are broken seldom. */
  readonly head: number;
}

const importerOf = (format: string): Importer => {
  const found = IMPORTERS.find((importer) => importer.format === format);
  if (found === undefined) throw new TypeError(`no format ${format}`);
  return found;
};

const text = (format: string, name: string): Sample => ({
  ...{ importer: importerOf(format), name, bytes: testData(name), head: 0 },
});

/** A simpletrace file of version 4 with one mapping and records of it. */
function simpletrace(version: bigint): Buffer {
  const bytes = new Bytes(false);
  const name = Buffer.from('vfio_pci_reset');
  const device = Buffer.from('0000:02:00.0');
  const mapping = [bytes.u64(0), bytes.u64(5), bytes.u32(name.byteLength), name];
  const event = [
    ...(version === 4n ? [bytes.u64(1)] : []),
    ...[bytes.u64(5), bytes.u64(77), bytes.u32(28 + device.byteLength), bytes.u32(9)],
    ...[bytes.u32(device.byteLength), device],
  ];
  const header = [bytes.u64(-1), bytes.u64(0xf2b1_77cb_0aa4_29b4n), bytes.u64(version)];
  const events = Array.from({ length: 40 }, () => event).flat();
  return Buffer.concat([...header, ...(version === 4n ? mapping : []), ...events]);
}

/** A trace.dat with records of several kinds; small, so that breaking it hits what matters. */
function traceDat(version: 6 | 7, isBig: boolean): Buffer {
  const bytes = new Bytes(isBig);
  const ip = bytes.u64(0xffff_ffff_8100_0000n);
  const { write, bind, map } = DEVICE_EVENTS;
  const bodies = [
    [write.id, [ip, bytes.u8(3), bytes.u32(0x21), bytes.u32(4), bytes.u16(0x0506)]],
    [
      bind.id,
      [ip, bytes.u32((4 << 16) | 32), bytes.u32((4 << 16) | 36), bytes.u64(4), 'drv\0abc\0'],
    ],
    [map.id, [bytes.u64(0x1000), bytes.u64(0x2000), bytes.u64(4096)]],
    [5, [ip, 'mark\n\0']],
    [6, [bprint({ isBig, longBytes: 8 }, 1n, 2n, bytes.u32(7), Buffer.from('str\0'))]],
    [18, [bytes.u32(3), 'raw']],
    [4, [bytes.u32(2), bytes.u32(0), ip, bytes.u64(-1)]],
  ] as const;
  return buildTraceDat({
    ...{ version, isBig, longBytes: 8, clock: 'x86-tsc' },
    events: [...ftraceEvents(8), write, bind, map],
    records: Array.from({ length: 40 }, (_, i) => {
      const [event, parts] = bodies[i % bodies.length];
      const body = parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part));
      const time = 1_000_000n + BigInt(i) * 100n;
      return { cpu: i & 1, time, event, tid: 7, body: Buffer.concat(body) };
    }),
    printkFormats: '0x2 : "%d %-5s %*d"\n',
    kallsyms: 'ffffffff81000000 T my_func\n',
    options: [
      { id: 14, data: Buffer.concat([bytes.u32(1 << 30), bytes.u32(31), bytes.u64(5)]) },
      { id: 12, data: Buffer.concat([bytes.u64(1), bytes.u32(1), bytes.u32(1), bytes.u32(0)]) },
    ],
  });
}

const whole = (format: string, name: string, bytes: Buffer, head: number): Sample => ({
  ...{ importer: importerOf(format), name, bytes, head },
});

/** At least one of every format, of every version and byte order. */
export const samples = (): readonly Sample[] => [
  text('ftrace', 'ftrace/default.txt.zst'),
  text('ftrace', 'ftrace/latency-format.txt.zst'),
  text('ftrace', 'ftrace/syscalls.txt.zst'),
  text('ftrace', 'tracedat/version7-report.txt.zst'),
  text('perf-script', 'perf/default.txt.zst'),
  text('perf-script', 'perf/ip-sym.txt.zst'),
  text('qemu-log', 'qemu/nested-linux.log.zst'),
  text('qemu-log', 'qemu/nested-bios.log.zst'),
  text('strace', 'strace/edu.strace.zst'),
  text('strace', 'strace/dpdk.strace.zst'),
  text('dmesg', 'dmesg/dma-fault-r1.txt.zst'),
  text('dmesg', 'dmesg/dma-fault-r1.raw.txt.zst'),
  text('mmiotrace', 'mmiotrace/e1000e.txt.zst'),
  text('lspci', 'lspci/lspci-vvvnn-xxxx.txt.zst'),
  text('lspci', 'lspci/lspci-xxxx-n.txt.zst'),
  text('udevadm', 'udevadm/monitor.txt.zst'),
  whole('qemu-simpletrace', 'trace-4', simpletrace(4n), 24),
  whole('qemu-simpletrace', 'trace-3', simpletrace(3n), 24),
  whole('trace.dat', 'v6-little.dat', traceDat(6, false), 18),
  whole('trace.dat', 'v6-big.dat', traceDat(6, true), 18),
  whole('trace.dat', 'v7-little.dat', traceDat(7, false), 18),
  whole('trace.dat', 'v7-big.dat', traceDat(7, true), 18),
  text('kernel-json', 'journal/json-pretty.txt.zst'),
  text('journal-export', 'journal/export.txt.zst'),
  text('journal-verbose', 'journal/verbose.txt.zst'),
  whole('perfetto', 'probes', testData('perfetto/probes.pftrace.zst'), 8),
  whole('pci-config', '0000:01:00.0.bin', configSpace(), 0),
];

/** A configuration space with one list of capabilities and one of extended capabilities. */
function configSpace(): Buffer {
  const bytes = Buffer.alloc(4096);
  bytes.writeUInt32LE(0x10d3_8086, 0);
  bytes.writeUInt16LE(0x0010, 6);
  bytes[0x34] = 0x40;
  bytes.writeUInt32LE(0x0000_5005, 0x40);
  bytes.writeUInt32LE(0x0000_0010, 0x50);
  bytes.writeUInt32LE(0x1401_0001, 0x100);
  return bytes;
}

/** Pieces that parsers trip over. */
const HOSTILE = [
  ...['\n', '\0', '\r\n', '"', '\\', '<', '>', '{', '[', '(', '%', '-', '0x', ' = ', ') = '],
  ...['="', '" count=9\n', ' x="y" ', '(fault)', '<...>-1 [000] ', ' => ', '# tracer: '],
  ...[' <unfinished ...>', '<... ioctl resumed>', '+++ exited', '--- SIGBUS', '%*d', '%999999s'],
  'CPU:1 [LOST 99999999999999999999 EVENTS]\n',
  '# entries-in-buffer/entries-written: 1/999999999999\n',
  ...['9'.repeat(40), 'f'.repeat(40), '18446744073709551615', '18446744073.999999999'],
  ...[' '.repeat(500), '['.repeat(500), ': '.repeat(300), '\u{1f600}', '\ufeff'],
].map((piece) => Buffer.from(piece));
const NUMBERS = [0, 1, 3, 7, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

/** A part of the sample, broken in up to eight places. */
export function mutantOf(sample: Sample, all: readonly Sample[], random: Random): Buffer {
  const isText = sample.head === 0;
  const last = Math.max(0, sample.bytes.byteLength - PART_BYTES_MAX);
  const start = isText && random.below(4) > 0 ? random.below(last + 1) : 0;
  const end = isText ? start + 1 + random.below(PART_BYTES_MAX) : sample.bytes.byteLength;
  let bytes: Buffer = Buffer.from(sample.bytes.subarray(start, end));
  for (let edits = random.below(9); edits > 0; edits--) {
    // The head is what the format is known by: few mutants should be refused for it.
    const from = random.below(20) === 0 ? 0 : Math.min(sample.head, bytes.byteLength);
    bytes = edit(bytes, from + random.below(bytes.byteLength - from + 1), all, random);
  }
  return bytes;
}

function edit(bytes: Buffer, at: number, all: readonly Sample[], random: Random): Buffer {
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (random.below(8)) {
    case 0:
      return Buffer.concat([head, tail.subarray(random.below(400))]);
    case 1:
      return Buffer.concat([head, random.pick(HOSTILE), tail]);
    case 2:
      return Buffer.concat([head, tail.subarray(0, random.below(300)), tail]);
    case 3: {
      const other = random.pick(all).bytes;
      const from = random.below(other.byteLength);
      return Buffer.concat([head, other.subarray(from, from + random.below(300)), tail]);
    }
    case 4:
      return random.below(4) === 0 ? Buffer.from(head) : bytes;
    case 5:
      if (at + 8 <= bytes.byteLength) {
        const number = random.pick(NUMBERS);
        if (random.below(2) === 0) bytes.writeUInt32LE(number, at);
        else bytes.writeUInt32BE(number, at);
      }
      return bytes;
    default:
      if (at < bytes.byteLength) {
        bytes[at] = random.below(2) === 0 ? random.below(256) : bytes[at] ^ (1 << random.below(8));
      }
      return bytes;
  }
}
