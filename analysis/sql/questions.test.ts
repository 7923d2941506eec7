/**
 * Goal: questions that driver authors and operators ask are each answered by one view without a
 * join, and rightly.
 * Method: shipped recordings whose truth is known from elsewhere: the log of the acting processes,
 * the log of the VFIO client, the lines of the kernel's text. These are read here by a few regular
 * expressions; nothing of vfr but the view has a part in it.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { traceOf } from '../../tests/build-trace.js';
import { importedCapture } from '../../tests/captures.js';
import { testData } from '../../tests/test-data.js';
import type { TraceReader } from '../../traces/index.js';
import { openTrustedSession, type SqlSession } from '../index.js';

const sessions = new Map<string, Promise<SqlSession>>();
const close: (() => void)[] = [];
afterAll(() => {
  for (const one of close) one();
});

async function open(reader: TraceReader): Promise<SqlSession> {
  const session = await openTrustedSession([{ name: 't', reader }]);
  close.push(() => {
    session.close();
    reader.close();
  });
  return session;
}

type Row = Record<string, unknown>;

async function rowsOf(session: SqlSession, sql: string): Promise<Row[]> {
  const { columns, chunks } = await session.query(sql);
  const rows: Row[] = [];
  for await (const chunk of chunks()) {
    for (const row of chunk) rows.push(Object.fromEntries(columns.map((c, i) => [c, row[i]])));
  }
  return rows;
}

/** The rows of a query of a shipped recording. */
async function ask(capture: string, sql: string): Promise<Row[]> {
  const session = sessions.get(capture) ?? open(importedCapture(capture));
  sessions.set(capture, session);
  return rowsOf(await session, sql);
}

const text = (capture: string, file: string) =>
  testData(`captures/${capture}/${file}.zst`).toString();

interface Action {
  readonly t0: number;
  readonly t1: number;
  readonly op: string;
  readonly pid: number;
  readonly path: string;
  readonly value: string;
  readonly errno: number;
  readonly drivers: Readonly<Record<string, readonly [string | null, string | null]>>;
}

const actions = (): Action[] =>
  text('sriov-on-r1', 'actors.jsonl')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Action);

/** Lines of the kernel's text: nanoseconds, function, and what follows. */
const lines = (capture: string) =>
  [...text(capture, 'trace.txt').matchAll(/ (\d+)\.(\d{6}): (\w+): (.*)$/gm)].map(
    ([, s, us, name, rest]) => ({ ns: Number(s) * 1e9 + Number(us) * 1e3, name, rest }),
  );

const CLIENT = 'k612-vfio-client-r1';

/** The calls that the client logged: time of its return, and the rest of the line. */
const clientLog = () =>
  [...text(CLIENT, 'client.txt').matchAll(/^(\d+) (.*)$/gm)].map(([, ns, what]) => ({
    ns: Number(ns),
    what,
  }));

const COUNTED = 'count(*)::INTEGER AS n';

test('who took a VF from its driver, by which write, and what it wanted', async () => {
  const rows = await ask(
    'sriov-on-r1',
    `SELECT device, driver, cause_task, wanted, released_ts::BIGINT AS ts FROM bindings
      WHERE released_by = 'unbind' ORDER BY released_seq`,
  );
  const unbinds = actions().filter(
    ({ op, path, errno }) => op === 'write' && path.endsWith('/unbind') && errno === 0,
  );
  expect(rows.length).toBe(unbinds.length);
  rows.forEach((row, i) => {
    const { t0, t1, value } = unbinds[i];
    expect(row).toMatchObject({
      device: value.trim(),
      driver: 'nvme',
      cause_task: 'vfr-overrider',
      wanted: 'vfio-pci',
    });
    expect(Number(row.ts)).toBeGreaterThan(t0 - 1e6);
    expect(Number(row.ts)).toBeLessThan(t1 + 1e6);
  });
});

test('how long each device was there without a driver', async () => {
  const device = '0000:01:00.1';
  let [added, bound, held] = [0, 0, 0];
  const expected: number[] = [];
  for (const { ns, name, rest } of lines('sriov-on-r1')) {
    if (!rest.includes(`dev="${device}"`)) continue;
    if (name === 'pci_device_add') [added, bound, held] = [ns, 0, 0];
    if (name === 'driver_bound') bound = ns;
    const goes = name === 'pci_stop_and_remove_bus_device';
    if ((name === 'device_unbind_cleanup' || goes) && bound > 0)
      [held, bound] = [held + ns - bound, 0];
    if (goes) expected.push(ns - added - held);
  }
  const sql = `SELECT driverless FROM device_lifetimes WHERE device = '${device}'
    AND removed_seq IS NOT NULL ORDER BY added_seq`;
  const rows = await ask('sriov-on-r1', sql);
  expect(expected.length).toBeGreaterThan(5);
  expect(rows.map(({ driverless }) => Number(driverless))).toEqual(expected);
});

test('what an IOVA was mapped to at a time, by whom, and in which domain', async () => {
  const log = clientLog();
  const mapped = log.find(({ what }) => what.includes('MAP_DMA ro iova=0x800000 size=64K'))!.ns;
  const unmapped = log.find(({ what }) => what.includes('UNMAP_DMA ro'))!.ns;
  const at = (ns: number) =>
    ask(
      CLIENT,
      `SELECT mapped_task, mapped_tid, domain FROM dma_mappings WHERE iova <= 8389000
        AND 8389000 < iova + length AND mapped_ts <= ${ns}
        AND (unmapped_ts IS NULL OR unmapped_ts > ${ns})`,
    );
  expect(await at((mapped + unmapped) / 2)).toEqual([
    { mapped_task: 'vfioclient', mapped_tid: 234, domain: 'container of process 234' },
  ]);
  expect(await at(unmapped + 1e6)).toEqual([]);
});

test('the domain of a mapping in an iommufd is the IOAS that the client named', async () => {
  const mapped = text('iommufd-cdev-r1', 'client.txt').matchAll(
    / IOMMU_IOAS_MAP fixed ioas=(\d+) \S+ iova=(0x\w+) len=(0x\w+) .* errno=0$/gm,
  );
  const logged = new Set(
    [...mapped].map(([, ioas, iova, length]) => `${ioas} ${Number(iova)} ${Number(length)}`),
  );
  expect(logged.size).toBeGreaterThan(0);
  for (const one of logged) {
    const [ioas, iova, length] = one.split(' ');
    const sql = `SELECT DISTINCT domain FROM pinned_memory
      WHERE iova = ${iova} AND change = ${length}`;
    expect(await ask('iommufd-cdev-r1', sql)).toEqual([{ domain: `IOAS ${ioas}` }]);
  }
});

describe('which call failed, and why', () => {
  test('every errno that the client got is that of its call', async () => {
    const first = clientLog().findIndex(({ what }) => what.startsWith('device 0000:08:01.0'));
    const failed = clientLog()
      .slice(0, first)
      .filter(({ what }) => /^ioctl .* = -1 errno=/.test(what))
      .map(({ what }) => Number(/errno=(\d+)/.exec(what)![1]));
    const sql = 'SELECT ret FROM ioctls WHERE ret < 0 AND tid = 234 ORDER BY seq';
    const rows = await ask(CLIENT, sql);
    expect(failed.length).toBeGreaterThan(20);
    expect(rows.map(({ ret }) => -Number(ret))).toEqual(failed);
  });

  test('a group that VFIO refused has a device with a driver of the kernel', async () => {
    expect(clientLog().some(({ what }) => /GROUP_SET_CONTAINER .* errno=1$/.test(what))).toBe(true);
    const sql = 'SELECT blockers FROM groups WHERE iommu_group = 17';
    expect(await ask(CLIENT, sql)).toEqual([{ blockers: '0000:08:02.0 e1000' }]);
  });
});

/** The smallest value that a share of all values does not exceed. */
const quantile = (sorted: readonly number[], share: number) =>
  sorted[Math.ceil(sorted.length * share) - 1];

test('percentiles of each ioctl by device and task are those of its calls', async () => {
  const calls = await ask(CLIENT, 'SELECT name, device, task, duration FROM ioctls');
  const nameOf = (row: Row) => `${row.name} ${row.device} ${row.task}`;
  const rows = await ask(CLIENT, "FROM latencies WHERE kind = 'ioctl'");
  expect(new Set(rows.map(nameOf))).toEqual(new Set(calls.map(nameOf)));
  expect(rows.length).toBeGreaterThan(20);
  for (const row of rows) {
    const own = calls.filter((call) => nameOf(call) === nameOf(row) && call.duration !== null);
    const durations = own.map(({ duration }) => Number(duration)).sort((a, b) => a - b);
    const counted = [...String(row.histogram).matchAll(/:(\d+)/g)].map(([, n]) => Number(n));
    expect([row.p50, row.p95, row.p99, row.max].map(Number)).toEqual(
      [0.5, 0.95, 0.99, 1].map((share) => quantile(durations, share)),
    );
    expect(counted.reduce((sum, n) => sum + n, 0)).toBe(durations.length);
  }
});

describe('which registers were written, and what their bits mean', () => {
  test('a write of the client is there with its register and value', async () => {
    const logged = [
      ...text(CLIENT, 'client.txt').matchAll(/cfg-write off=0x4 len=2 val=0x(\w+) = 2/g),
    ];
    const [row] = await ask(
      CLIENT,
      `SELECT register, bits, ${COUNTED} FROM registers WHERE path = 'vfio' AND tid IN (234, 261)
        AND "offset" = 4 AND value = 256 GROUP BY ALL`,
    );
    const serr = logged.filter(([, value]) => value === '100').length;
    expect(row).toMatchObject({ register: 'command', bits: 'serr' });
    expect(serr).toBeGreaterThan(0);
    expect(row.n).toBeGreaterThanOrEqual(serr);
  });

  test('registers of capabilities are found by the list of the device', async () => {
    // The 82574L has its capabilities at these places (its datasheet, 9.3 and 9.5).
    const sql = `SELECT register_name('0000:02:00.0', o) AS name
      FROM (SELECT unnest([204, 210, 232, 162, 264]) AS o) ORDER BY o`;
    const names = (await ask(CLIENT, sql)).map(({ name }) => name);
    expect(names).toEqual(['msix.flags', 'pm.ctrl', 'msi.flags', 'exp.devctl', 'err.uncor_mask']);
  });
});

test('a release that waits names the holder, since when, and that it was asked', async () => {
  const at = (what: string) => clientLog().findLast((line) => line.what.startsWith(what))!.ns;
  const [row, ...more] = await ask(CLIENT, "FROM waits WHERE waits_for = 'VFIO user'");
  expect(more).toEqual([]);
  expect(row).toMatchObject({ device: '0000:04:00.0', task: 'bash', holder_task: 'python3' });
  expect(row.requests).toBe(1n);
  expect(Math.abs(Number(row.holder_since) - at('device open'))).toBeLessThan(5e6);
  const over = Number(row.ts) + Number(row.duration);
  expect(Math.abs(over - at('closing'))).toBeLessThan(5e6);
});

test('the state of each VF at the end of each round is what the admin saw', async () => {
  const outcomes = actions().filter(({ op }) => op === 'outcome');
  let compared = 0;
  for (const { t0, drivers } of outcomes) {
    const rows = await ask(
      'sriov-on-r1',
      `SELECT device, driver FROM states
        WHERE first_ts <= ${t0} AND coalesce(until_ts > ${t0}, true)`,
    );
    for (const [device, [driver]] of Object.entries(drivers)) {
      const state = rows.find((row) => row.device === device);
      if (driver !== null) compared++;
      if (driver !== null) expect(`${device} ${state?.driver}`).toBe(`${device} ${driver}`);
    }
  }
  expect(compared).toBeGreaterThan(10);
});

test('races by class and actor are those of an overrider and the kernel', async () => {
  const races = await ask('sriov-on-r1', 'FROM races');
  const sides = races.flatMap((race) => [
    { device: race.device, ts: Number(race.first_ts), tid: race.first_tid },
    { device: race.device, ts: Number(race.second_ts), tid: race.second_tid },
  ]);
  const done = actions().filter(({ op }) => op === 'write');
  const unknown = sides.filter(
    ({ ts, tid }) => !done.some(({ t0, t1, pid }) => pid === tid && ts > t0 - 1e6 && ts < t1 + 1e6),
  );
  expect(races.length).toBeGreaterThan(20);
  expect(unknown).toEqual([]);
  const sql = `SELECT class, first_task, second_task, ${COUNTED} FROM races GROUP BY ALL`;
  const counted = await ask('sriov-on-r1', sql);
  // The class of an override that comes too late for the probe of a new VF.
  expect(counted.every((row) => row.class === 'R1')).toBe(true);
  expect(counted.every((row) => row.first_task !== row.second_task)).toBe(true);
  expect(counted.reduce((sum, { n }) => sum + Number(n), 0)).toBe(races.length);
});

test('a device was reset between two users of VFIO', async () => {
  const resets = lines(CLIENT).filter(
    ({ name, rest }) => name === 'pci_try_reset_function' && rest.includes('"0000:04:00.0"'),
  );
  const rows = await ask(
    CLIENT,
    "SELECT owner, previous, was_reset FROM owners WHERE device = '0000:04:00.0' AND is_user",
  );
  expect(resets.length).toBeGreaterThan(1);
  expect(rows).toEqual([
    { owner: 'vfioclient-252', previous: null, was_reset: null },
    { owner: 'python3-262', previous: 'vfioclient-252', was_reset: true },
  ]);
});

test('memory that a client pinned: its peak, and that nothing leaked', async () => {
  const sizes = { '2M': 2 ** 21, '64K': 2 ** 16 } as const;
  const mapped = [
    ...text(CLIENT, 'client.txt').matchAll(/ MAP_DMA (?:ro )?iova=\S+ size=(\w+) .* = 0 /g),
  ];
  const peak = sizes['2M'] + sizes['64K'];
  const rows = await ask(
    CLIENT,
    `SELECT max(peak) AS peak, arg_max(pinned, seq) AS last, count(*) FILTER (change > 0)::INTEGER
      AS maps FROM pinned_memory WHERE pid = 234`,
  );
  const expected = { peak: BigInt(peak), last: 0n, maps: mapped.length };
  expect(rows).toEqual([expected]);
});

test('interrupts by vector are those of the text, with the time of their handlers', async () => {
  const fired = lines('dma-fault-r1').filter(({ name }) => name === 'irq_handler_entry');
  const [most] = await ask('dma-fault-r1', 'FROM irqs LIMIT 1');
  const named = (name: string) => fired.filter(({ rest }) => rest.endsWith(`name=${name}`));
  expect(Number(most.fires)).toBe(named(String(most.name)).length);
  expect(Number(most.p99)).toBeGreaterThanOrEqual(Number(most.p50));
  const [first, last] = [named(String(most.name))[0].ns, named(String(most.name)).at(-1)!.ns];
  const rate = (Number(most.fires) - 1) / ((last - first) / 1e9);
  expect(Number(most.per_second)).toBeCloseTo(rate, 2);
});

test('what was lost, and which answers it touches', async () => {
  const rows = await ask('dma-fault-r1', 'SELECT seq, events, text, bindings FROM losses');
  const across = await ask('dma-fault-r1', `SELECT ${COUNTED} FROM bindings WHERE spans_loss`);
  expect(text('dma-fault-r1', 'trace.txt')).toContain('dmar_fault: 5 callbacks suppressed');
  expect(rows).toMatchObject([{ events: 5n, text: 'dmar_fault: 5 callbacks suppressed' }]);
  expect(Number(rows[0].bindings)).toBe(across[0].n);
  expect(across[0].n).toBeGreaterThan(0);
});

describe('when that was, and whose process it was', () => {
  const wallOffsetNs = 1_700_000_000_000_000_000n;
  const actor = { kind: 'process', name: 'actor', pid: 7, tid: 7, task: 'qemu' } as const;
  const cmdline = ['qemu', '-device', 'vfio-pci'];
  const identity = JSON.stringify({ cmdline, exe: null, cgroup: '/vm.slice' });
  const mark = { kind: 'mark', text: 'x' } as const;
  const reader = () =>
    traceOf([{ ...actor, ts: 5_000_000_001n, text: identity }, mark], { meta: { wallOffsetNs } });

  test('a time of the trace becomes one of the wall clock, and back', async () => {
    const session = await open(reader());
    const sql = `SELECT wall(ts) AS wall, at('2023-11-14T22:13:25.000000001Z') AS ts,
      at(0.000001) AS later FROM events LIMIT 1`;
    expect(await rowsOf(session, sql)).toEqual([
      { wall: '2023-11-14T22:13:25.000000001Z', ts: 5_000_000_001n, later: 5_000_001_001n },
    ]);
  });

  test('a process has the command line that the recorder read', async () => {
    const session = await open(reader());
    expect(await rowsOf(session, 'SELECT pid, command, cgroup FROM processes')).toEqual([
      { pid: 7, command: 'qemu -device vfio-pci', cgroup: '/vm.slice' },
    ]);
  });

  test('a program is the one that the kernel executed', async () => {
    const execs = [...text('udev-r1', 'trace.txt').matchAll(/exec: filename=(\S+) pid=(\d+)/g)];
    const rows = await ask(
      'udev-r1',
      'SELECT pid, command FROM processes WHERE command IS NOT NULL',
    );
    const expected = new Set(execs.map(([, file, pid]) => `${pid} ${file}`));
    expect(expected.size).toBeGreaterThan(20);
    expect(new Set(rows.map(({ pid, command }) => `${pid} ${command}`))).toEqual(expected);
  });
});
