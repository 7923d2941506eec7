/** Goal: a redacted trace has nothing left of what identifies the machine, in any column. */
import { expect, test } from 'vitest';
import { buildTrace, type EventRow } from '../../tests/build-trace.js';
import {
  type Batch,
  COLUMNS,
  MemorySink,
  MemorySource,
  rewriteTrace,
  TraceReader,
  TraceWriter,
} from '../../traces/index.js';
import { Redaction } from './redaction.js';

const SERIAL = 'S3EWNX0K123456';
const MAC = '52:54:00:ab:cd:ef';
const ADDRESS = 0xffff_8880_0123_4567n;
const COMMAND = ['qemu-system-x86_64', '-object', 'secret,id=s0,data=hunter2'];
const ACTOR = { cmdline: COMMAND, exe: '/opt/acme/qemu', cgroup: '/machine/acme-vm.scope' };
const device = '0000:01:00.0';

/** 512 bytes with Vital Product Data at 0x40, and Device Serial Number at 0x100. */
function configSpace(): Buffer {
  const config = Buffer.alloc(512);
  config[0x34] = 0x40;
  config.set([0x03, 0x00, 0, 0, 0x50, 0x4e, 0x31, 0x32], 0x40);
  config.writeUInt32LE(0x0001_0003, 0x100);
  config.set([0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8], 0x104);
  return config;
}

const ROWS: readonly EventRow[] = [
  { kind: 'snapshot', device, name: 'start', data: configSpace(), text: '{"driver":"nvme"}' },
  { kind: 'log', text: `usb 1-1: SerialNumber: ${SERIAL}` },
  { kind: 'mark', text: `disk ${SERIAL} fails` },
  { kind: 'log', text: `igb 0000:01:00.0: ${MAC}: link up on enx525400abcdef` },
  { kind: 'log', text: 'systemd[1]: Hostname set to <acme-db7>.' },
  { kind: 'log', text: 'Kernel command line: root=/dev/acme quiet' },
  { kind: 'log', text: 'RIP: ffffffff81234567 at 0xffff888001234567' },
  { kind: 'mark', text: 'seen on acme-db7', name: 'wait at ffffffff81234567' },
  { kind: 'process', name: 'actor', task: 'acme-worker', text: JSON.stringify(ACTOR) },
  { kind: 'process', name: 'exec', task: 'acme-worker', text: COMMAND.join(' ') },
  {
    kind: 'process',
    name: 'fork',
    text: 'comm=acme-worker pid=4 child_comm=acme-worker child_pid=5',
  },
  { kind: 'eventfd', value: ADDRESS, offset: ADDRESS, length: ADDRESS, ret: -0x7777_fedc_ba98n },
  {
    kind: 'irq.fire',
    name: 'X',
    data: Buffer.from('6745230180 88ffff'.replace(' ', ''), 'hex'),
    ret: -22n,
  },
  { kind: 'config.read', device, region: 7, offset: 0x104n, length: 4n, value: 0xa4a3_a2a1n },
  { kind: 'config.read', device, region: 7, offset: 0x106n, length: 4n, value: 0xa6a5_a4a3n },
  { kind: 'config.read', device, region: 7, offset: 0x0n, length: 4n, value: 0x1234_8086n },
];
const NOTES = { command: 'record -- acme-tool', input: '/home/ann/acme.dat', host: 'acme-db7' };

function redacted(tasks: boolean): { reader: TraceReader; redaction: Redaction } {
  const bytes = buildTrace(ROWS, { meta: { notes: NOTES } });
  const reader = new TraceReader(new MemorySource(bytes));
  const redaction = new Redaction(reader, { tasks, hosts: [] });
  const sink = new MemorySink();
  const writer = new TraceWriter(sink, redaction.meta(reader.meta, []));
  rewriteTrace(reader, writer, {}, redaction);
  writer.finish();
  return { reader: new TraceReader(new MemorySource(sink.bytes())), redaction };
}

/** Every value of every column, all strings of all dictionaries, and the metadata. */
function contentOf(reader: TraceReader): string {
  const parts = [JSON.stringify(reader.meta), JSON.stringify(reader.dictionaries)];
  for (const batch of reader.read()) {
    for (let row = 0; row < batch.rows; row++) parts.push(...valuesOf(batch, row));
  }
  return parts.join('\n').toLowerCase();
}

function* valuesOf(batch: Batch, row: number): Generator<string> {
  for (const { name, type } of COLUMNS) {
    if (type === 'utf8') yield batch.column('text').text(row) ?? '';
    else if (type === 'binary') yield batch.column('data').at(row)?.toString('hex') ?? '';
    else if (type === 'u64' || type === 'i64') {
      yield BigInt.asUintN(64, batch.column(name as 'value').big(row)).toString(16);
    } else yield String(batch.column(name as 'task').at(row));
  }
}

const SECRETS = [
  SERIAL,
  MAC,
  '525400abcdef',
  'acme-db7',
  'acme-vm',
  '/opt/acme',
  '/home/ann',
  'hunter2',
  'acme-tool',
  'root=/dev/acme',
  'ffff888001234567',
  'ffffffff81234567',
  '6745230180',
  'ffff8888',
  'a1a2a3a4',
  'a4a3a2a1',
  'a6a5a4a3',
  '504e3132',
].map((secret) => secret.toLowerCase());

test('the redacted trace has no secret in any column, dictionary or note', () => {
  const before = contentOf(
    new TraceReader(new MemorySource(buildTrace(ROWS, { meta: { notes: NOTES } }))),
  );
  expect(SECRETS.filter((secret) => !before.includes(secret))).toEqual([]);
  const { reader, redaction } = redacted(false);
  const after = contentOf(reader);
  expect(SECRETS.filter((secret) => after.includes(secret))).toEqual([]);
  expect(after).toContain('acme-worker');
  expect(Object.entries(redaction.counts).filter(([, count]) => count === 0)).toEqual([
    ['task', 0],
  ]);
});

test('names of tasks are replaced on request', () => {
  const { reader, redaction } = redacted(true);
  expect(contentOf(reader)).not.toContain('acme');
  expect(redaction.counts.task).toBeGreaterThan(0);
});

test('a redacted trace keeps what is no secret: errnos, ids, registers', () => {
  const { reader } = redacted(false);
  const [batch] = reader.read();
  expect(batch.column('ret').big(12)).toBe(-22n);
  expect(batch.column('value').big(15)).toBe(0x1234_8086n);
  expect(batch.column('data').at(0)?.readUInt32LE(0x100)).toBe(0x0001_0003);
});

test('numbers of an ioctl that look like an address are kept', () => {
  const data = Buffer.from('1600000080ffffffffffffff', 'hex');
  const bytes = buildTrace([{ kind: 'ioctl', data, value: 0xffff_ffff_0000_0006n }]);
  const reader = new TraceReader(new MemorySource(bytes));
  const redaction = new Redaction(reader, { tasks: false, hosts: [] });
  rewriteTrace(reader, new TraceWriter(new MemorySink(), reader.meta), {}, redaction);
  expect(redaction.counts.kernelAddress).toBe(0);
});

test('an address is replaced by the same one in columns and in texts', () => {
  const { reader } = redacted(false);
  const [batch] = reader.read();
  const address = batch.column('value').big(11);
  expect(batch.column('offset').big(11)).toBe(address);
  expect(batch.column('text').text(6)).toContain(`0x${address.toString(16)}`);
});
