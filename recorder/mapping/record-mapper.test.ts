/**
 * Goal: the records of one call become the right begin and end, whatever is lost or interleaved.
 * Method: hand-made records, in the order in which kernels were seen to make them, and the events
 * read back from a trace in memory.
 */
import { describe, expect, test } from 'vitest';
import {
  type Dictionary,
  MemorySink,
  MemorySource,
  TraceReader,
  TraceWriter,
} from '../../traces/index.js';
import type { MappingRule } from './projection.js';
import { RecordMapper } from './record-mapper.js';
import type { FieldReader, TraceRecord } from './trace-record.js';

type Fields = Readonly<Record<string, number | bigint | string>>;

/** Fields given as values; a field that is not there is one that the kernel could not read. */
class GivenFields implements FieldReader {
  low = 0;
  high = 0;

  constructor(
    private readonly rule: MappingRule,
    private readonly given: Fields,
  ) {}

  #of(field: number): number | bigint | string | undefined {
    return this.given[this.rule.fields[field]];
  }

  has(field: number): boolean {
    return this.#of(field) !== undefined;
  }

  number(field: number): boolean {
    const value = BigInt(this.#of(field) ?? 0);
    this.low = Number(BigInt.asUintN(32, value));
    this.high = Number(BigInt.asUintN(32, value >> 32n));
    return this.has(field);
  }

  text(field: number): string {
    return String(this.#of(field));
  }

  intern(field: number, dictionary: Dictionary): number {
    return this.has(field) ? dictionary.id(this.text(field)) : -1;
  }

  raw(): string {
    return JSON.stringify(this.given);
  }
}

interface Given {
  readonly event: string;
  readonly fields?: Fields;
  readonly tid?: number;
  readonly cpu?: number;
}

type ColumnSetter = Given | { readonly lostOn: number; readonly count: number };

function map(steps: readonly ColumnSetter[]) {
  const sink = new MemorySink();
  const writer = new TraceWriter(sink, { clock: 'mono', writer: 'test', notes: {} });
  const mapper = new RecordMapper(writer.events, 'ftrace-text');
  steps.forEach((step, i) => {
    const record: TraceRecord = { cpu: 0, tid: 7, tgid: 7, task: -1, tsLow: i, tsHigh: 0 };
    if ('lostOn' in step) {
      mapper.lost(step.lostOn, step.count, { ...record, cpu: step.lostOn });
      return;
    }
    const rule = mapper.rule(step.event);
    const { tid = 7, cpu = 0 } = step;
    mapper.record(rule, { ...record, tid, cpu }, new GivenFields(rule, step.fields ?? {}));
  });
  mapper.finish();
  writer.finish();
  return { events: read(sink.bytes()), report: mapper.report() };
}

function read(bytes: Buffer) {
  return [...new TraceReader(new MemorySource(bytes)).read()].flatMap((batch) =>
    Array.from({ length: batch.rows }, (_, row) => {
      const number = (name: 'span' | 'offset' | 'length' | 'value' | 'ret') =>
        batch.column(name).has(row) ? batch.column(name).number(row) : null;
      const string = (name: 'kind' | 'phase' | 'device' | 'driver' | 'path' | 'name') =>
        batch.column(name).at(row);
      return {
        kind: string('kind'),
        phase: string('phase'),
        span: number('span'),
        device: string('device'),
        driver: string('driver'),
        path: string('path'),
        region: batch.column('region').has(row) ? batch.column('region').at(row) : null,
        offset: number('offset'),
        length: number('length'),
        value: number('value'),
        name: string('name'),
        ret: number('ret'),
        data: batch.column('data').at(row)?.toString('hex') ?? null,
        text: batch.column('text').text(row),
      };
    }),
  );
}

const readWord = (where: number): Given => ({
  event: 'pci_bus_read_config_word',
  fields: { bus: 1, devfn: 9, where },
});

describe('a read of configuration space', () => {
  test('three records become a begin and an end that has the value', () => {
    const { events, report } = map([
      readWord(300),
      { event: 'pci_bus_read_config_word_val', fields: { val: 4 } },
      { event: 'pci_bus_read_config_word_ret', fields: { ret: 0 } },
    ]);
    const common = {
      kind: 'config.read',
      device: '0000:01:01.1',
      path: 'kernel',
      region: 7,
      offset: 300,
      length: 2,
      name: 'pci_bus_read_config_word',
    };
    expect(events).toMatchObject([
      { ...common, phase: 'begin', value: null, ret: null, span: null },
      { ...common, phase: 'end', value: 4, ret: 0, span: 0 },
    ]);
    expect(Object.values(report.records)).toEqual([1, 1, 1]);
  });

  test('one record made at the return is a whole access', () => {
    const { events } = map([
      { event: 'pci_bus_read_config_word', fields: { ...readWord(8).fields, val: 5, ret: 0 } },
    ]);
    expect(events).toMatchObject([{ phase: 'point', offset: 8, value: 5, ret: 0 }]);
  });

  test('an interrupt that reads in between does not mix the values', () => {
    const value = (val: number) => ({ event: 'pci_bus_read_config_word_val', fields: { val } });
    const end = { event: 'pci_bus_read_config_word_ret', fields: { ret: 0 } };
    const { events } = map([readWord(2), readWord(4), value(44), end, value(22), end]);
    const ends = events.filter((event) => event.phase === 'end');
    expect(ends.map(({ offset, value: v }) => [offset, v])).toEqual([
      [4, 44],
      [2, 22],
    ]);
  });

  test('idle threads share the number 0 and are kept apart by CPU', () => {
    const end = (cpu: number) => ({
      event: 'pci_bus_read_config_word_ret',
      fields: { ret: 0 },
      tid: 0,
      cpu,
    });
    const { events } = map([
      { ...readWord(2), tid: 0, cpu: 0 },
      { ...readWord(4), tid: 0, cpu: 1 },
      end(0),
      end(1),
    ]);
    expect(events.slice(2).map((event) => event.offset)).toEqual([2, 4]);
  });

  test('a return whose entry was lost is an end that points nowhere', () => {
    const { events } = map([{ event: 'pci_bus_read_config_word_ret', fields: { ret: 0 } }]);
    expect(events).toMatchObject([{ phase: 'end', span: null, device: null, ret: 0 }]);
  });

  test('after a loss on its CPU no value is given to an address that may be another', () => {
    const { events, report } = map([
      readWord(2),
      { lostOn: 0, count: 3 },
      { event: 'pci_bus_read_config_word_val', fields: { val: 9 } },
      { event: 'pci_bus_read_config_word_ret', fields: { ret: 0 } },
    ]);
    expect(events.map(({ kind, value, span }) => [kind, value, span])).toEqual([
      ['config.read', null, null],
      ['lost', 3, null],
      ['config.read', 9, null],
      ['config.read', null, null],
    ]);
    expect(report.lost).toBe(3);
  });

  test('a value whose return never came is told at the end', () => {
    const { events } = map([
      readWord(2),
      { event: 'pci_bus_read_config_word_val', fields: { val: 9 } },
    ]);
    expect(events[1]).toMatchObject({ phase: 'end', span: 0, value: 9, ret: null });
  });
});

describe('the door of an access', () => {
  const userRead: Given = {
    event: 'pci_user_read_config_byte',
    fields: { dev: '0000:01:00.0', where: 6 },
  };

  test('the door of an access is sysfs by itself and hardware inside of a VFIO access', () => {
    const { events } = map([
      userRead,
      { event: 'pci_user_read_config_byte_ret', fields: { ret: 0 } },
      {
        event: 'vfio_pci_rw',
        fields: { dev: '0000:01:00.0', count: 1, ppos: (7n << 40n) | 6n, write: 0 },
      },
      userRead,
      { event: 'pci_user_read_config_byte_ret', fields: { ret: 0 } },
      { event: 'vfio_pci_rw_ret', fields: { ret: 1 } },
      userRead,
    ]);
    const paths = events.filter((e) => e.phase === 'begin').map((e) => e.path);
    expect(paths).toEqual(['sysfs', 'vfio', 'hardware', 'sysfs']);
  });

  test('a file position is a region and an offset in it', () => {
    const write = { count: 2, ppos: (2n << 40n) | 0x1_0000_0004n, write: 1, ubuf: 0xaabbccddn };
    const { events } = map([
      { event: 'vfio_pci_rw', fields: { dev: '0000:01:00.0', ...write } },
      { event: 'vfio_pci_rw', fields: { dev: '0000:01:00.0', ...write, count: 8 } },
    ]);
    expect(events[0]).toMatchObject({
      kind: 'region.write',
      region: 2,
      offset: 0x1_0000_0004,
      length: 2,
      value: 0xccdd,
    });
    // Only the first four bytes of a longer write were fetched, so it has no value.
    expect(events[1]).toMatchObject({ value: null, data: 'ddccbbaa' });
  });
});

describe('what a user was given', () => {
  const door = (offset: number, count: number): Given => ({
    event: 'vfio_pci_config_rw',
    fields: { dev: '0000:01:00.0', count, ppos: (7n << 40n) | BigInt(offset), write: 0 },
  });
  const hardware = (where: number, val: number, size = 'dword'): Given[] => [
    { event: `pci_user_read_config_${size}`, fields: { dev: '0000:01:00.0', where } },
    { event: `pci_user_read_config_${size}_val`, fields: { val } },
    { event: `pci_user_read_config_${size}_ret`, fields: { ret: 0 } },
  ];
  const returned = (ret: number, more: Fields = {}): Given => ({
    event: 'vfio_pci_config_rw_ret',
    fields: { ret, ...more },
  });
  const given = (...steps: ColumnSetter[]) => map(steps).events.at(-1)?.value;

  test('what a user read is what the buffer holds at the return, as much of it as was read', () => {
    expect(given(door(0x10, 4), returned(4, { given: 0x8765_4321 }))).toBe(0x8765_4321);
    expect(given(door(0x06, 2), returned(2, { given: 0x8765_4321 }))).toBe(0x4321);
    expect(given(door(0x10, 4), returned(2, { given: 0x8765_4321 }))).toBe(null);
    expect(given(door(0x10, 4), returned(-14, { given: 0x8765_4321 }))).toBe(null);
    expect(given(door(0x10, 8), returned(8, { given: 0x8765_4321 }))).toBe(null);
  });

  test('before such kernels, what the hardware gave for it where vfio-pci adds nothing', () => {
    expect(given(door(0x08, 4), ...hardware(0x08, 0x0108_0201), returned(4))).toBe(0x0108_0201);
    const halves = [...hardware(0x2c, 0x1af4, 'word'), ...hardware(0x2e, 0x1100, 'word')];
    expect(given(door(0x2c, 4), ...halves, returned(4))).toBe(0x1100_1af4);
    expect(given(door(0x2c, 4), ...halves.slice(0, 3), returned(4))).toBe(null);
  });

  test('what a user read and nothing where the value may be of vfio-pci’s own making', () => {
    for (const offset of [0x00, 0x04, 0x10, 0x34, 0x3c, 0x40, 0x100]) {
      expect(given(door(offset, 4), ...hardware(offset, 0x1234_5678), returned(4))).toBe(null);
    }
  });

  test('what another device gave, or a read that failed, is not the user’s', () => {
    const other = hardware(0x08, 0x0108_0201).map(({ event, fields }) => ({
      ...{ event, fields: { ...fields, ...(fields?.dev && { dev: '0000:01:00.1' }) } },
    }));
    expect(given(door(0x08, 4), ...other, returned(4))).toBe(null);
    const failed = hardware(0x08, 0x0108_0201);
    failed[2] = { ...failed[2], fields: { ret: 0x87 } };
    expect(given(door(0x08, 4), ...failed, returned(4))).toBe(null);
  });
});

describe('the kernel’s log', () => {
  const say = (msg: string): Given => ({ event: 'console', fields: { msg } });

  test('the kernel’s log is taken apart, also behind the console’s time', () => {
    const text =
      'DMAR: [DMA Read NO_PASID] Request device [03:00.0] fault addr 0x9000000 [fault reason 0x06] PTE Read access is not set';
    const { events } = map([say(text), say(`[   17.650681] ${text}`)]);
    const fault = { kind: 'fault.dma', device: '0000:03:00.0', offset: 0x900_0000 };
    expect(events).toMatchObject([fault, fault]);
  });

  // As Debian's kernel 6.12.95 printed them on an emulated SMMUv3.
  const smmu = (text: string): Given => say(`arm-smmu-v3 9050000.smmuv3: ${text}`);
  const head = smmu('event 0x10 received:');
  const words = (address: string): Given[] =>
    ['0x0000030000000010', '0x0000000000000000', address, '0x0000000000000000'].map((word) =>
      smmu(`\t${word}`),
    );

  test('a fault of an SMMU is one event, where the last of its words is', () => {
    const { events } = map([
      ...[head, ...words('0x000000000ead0000')],
      ...[head, ...words('0x000000000ead0004')],
    ]);
    const faults = events.flatMap(({ kind, name, offset }, at) =>
      kind === 'fault.dma' ? [{ at, name, offset }] : [],
    );
    const name = 'SMMU F_TRANSLATION write';
    expect(faults).toEqual([
      { at: 4, name, offset: 0xead0000 },
      { at: 9, name, offset: 0xead0004 },
    ]);
    expect(events).toHaveLength(10);
  });

  test('a fault of an SMMU whose words were lost is where newer kernels say it in words', () => {
    const said = smmu(
      'event: F_TRANSLATION client: 0000:03:00.0 sid: 0x300 ssid: 0x0 iova: 0xead0000 ipa: 0x0',
    );
    const { events } = map([head, ...words('0x000000000ead0000').slice(2), said]);
    expect(events.map(({ kind }) => kind)).toEqual(['log', 'log', 'log', 'fault.dma']);
    expect(events[3]).toMatchObject({ device: '0000:03:00.0', offset: 0xead0000 });
  });
});

describe('the region of a mapping', () => {
  const dev = '0000:01:00.0';
  const mapped = (pages: bigint, vm_start = 0x7f00_0000_0000n): Given => ({
    event: 'vfio_pci_core_mmap',
    fields: { dev, vm_start, vm_end: vm_start + 4096n, vm_pgoff: pages },
  });
  const fault = (vm_pgoff: bigint, vm_start = 0x7f00_0000_0000n): Given => ({
    event: 'vfio_pci_mmap_fault',
    fields: { dev, address: vm_start, pgoff: 0, vm_start, vm_end: vm_start + 4096n, vm_pgoff },
  });
  const regions = (...steps: ColumnSetter[]) => map(steps).events.map((event) => event.region);

  test('the region of a mapping is told by the page offset in the file, and kept for faults with a frame number', () => {
    const ret = { event: 'vfio_pci_core_mmap_ret', fields: { ret: 0 } };
    expect(regions(mapped(2n << 28n), ret, fault(0xfea00n))).toEqual([2, 2, 2]);
  });

  test('the region of a mapping is not guessed from a frame number, nor from another mapping', () => {
    expect(regions(fault(2n << 28n))).toEqual([null]);
    const ret = { event: 'vfio_pci_core_mmap_ret', fields: { ret: 0 } };
    expect(regions(mapped(1n << 28n), ret, fault(0xfea00n, 0x7f11_0000_0000n)).at(-1)).toBe(null);
    expect(regions(mapped(1n << 60n))).toEqual([null]);
  });
});

describe('stores and ioctls', () => {
  test('a bind names the device that its buffer names', () => {
    const { events } = map([
      { event: 'bind_store', fields: { drv: 'vfio-pci', buf: '0000:01:00.1\n', count: 13 } },
      { event: 'bind_store_ret', fields: { ret: -19 } },
    ]);
    expect(events).toMatchObject([
      { kind: 'sysfs.write', name: 'bind', device: '0000:01:00.1', text: '0000:01:00.1\n' },
      { phase: 'end', device: '0000:01:00.1', driver: 'vfio-pci', ret: -19, span: 0 },
    ]);
  });

  test('an ioctl number is named by the file it was made on', () => {
    const { events } = map([
      { event: 'vfio_fops_unl_ioctl', fields: { cmd: 0x3b71, arg: 0 } },
      { event: 'vfio_device_fops_unl_ioctl', fields: { cmd: 0x3b71, arg: 0, dev: '0000:01:00.0' } },
    ]);
    expect(events.map((event) => event.name)).toEqual([
      'VFIO_IOMMU_MAP_DMA',
      'VFIO_DEVICE_PCI_HOT_RESET',
    ]);
  });

  test('an event that the catalogue lacks is kept as it is', () => {
    const { events, report } = map([{ event: 'my_probe', fields: { a: 1 } }]);
    expect(events).toMatchObject([{ kind: 'log', name: 'my_probe', text: '{"a":1}' }]);
    expect(report.records).toEqual({ my_probe: 1 });
  });
});

describe('a call that answers in the struct of its caller', () => {
  const asked = { dev: '0000:01:00.0', cmd: 0x3b6b, arg: 0x7ffd, argsz: 20, u4: 0, u8: 0 };
  const begin = { event: 'vfio_device_fops_unl_ioctl', fields: asked };

  test('the begin has what was asked, the end what the kernel wrote', () => {
    const fields = { argsz: 20, u4: 2, u8: 0x5_0000_0009n, ret: 0 };
    const { events } = map([begin, { event: 'vfio_device_fops_unl_ioctl_ret', fields }]);
    expect(events).toMatchObject([
      { phase: 'begin', name: 'VFIO_DEVICE_GET_INFO', data: `14${'00'.repeat(11)}` },
      {
        phase: 'end',
        name: 'VFIO_DEVICE_GET_INFO',
        ret: 0,
        data: '14000000020000000900000005000000',
      },
    ]);
  });

  test('an end of a kernel that does not show it has no data', () => {
    const end = { event: 'vfio_device_fops_unl_ioctl_ret', fields: { ret: -22 } };
    expect(map([begin, end]).events[1]).toMatchObject({ phase: 'end', ret: -22, data: null });
  });
});

describe('what records tell in a form of their own', () => {
  const program = (argc: number, ...words: string[]) =>
    map([
      {
        event: 'finalize_exec',
        fields: { argc, ...Object.fromEntries(words.map((word, n) => [`a${n}`, word])) },
      },
    ]).events[0];

  test('the arguments of a program, and nothing of its environment', () => {
    const text = JSON.stringify(['sh', '-c']);
    expect(program(2, 'sh', '-c', 'SECRET=1')).toMatchObject({ name: 'exec', value: 2, text });
  });

  test('more arguments than are recorded', () => {
    const words = 'abcdefgh'.split('');
    expect(program(9, ...words)?.text).toBe(JSON.stringify([...words, '…']));
  });

  test.each([
    ['ACTION=bind', 'bind@0000:01:00.0'],
    // Somebody reads the attribute.
    ['', '@0000:01:00.0'],
  ])('a uevent says what happened to what, and to which function: %s', (action, text) => {
    const fields = { name: '0000:01:00.0', action };
    const expected = { kind: 'uevent', device: '0000:01:00.0', text };
    expect(map([{ event: 'dev_uevent', fields }]).events[0]).toMatchObject(expected);
  });

  test('a mediated device by the bytes of its UUID', () => {
    const fields = {
      type: 'mtty-1',
      uuid_lo: 0x4e5a_7b3c_8f21_0a6dn,
      uuid_hi: 0xa0b1_c2d3_e4f5_0617n,
    };
    expect(map([{ event: 'mdev_device_create', fields }]).events[0]).toMatchObject({
      kind: 'mdev.create',
      device: '8f210a6d-7b3c-4e5a-1706-f5e4d3c2b1a0',
      text: 'mtty-1',
    });
  });
});

test.each([
  ['p_vfio_unregister_group_dev_0', 'vfio.unregister', 'begin'],
  ['r_vfio_unregister_group_dev_0', 'vfio.unregister', 'end'],
  ['vfio_unregister_group_dev__return', 'vfio.unregister', 'end'],
  ['vfio_unregister_group_dev__entry', 'vfio.unregister', 'begin'],
  // Several functions have the name.
  ['p_remove_store_0', 'log', 'point'],
])('the name %s that a tool gave to its probe is of kind %s', (event, kind, phase) => {
  expect(map([{ event, fields: {} }]).events).toMatchObject([{ kind, phase }]);
});
