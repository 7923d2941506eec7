/**
 * Goal: each view and macro says what its documentation says, of traces whose story is known.
 * Method: a small trace written by hand per view, the query, and the rows as text; the columns of
 * each view against those it documents.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { buildTrace, type EventRow, traceOf } from '../../tests/build-trace.js';
import { MemorySource, TraceReader } from '../../traces/index.js';
import { openTrustedSession, type SqlSession } from '../index.js';
import { LIBRARY } from './library.js';
import { sqlReference } from './reference.js';

const sessions: SqlSession[] = [];
afterEach(() => {
  for (const session of sessions.splice(0)) session.close();
});

async function open(...traces: readonly (readonly EventRow[])[]): Promise<SqlSession> {
  const named = traces.map((rows, i) => ({
    name: `t${i}`,
    reader: traceOf(rows, { batchRows: 3 }),
  }));
  const session = await openTrustedSession(named);
  sessions.push(session);
  return session;
}

/** The rows of a query, each as one line; null is `-`. */
async function answer(session: SqlSession, sql: string): Promise<string[]> {
  const { chunks } = await session.query(sql);
  const lines: string[] = [];
  for await (const rows of chunks()) {
    for (const row of rows) lines.push(row.map((v) => String(v ?? '-')).join(' '));
  }
  return lines;
}

const ask = async (rows: readonly EventRow[], sql: string) => answer(await open(rows), sql);

const VF = '0000:01:00.1';
const admin = { task: 'admin', tid: 10 } as const;
const other = { task: 'other', tid: 20 } as const;

const views = LIBRARY.filter((d) => d.type === 'view');

describe('the library', () => {
  test.each(views)('$name has the columns it documents', async (view) => {
    const session = await open([]);
    const { columns } = await session.query(`FROM ${view.name}`);
    expect(columns).toEqual(Object.keys(view.columns));
  });

  test.each(views)('$name tells several traces apart', async (view) => {
    const session = await open([], []);
    const { columns } = await session.query(`FROM ${view.name}`);
    expect(columns).toEqual(['trace', ...Object.keys(view.columns)]);
  });

  test.each([...LIBRARY])('$name: its example runs', async ({ example }) => {
    await expect(answer(await open([]), example)).resolves.toBeDefined();
  });
});

test('docs/sql.md is made of these definitions', async () => {
  await expect(sqlReference()).toMatchFileSnapshot('../../docs/sql.md');
});

describe('errno_name and pci_register', () => {
  test('name what is known and leave the rest', async () => {
    const sql = `SELECT errno_name(-16), errno_name(-9999), errno_name(12), errno_name(NULL),
      pci_register(4), pci_register(5), pci_register(256), pci_register(19)`;
    expect(await ask([], sql)).toEqual(['-EBUSY -9999 12 - command command 0x100 bar0']);
  });

  test('errno_name knows every error that a driver or the core of the kernel returns', async () => {
    const sql = `SELECT errno_name(-110), errno_name(-121), errno_name(-95), errno_name(-515), errno_name(-133)`;
    expect(await ask([], sql)).toEqual([
      '-ETIMEDOUT -EREMOTEIO -EOPNOTSUPP -ENOIOCTLCMD -EHWPOISON',
    ]);
  });
});

describe('spans', () => {
  const rows: EventRow[] = [
    { kind: 'probe', phase: 'begin', name: 'outer', ts: 100n, device: VF, ...admin },
    { kind: 'config.read', phase: 'begin', name: 'inner', ts: 150n, ...admin },
    { kind: 'config.read', phase: 'end', span: 1, ts: 170n, value: 7n, ...admin },
    { kind: 'ioctl', phase: 'begin', name: 'hung', ts: 180n, ...other },
    { kind: 'probe', phase: 'end', span: 0, ts: 90n, ret: -16n, ...admin },
  ];

  test('spans join begin and end; a clock that goes back gives a negative duration', async () => {
    const sql = 'SELECT seq, end_seq, duration, name, device, value, ret FROM spans ORDER BY seq';
    expect(await ask(rows, sql)).toEqual([
      `0 4 -10 outer ${VF} - -16`,
      '1 2 20 inner - 7 -',
      '3 - - hung - - -',
    ]);
  });

  test('spans of two traces are not mixed up', async () => {
    const session = await open(rows.slice(0, 3), [
      { kind: 'reset', phase: 'begin', name: 'r', ts: 5n },
      { kind: 'reset', phase: 'end', span: 0, ts: 9n },
    ]);
    expect(await answer(session, 'SELECT trace, name, duration FROM spans ORDER BY ALL')).toEqual([
      't0 inner 20',
      't0 outer -',
      't1 r 4',
    ]);
  });
});

test('stores say what was written and what came of it', async () => {
  const bind = { kind: 'sysfs.write', name: 'bind', device: VF, driver: 'vfio-pci' } as const;
  const rows: EventRow[] = [
    { ...bind, phase: 'begin', text: `${VF}\n`, ts: 10n, ...admin },
    { ...bind, phase: 'end', span: 0, ret: -19n, ts: 25n, ...admin },
    { ...bind, phase: 'begin', name: 'unbind', text: VF, ts: 30n, ...other },
  ];
  const sql = 'SELECT task, attribute, driver, text, duration, ret, error FROM stores ORDER BY seq';
  expect(await ask(rows, sql)).toEqual([
    `admin bind vfio-pci ${VF} 15 -19 -ENODEV`,
    `other unbind vfio-pci ${VF} - - -`,
  ]);
});

test('bindings begin with the snapshot and end with the release or the recording', async () => {
  const bound = { kind: 'bind', name: 'driver_bound', device: VF } as const;
  const cleanup = { kind: 'unbind', name: 'device_unbind_cleanup', device: VF } as const;
  const rows: EventRow[] = [
    { kind: 'snapshot', name: 'start', device: VF, driver: 'nvme', ts: 1n },
    { kind: 'snapshot', name: 'start', device: '0000:00:01.0', ts: 1n },
    { ...cleanup, driver: 'nvme', ts: 10n, ...admin },
    // A probe that failed is cleaned up without having been bound.
    { ...cleanup, driver: 'xe', ts: 15n, ...other },
    { ...bound, driver: 'vfio-pci', ts: 20n, ...other },
    { kind: 'device.remove', device: VF, ts: 50n, ...admin },
  ];
  const sql = `SELECT device, driver, bound_seq, bound_task, released_seq, released_task, duration
    FROM bindings`;
  expect(await ask(rows, sql)).toEqual([
    `${VF} nvme - - 2 admin -`,
    `${VF} vfio-pci 4 other 5 admin 30`,
  ]);
});

describe('bindings', () => {
  const bound = { kind: 'bind', name: 'driver_bound', device: VF, driver: 'nvme' } as const;
  const release = {
    kind: 'unbind',
    name: 'device_release_driver_internal',
    device: VF,
    driver: 'nvme',
  } as const;
  const cleanup = { kind: 'unbind', name: 'device_unbind_cleanup', device: VF } as const;
  const remove = {
    kind: 'device.remove',
    name: 'pci_stop_and_remove_bus_device',
    device: VF,
  } as const;
  const sql = 'SELECT bound_seq, released_seq, released_task, duration FROM bindings';

  test('bindings end when the driver is gone, not when the removal of the device begins', async () => {
    const rows: EventRow[] = [
      { ...bound, ts: 10n, ...admin },
      { ...release, phase: 'begin', ts: 20n, ...other },
      { ...remove, ts: 25n, ...admin },
      { ...release, phase: 'begin', ts: 26n, ...admin },
      { ...cleanup, ts: 500n, ...other },
      { ...release, phase: 'end', span: 1, ts: 501n, ...other },
      { ...release, phase: 'end', span: 3, ts: 502n, ...admin },
    ];
    expect(await ask(rows, sql)).toEqual(['0 4 other 490']);
  });

  test('bindings are not ended by the return of a release that began before them', async () => {
    const rows: EventRow[] = [
      { ...bound, ts: 1n, ...admin },
      { ...release, phase: 'begin', ts: 2n, ...other },
      { ...bound, ts: 3n, driver: 'vfio-pci', ...admin },
      { ...release, phase: 'end', span: 1, ts: 4n, ...other },
      { ...release, phase: 'begin', driver: 'vfio-pci', ts: 5n, ...admin },
      { ...release, phase: 'end', driver: 'vfio-pci', span: 4, ts: 9n, ...admin },
    ];
    expect(await ask(rows, sql)).toEqual(['0 - - -', '2 5 admin 6']);
  });

  test('bindings that follow a release which was not recorded do not end the one before', async () => {
    const rows: EventRow[] = [
      { ...bound, ts: 1n, ...admin },
      { ...bound, driver: 'vfio-pci', ts: 9n, ...other },
    ];
    expect(await ask(rows, sql)).toEqual(['0 - - -', '1 - - -']);
  });

  test('bindings are one where two functions of the kernel tell of one', async () => {
    const rows: EventRow[] = [
      { ...bound, name: 'device_bind_driver', ts: 1n, ...admin },
      { ...bound, ts: 2n, ...admin },
    ];
    expect(await ask(rows, sql)).toEqual(['1 - - -']);
  });
});

test('holders count requests by their number, of which a log has some', async () => {
  const rows: EventRow[] = [
    { kind: 'device.open', name: 'vfio_pci_core_enable', phase: 'end', ret: 0n, device: VF },
    { kind: 'device.request', device: VF, value: 0n },
    { kind: 'device.request', device: VF, value: 10n },
  ];
  expect(await ask(rows, 'SELECT requests FROM holders')).toEqual(['11']);
});

test('stores that are known from their return alone have its result', async () => {
  const rows: EventRow[] = [{ kind: 'sysfs.write', name: 'bind', text: VF, ret: -16n, ts: 1n }];
  expect(await ask(rows, 'SELECT ret, error, duration FROM stores')).toEqual(['-16 -EBUSY -']);
});

test('holders are those who opened, with the requests they got', async () => {
  const open = { kind: 'device.open', name: 'vfio_pci_core_enable', device: VF } as const;
  const rows: EventRow[] = [
    { ...open, phase: 'begin', ts: 5n, ...admin },
    { ...open, phase: 'end', span: 0, ret: 0n, ts: 10n, ...admin },
    { kind: 'device.request', device: VF, ts: 12n, ...other },
    { kind: 'device.request', device: VF, ts: 13n, ...other },
    { kind: 'device.close', device: VF, ts: 20n, ...admin },
    { ...open, phase: 'end', ret: -16n, ts: 22n, ...other },
    { ...open, phase: 'end', ret: 0n, ts: 30n, ...other },
  ];
  const sql = 'SELECT device, task, opened_ts, closed_ts, duration, requests FROM holders';
  expect(await ask(rows, sql)).toEqual([`${VF} admin 10 20 10 2`, `${VF} other 30 - - 0`]);
});

test('config_accesses has each access once, with register and value', async () => {
  const read = { kind: 'config.read', device: VF, path: 'kernel', offset: 4n, length: 2n } as const;
  const rows: EventRow[] = [
    { ...read, phase: 'begin' },
    { ...read, phase: 'end', span: 0, value: 6n, ret: 0n },
    { kind: 'config.write', device: VF, path: 'kernel', offset: 0x10n, length: 4n, value: 9n },
  ];
  const sql = 'SELECT op, path, register, length, value, ret FROM config_accesses ORDER BY seq';
  expect(await ask(rows, sql)).toEqual(['read kernel command 2 6 0', 'write kernel bar0 4 9 -']);
});

describe('ioctls', () => {
  const call = { kind: 'ioctl', name: 'VFIO_DEVICE_RESET', path: 'vfio', device: VF } as const;
  const rows: EventRow[] = [
    { ...call, phase: 'begin', ts: 0n, ...admin },
    { ...call, phase: 'begin', path: 'kernel', ts: 1n, ...admin },
    { ...call, phase: 'end', path: 'kernel', span: 1, ret: -25n, ts: 4n, ...admin },
    { ...call, phase: 'end', span: 0, ret: -25n, ts: 10n, ...admin },
    { ...call, phase: 'begin', ts: 20n, ...other },
    { ...call, phase: 'end', span: 4, ret: 0n, ts: 50n, ...other },
    { ...call, phase: 'begin', ts: 60n, ...other },
  ];

  test('ioctls are those of the user, with the name of the error', async () => {
    const sql = 'SELECT seq, task, duration, ret, error FROM ioctls ORDER BY seq';
    expect(await ask(rows, sql)).toEqual([
      '0 admin 10 -25 -ENOTTY',
      '4 other 30 0 -',
      '6 other - - -',
    ]);
  });

  test('ioctls have a latency by name', async () => {
    const sql = 'SELECT name, calls, errors, unfinished, p50, max, total FROM ioctl_latency';
    expect(await ask(rows, sql)).toEqual(['VFIO_DEVICE_RESET 3 1 1 10 30 40']);
  });
});

const map = (iova: bigint, length: bigint, more: Partial<EventRow> = {}): EventRow => ({
  kind: 'dma.map',
  offset: iova,
  length,
  value: 0x1000n,
  ...more,
});
const unmap = (iova: bigint, length: bigint, more: Partial<EventRow> = {}): EventRow => ({
  kind: 'dma.unmap',
  offset: iova,
  length,
  value: length,
  ...more,
});
const TOP = (1n << 64n) - 0x1000n;

describe('dma_mappings', () => {
  const LIFETIMES = 'SELECT mapped_seq, iova, unmapped_seq FROM dma_mappings ORDER BY mapped_seq';

  test('dma_mappings end with the unmap of their address, as often as it is used', async () => {
    const rows = [map(0n, 4096n), unmap(0n, 4096n), map(0n, 4096n), unmap(0n, 4096n), map(0n, 8n)];
    expect(await ask(rows, LIFETIMES)).toEqual(['0 0 1', '2 0 3', '4 0 -']);
  });

  test('dma_mappings end with an unmap of a larger range, however large', async () => {
    const rows = [
      map(0x1000n, 0x1000n),
      map(0x40_0000n, 0x1000n),
      map(0x100_0000n, 0x1000n),
      unmap(0n, 0x80_0000n),
      unmap(0x100_0000n, 0x1000n),
    ];
    expect(await ask(rows, LIFETIMES)).toEqual(['0 4096 3', '1 4194304 3', '2 16777216 4']);
  });

  test('dma_mappings are none when they failed, and stay when unmapping failed', async () => {
    const qemu = { source: 'qemu', name: 'iommufd_backend_map_dma' } as const;
    const rows = [
      map(0n, 4096n, { ret: -22n }),
      map(0n, 4096n, qemu),
      map(0n, 4096n, { ...qemu, ret: 0n }),
      unmap(0n, 4096n, { ret: -2n }),
    ];
    expect(await ask(rows, LIFETIMES)).toEqual(['2 0 -']);
  });

  test('dma_mappings may lie at the end of the address space', async () => {
    const rows = [map(TOP, 0x1000n), unmap(TOP, 0x1000n), map(TOP, 0x1000n), unmap(0n, TOP + 5n)];
    expect(await ask(rows, LIFETIMES)).toEqual([`0 ${TOP} 1`, `2 ${TOP} 3`]);
  });
});

describe('faults', () => {
  const fault = (iova: bigint, ts: bigint): EventRow => ({
    kind: 'fault.dma',
    device: VF,
    offset: iova,
    ts,
  });
  const rows: EventRow[] = [
    map(0x1000n, 0x2000n, { ts: 10n }),
    fault(0x2fffn, 20n),
    unmap(0x1000n, 0x2000n, { ts: 30n, ...admin }),
    fault(0x1004n, 95n),
    fault(0x1008n, 99n),
    fault(0x9000n, 100n),
    {
      kind: 'fault.page',
      name: 'vfio_pci_mmap_fault',
      phase: 'end',
      ret: 2n,
      device: VF,
      ts: 110n,
    },
  ];

  test('faults of DMA are joined to what the mappings say', async () => {
    const sql = `SELECT seq, kind, address, cause, mapped_seq, unmapped_seq, unmapped_task, unmapped_ago
      FROM faults`;
    expect(await ask(rows, sql)).toEqual([
      '1 fault.dma 12287 mapped at the time 0 - - -',
      '3 fault.dma 4100 unmapped before 0 2 admin 65',
      '4 fault.dma 4104 unmapped before 0 2 admin 69',
      '5 fault.dma 36864 never mapped - - - -',
      '6 fault.page - refused: memory disabled or device asleep - - - -',
    ]);
  });

  test('faults of a mapping that allows one direction only are told so', async () => {
    const mapDma = (flags: number, iova: bigint, ret: bigint): EventRow[] => {
      const data = Buffer.alloc(32);
      data.writeUInt32LE(32);
      data.writeUInt32LE(flags, 4);
      data.writeBigUInt64LE(iova, 16);
      data.writeBigUInt64LE(0x1000n, 24);
      const ioctl = { kind: 'ioctl', name: 'VFIO_IOMMU_MAP_DMA', path: 'kernel' } as const;
      return [
        { ...ioctl, phase: 'begin', data },
        ...(ret === 0n ? [map(iova, 0x1000n)] : []),
        { ...ioctl, phase: 'end', ret },
      ];
    };
    const dma = (iova: bigint, text: string): EventRow => ({ ...fault(iova, 5n), text });
    const sql = 'SELECT address, cause FROM faults ORDER BY seq';
    const told = await ask(
      [
        ...mapDma(1, 0x1000n, 0n),
        ...mapDma(2, 0x2000n, 0n),
        ...mapDma(3, 0x3000n, 0n),
        // What was mapped already cannot be mapped again, and stays what it is.
        ...mapDma(3, 0x1000n, -17n),
        dma(0x1000n, 'DMAR: [DMA Write NO_PASID] Request device [03:00.0] fault addr 0x1000'),
        dma(0x1ffcn, 'DMAR: [DMA Read NO_PASID] Request device [03:00.0] fault addr 0x1ffc'),
        dma(0x1000n, 'AMD-Vi: Event logged [IO_PAGE_FAULT address=0x1000 flags=0x0020]'),
        dma(0x1000n, 'AMD-Vi: Event logged [IO_PAGE_FAULT address=0x1000 flags=0x0000]'),
        dma(0x2000n, 'DMAR: [DMA Read NO_PASID] Request device [03:00.0] fault addr 0x2000'),
        dma(0x2000n, 'DMAR: [DMA Write NO_PASID] Request device [03:00.0] fault addr 0x2000'),
        dma(0x3000n, 'DMAR: [DMA Write NO_PASID] Request device [03:00.0] fault addr 0x3000'),
      ],
      sql,
    );
    expect(told).toEqual([
      '4096 mapped read-only',
      '8188 mapped at the time',
      '4096 mapped read-only',
      '4096 mapped at the time',
      '8192 mapped write-only',
      '8192 mapped at the time',
      '12288 mapped at the time',
    ]);
  });

  test('faults claim nothing of mappings that were not recorded', async () => {
    const sql = 'SELECT cause FROM faults';
    expect(await ask([fault(0x1000n, 5n)], sql)).toEqual(['no mappings recorded']);
  });

  test('errors of PCI Express have the severity that the kernel of the time names', async () => {
    const aer = (name: string, text = ''): EventRow => ({ kind: 'fault.aer', name, text });
    const record = (severity: string) =>
      aer('aer_event', `${VF} PCIe Bus Error: severity=${severity}, Receiver Error`);
    const rows = [
      aer('AER Corrected RxErr'),
      aer('AER Correctable'),
      aer('AER Uncorrected (Non-Fatal) UnsupReq'),
      aer('AER Uncorrectable (Fatal)'),
      aer('AER firmware first RxErr'),
      ...['Corrected', 'Uncorrected, non-fatal', 'Fatal'].map(record),
    ];
    const sql = `SELECT faults.severity, findings.severity
      FROM faults JOIN findings USING (seq) ORDER BY seq`;
    expect(await ask(rows, sql)).toEqual([
      'Corrected note',
      'Correctable note',
      'Uncorrected (Non-Fatal) error',
      'Uncorrectable (Fatal) error',
      '- error',
      'Corrected note',
      'Uncorrected, non-fatal error',
      'Fatal error',
    ]);
  });

  test('errors of PCI Express have the agent that the recorded kernel names', async () => {
    const text = `${VF} PCIe Bus Error: severity=Fatal, Completer Abort, TLP Header=Not available`;
    const message = `pcieport ${VF}: PCIe Bus Error: severity=Correctable, type=Physical Layer, (Receiver ID)`;
    const rows: EventRow[] = [
      { kind: 'fault.aer', name: 'aer_event', text },
      { kind: 'fault.aer', name: 'AER Correctable RxErr', text: message },
      { kind: 'fault.aer', name: 'AER Correctable' },
    ];
    const sql = 'SELECT agent FROM faults ORDER BY seq';
    expect(await ask(rows, sql)).toEqual(['Completer', 'Receiver', '-']);
  });

  test('faults gather in hot spots by page and cause', async () => {
    const sql = 'SELECT kind, page, cause, faults, first_seq FROM fault_hot_spots LIMIT 1';
    expect(await ask(rows, sql)).toEqual(['fault.dma 4096 unmapped before 2 3']);
  });
});

test('states hold to the last event of a trace of which a part cannot be read', async () => {
  const mark: EventRow = { kind: 'mark' };
  const added: EventRow = { kind: 'device.add', name: 'pci_device_add', device: VF };
  const bytes = buildTrace([added, ...Array<EventRow>(5).fill(mark)], { batchRows: 2 });
  const { offset } = new TraceReader(new MemorySource(bytes)).batches[1].frame;
  bytes.fill(0xff, offset, offset + 64);
  const reader = new TraceReader(new MemorySource(bytes));
  const session = await openTrustedSession([{ name: 't', reader }]);
  sessions.push(session);
  expect(await answer(session, 'SELECT max(last_seq) FROM states')).toEqual(['5']);
});

test('access_hot_spots count accesses, values and threads', async () => {
  const read = { kind: 'config.read', region: 7, device: VF, path: 'kernel', offset: 4n } as const;
  const rows: EventRow[] = [
    { ...read, phase: 'end', value: 1n, ...admin },
    { ...read, phase: 'end', value: 2n, ...other },
    { ...read, phase: 'begin', ...other },
    { kind: 'region.write', region: 0, device: VF, path: 'vfio', offset: 0x20n, value: 1n },
  ];
  const sql = `SELECT region, path, op, register, accesses, values_seen, tasks
    FROM access_hot_spots`;
  expect(await ask(rows, sql)).toEqual(['7 kernel read command 2 2 2', '0 vfio write 0x20 1 1 0']);
});

describe('findings', () => {
  const interrupt = (ms: bigint): EventRow => ({
    kind: 'fault.dma',
    name: 'dmar_fault',
    value: 24n,
    ts: ms * 1_000_000n,
  });
  const record = (ms: bigint): EventRow => ({
    kind: 'fault.dma',
    name: 'DMAR DMA Read',
    device: VF,
    offset: 0x1000n,
    ts: ms * 1_000_000n,
  });
  const query = "SELECT seq, device, text, evidence FROM findings WHERE finding = 'fault'";

  test('an interrupt that announces faults is no finding when their record follows', async () => {
    const rows = [interrupt(1n), record(2n), interrupt(3n), record(4n), record(5n)];
    expect((await ask(rows, query)).map((line) => line.split(' ').slice(0, 2))).toEqual([
      ['1', VF],
      ['3', VF],
      ['4', VF],
    ]);
  });

  test('interrupts whose faults have no record are one finding for each run of them', async () => {
    const rows = [interrupt(1n), record(2n), interrupt(3n), interrupt(103n), interrupt(1203n)];
    expect(await ask(rows, query)).toEqual([
      `1 ${VF} DMAR DMA Read, 0x1000, no mappings recorded `,
      '2 - dmar_fault: 2 interrupts announce DMA faults, but no record of them follows 2 3',
      '4 - dmar_fault: an interrupt announces DMA faults, but no record of them follows 4',
    ]);
  });
});
