/** Pieces of recorded events as rows, with any values in any columns: what replay is fuzzed with. */
import { KINDS, type Kind, type Phase, type Source, type TraceReader } from '../../traces/index.js';
import type { EventRow } from '../build-trace.js';
import type { Random } from './corpus.js';

/** The events of a recording, from the first on. */
export function rowsOf(reader: TraceReader, most: number): EventRow[] {
  const rows: EventRow[] = [];
  for (const batch of reader.read()) {
    const text = (name: 'task' | 'device' | 'driver' | 'path' | 'name', row: number) =>
      batch.column(name).at(row) ?? undefined;
    const int = (name: 'cpu' | 'pid' | 'tid' | 'region', row: number) =>
      batch.column(name).has(row) ? batch.column(name).at(row) : undefined;
    const big = (name: 'span' | 'offset' | 'length' | 'value' | 'ret', row: number) =>
      batch.column(name).has(row) ? batch.column(name).big(row) : undefined;
    for (let row = 0; row < batch.rows && rows.length < most; row++) {
      const span = big('span', row);
      rows.push({
        kind: batch.column('kind').at(row) as Kind,
        phase: batch.column('phase').at(row) as Phase,
        source: batch.column('source').at(row) as Source,
        ts: batch.column('ts').big(row),
        ...{ cpu: int('cpu', row), pid: int('pid', row), tid: int('tid', row) },
        ...{ task: text('task', row), device: text('device', row), driver: text('driver', row) },
        ...{ path: text('path', row), name: text('name', row), region: int('region', row) },
        ...{ offset: big('offset', row), length: big('length', row), value: big('value', row) },
        ...(span === undefined ? {} : { span: Number(span) }),
        ...{ ret: big('ret', row), data: batch.column('data').at(row) ?? undefined },
        text: batch.column('text').text(row) ?? undefined,
      } as EventRow);
    }
    if (rows.length >= most) break;
  }
  return rows;
}

/** What of the snapshot is kept: the functions of the piece, and some more. */
const FUNCTIONS_MAX = 12;

/** Events from `from` on, after the snapshot of their functions; spans lead to the same events. */
export function piece(rows: readonly EventRow[], from: number, count: number): EventRow[] {
  const events = rows.slice(from, from + count);
  const named = new Set(events.map(({ device }) => device?.slice(0, -1)));
  const snapshot = rows
    .slice(0, from)
    .filter((row) => row.kind === 'snapshot' && named.has(row.device?.slice(0, -1)))
    .slice(0, FUNCTIONS_MAX);
  const moved = snapshot.length - from;
  const shifted = events.map((row) => {
    const { span, ...rest } = row;
    return span === undefined || span < from ? rest : { ...rest, span: span + moved };
  });
  return [...snapshot, ...shifted];
}

const WORDS = [0n, 1n, 2n, 4n, 7n, 8n, 0x10n, 0x100n, 0xfffn, 0x1000n, 0xffffn, 0x1_0000n];
const WIDE = [31n, 32n, 33n, 47n, 52n, 53n, 54n, 62n, 63n].flatMap((n) => [
  1n << n,
  (1n << n) - 1n,
]);
const TEXTS = [
  ...['', '\n', '0', '1\n', '-1', '4\n', '99999\n', 'x', 'y', 'off', 'vfio-pci\n', '8086 10d3\n'],
  ...['{}', '[]', 'null', '{"resource":["0x0 0x0 0x0"]}', '{"order":1e400}', '0'.repeat(5000)],
  ...['{"vendor":"0x8086","device":{},"class":null,"physfn":"../0000:01:00.0"}', '\u{1f600}'],
  '{"sriov_totalvfs":"-1","sriov_numvfs":"1e9","resource":["0x1 0xffffffffffffffff 0x200"]}',
];
const NUMBERS = ['offset', 'length', 'value', 'ret'] as const;
const INTS = { cpu: 0xffff, pid: 0xffff_ffff, tid: 0xffff_ffff, region: 0x7fff } as const;

const anyWord = (random: Random): bigint => {
  switch (random.below(4)) {
    case 0:
      return random.pick(WORDS);
    case 1:
      return random.pick(WIDE);
    case 2:
      return BigInt.asUintN(64, -random.pick(WORDS));
    default:
      return (BigInt(random.below(2 ** 32)) << 32n) | BigInt(random.below(2 ** 32));
  }
};

type Row = { -readonly [K in keyof EventRow]: EventRow[K] };
type Edit = (rows: Row[], at: number, random: Random) => void;

const other = (rows: Row[], random: Random) => rows[random.below(rows.length)];

const EDITS: readonly Edit[] = [
  (rows, at) => rows.splice(at, 1),
  (rows, at) => rows.splice(at, 0, { ...rows[at] }),
  (rows, at, random) => {
    const to = random.below(rows.length);
    [rows[at], rows[to]] = [rows[to], rows[at]];
  },
  (rows, at, random) => {
    const name = random.pick(NUMBERS);
    rows[at][name] = name === 'ret' ? BigInt.asIntN(64, anyWord(random)) : anyWord(random);
  },
  (rows, at, random) => {
    const name = random.pick(Object.keys(INTS) as (keyof typeof INTS)[]);
    rows[at][name] = Math.min(INTS[name], Number(anyWord(random) & 0xffff_ffffn));
  },
  (rows, at, random) => {
    const columns = ['device', 'driver', 'name', 'path', 'text', 'task', 'tid', 'kind'] as const;
    const column = random.pick(columns);
    const value = other(rows, random)[column];
    if (value !== undefined) Object.assign(rows[at], { [column]: value });
  },
  (rows, at, random) => {
    rows[at].text = random.pick(TEXTS);
  },
  (rows, at, random) => {
    const bytes = new Uint8Array(random.pick([0, 1, 3, 8, 11, 12, 16, 64, 255, 256, 4096, 5000]));
    for (let i = 0; i < bytes.length; i++) bytes[i] = random.below(256);
    rows[at].data = bytes;
  },
  (rows, at, random) => {
    const { data } = rows[at];
    if (data === undefined || data.length === 0) return;
    rows[at].data = Uint8Array.from(data);
    rows[at].data[random.below(data.length)] = random.below(256);
  },
  (rows, at, random) => {
    const column = random.pick(['driver', 'name', 'text', 'data', 'span', 'value', 'ret', 'tid']);
    delete rows[at][column as keyof Row];
  },
  (rows, at, random) => {
    rows[at].kind = random.pick(Object.keys(KINDS) as Kind[]);
  },
  (rows, at, random) => {
    rows[at].phase = random.pick(['begin', 'end', 'point'] as const);
  },
  (rows, at, random) => {
    rows[at].span = random.below(rows.length);
  },
  (rows, at, random) => {
    rows[at].ts = BigInt.asUintN(63, anyWord(random));
  },
  (rows, at, random) => {
    const device = random.pick([
      '',
      'usb1',
      '0000:00:00.0',
      'ffff:ff:1f.7',
      '10000:e1:00.0',
      'a/b',
    ]);
    Object.assign(rows[at], { [random.pick(['device', 'driver', 'name'])]: device });
  },
];

/** The same rows with some edits; what a counter cannot reach is left out. */
export function mutate(original: readonly EventRow[], random: Random): EventRow[] {
  const rows: Row[] = original.map((row) => ({ ...row }));
  for (let edits = 1 + random.below(10); edits > 0 && rows.length > 1; edits--) {
    random.pick(EDITS)(rows, random.below(rows.length), random);
  }
  return rows.map((row, seq) => {
    const span = row.span !== undefined && row.span < seq ? row.span : undefined;
    const value = row.kind === 'lost' ? (row.value ?? 0n) & 0xffn : row.value;
    const { span: _, value: __, ...rest } = row;
    return {
      ...rest,
      ...(span === undefined ? {} : { span }),
      ...(value === undefined ? {} : { value }),
    };
  });
}
