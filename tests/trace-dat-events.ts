/** Events of the kernel that tests of trace.dat write, with the formats of Linux 6.1. */
import { Bytes, type EventSpec, type FileSpec } from './build-trace-dat.js';

/** ftrace's own events, for kernels with longs of so many bytes. */
export const ftraceEvents = (longBytes: 4 | 8): readonly EventSpec[] => {
  const stack = 'print "=> %ps", (void *)REC->caller[0]';
  const event = (name: string, id: number, fields: EventSpec['fields'], print: string) => ({
    system: 'ftrace',
    name,
    id,
    fields,
    print,
  });
  const ip = ['unsigned long ip', longBytes] as const;
  return [
    event(
      'kernel_stack',
      4,
      [
        ['int size', 4, true],
        ['unsigned long caller[8]', longBytes * 8],
      ],
      stack,
    ),
    event('print', 5, [ip, ['char buf[]', 0, true]], '"%ps: %s", (void *)REC->ip, REC->buf'),
    event(
      'bprint',
      6,
      [ip, ['const char * fmt', longBytes], ['u32 buf[]', 0]],
      '"%ps: %s", (void *)REC->ip, REC->fmt',
    ),
    event(
      'user_stack',
      12,
      [
        ['unsigned int tgid', 4],
        ['unsigned long caller[8]', longBytes * 8],
      ],
      stack,
    ),
    event(
      'bputs',
      14,
      [ip, ['const char * str', longBytes]],
      '"%ps: %s", (void *)REC->ip, REC->str',
    ),
    event(
      'raw_data',
      18,
      [
        ['unsigned int id', 4],
        ['char buf[]', 0, true],
      ],
      '"id:%04x %08x", REC->id, (int)REC->buf[0]',
    ),
  ];
};

const probe = (name: string, id: number, fields: EventSpec['fields']): EventSpec => ({
  ...{ system: 'vfr', name, id, isPacked: true, print: '""' },
  fields: [['unsigned long __probe_ip', 8], ...fields],
});

/** Events of 64-bit kernels: a write of configuration space, of a sysfs file, a DMA mapping. */
export const DEVICE_EVENTS = {
  write: probe('pci_bus_write_config_word', 1434, [
    ['u8 bus', 1],
    ['u32 devfn', 4],
    ['s32 where', 4, true],
    ['u16 val', 2],
  ]),
  bind: probe('bind_store', 1378, [
    ['__data_loc char[] drv', 4, true],
    ['__data_loc char[] buf', 4, true],
    ['u64 count', 8],
  ]),
  map: {
    ...{ system: 'iommu', name: 'map', id: 1149, print: '""' },
    fields: [
      ['u64 iova', 8],
      ['u64 paddr', 8],
      ['size_t size', 8],
    ],
  },
} as const satisfies Record<string, EventSpec>;

/** A bprint record's body: the caller, the address of the format, and the packed arguments. */
export const bprint = (
  { isBig, longBytes }: Pick<FileSpec, 'isBig' | 'longBytes'>,
  caller: bigint,
  format: bigint,
  ...packed: readonly Buffer[]
): Buffer => {
  const bytes = new Bytes(isBig);
  const long = (value: bigint) => (longBytes === 8 ? bytes.u64(value) : bytes.u32(Number(value)));
  return Buffer.concat([long(caller), long(format), ...packed]);
};
