/**
 * Goal: task names and strings that look like something else are told from what they look like.
 * Method: lines printed here as the kernel prints them (trace_output.c: `%16s-%-7d`, strings as
 * they are), with names and strings that somebody chose to confuse.
 */
import { describe, expect, test } from 'vitest';
import { counted, importBytes } from '../../../tests/import-bytes.js';
import { ftraceText } from './index.js';

interface Shown {
  readonly comm?: string;
  readonly pid?: number;
  readonly tgid?: boolean;
  readonly flags?: string;
  readonly time?: string;
}

/** One record as tracefs prints it. */
function record(event: string, shown: Shown = {}): string {
  const { comm = 'bash', pid = 128, tgid = false, flags = '.....', time = '14.780169' } = shown;
  const group = tgid ? `(${String(pid).padStart(7)}) ` : '';
  const name = comm.padStart(16 - (Buffer.byteLength(comm) - comm.length));
  return `${name}-${String(pid).padEnd(7)} ${group}[001] ${flags} ${time.padStart(12)}: ${event}\n`;
}

const override = (buf: string, count = Buffer.byteLength(buf)) =>
  `driver_override_store: (driver_override_store+0x0/0x30) dev="0000:03:00.0" buf="${buf}" count=${count}`;
const bound = 'driver_bound: (driver_bound+0x0/0xd0) dev="0000:03:00.0" drv="vfio-pci"';

const importText = (text: string | Buffer) =>
  importBytes(ftraceText, Buffer.concat([Buffer.from('# tracer: nop\n#\n'), Buffer.from(text)]));

describe('task names', () => {
  test('task names do not begin in the header, whatever became of their padding', () => {
    const { rows } = importText(record(bound).trimStart());
    expect(rows[0].task).toBe('bash');
  });

  const names = [
    'with space',
    'a-1 [001] 5.0:',
    '(paren)',
    'dash-123',
    'utf8-\u00e9\u20ac',
    'nl\nname',
    'two\n\nnl',
    '\nfirst',
    'tail space ',
    '[001]',
    '-5',
    ':',
    '# tracer: x',
    '123456789012345',
  ];

  test.each(names)('a task name is read whole: %j', (comm) => {
    for (const tgid of [false, true]) {
      const text = record(bound) + record(bound, { comm, tgid, pid: 7 }) + record(bound, { tgid });
      const { report, rows } = importText(text);
      expect(counted(report)).toEqual({ records: { driver_bound: 3 }, unparsed: 0, lost: 0 });
      expect(rows[1]).toMatchObject({ tid: 7, cpu: 1, device: '0000:03:00.0', ts: 14780169000n });
      expect(rows[1].task).toBe(comm.trimStart());
    }
  });

  test('bytes that are no UTF-8', () => {
    const text = Buffer.from(record(bound, { comm: 'badutf-XY' }), 'latin1');
    text[text.indexOf('X')] = 0xff;
    text[text.indexOf('Y')] = 0xfe;
    expect(importText(text).rows[0].task).toBe('badutf-\ufffd\ufffd');
  });

  test('a name with a newline behind a string with one', () => {
    const text = record(override('x\n')) + record(bound, { comm: 'nl\nname' }) + record(bound);
    const { report, rows } = importText(text);
    expect(report.records).toEqual({ driver_override_store: 1, driver_bound: 2 });
    expect(report.unparsed).toBe(0);
    expect(rows.map((row) => row.task)).toEqual(['bash', 'nl\nname', 'bash']);
    expect(rows[0].text).toBe('x\n');
  });
});

describe('strings', () => {
  const strings = [
    '',
    '\n',
    '\n\n\n',
    'vfio-pci\n',
    'evil" count=9',
    'evil" count=9 x="y',
    '" count=1\n" count=2\n',
    'a"b"c',
    '"',
    '""',
    ' dev="0000:ff:1f.7" ',
    '(fault)',
    'x=1 y=2',
    'CPU:1 [LOST 117 EVENTS]\n',
    '# tracer: function\n',
    '\n# entries-in-buffer/entries-written: 1/100\n',
    '\t\u001b[31m\n',
    '%s %n %x\n',
    'L'.repeat(300),
    'back\\slash\\',
    ' => really_probe\n',
    'carriage\r\n',
  ];

  test.each(strings)('a string is read whole between others: %j', (buf) => {
    const usual = record(override('usual\n'));
    const { report, rows } = importText(usual + record(override(buf)) + usual + record(bound));
    expect(counted(report)).toEqual({
      records: { driver_override_store: 3, driver_bound: 1 },
      unparsed: 0,
      lost: 0,
    });
    expect(rows.map((row) => row.text)).toEqual(['usual\n', buf, 'usual\n', undefined]);
    expect(rows[1]).toMatchObject({
      length: BigInt(Buffer.byteLength(buf)),
      device: '0000:03:00.0',
      name: 'driver_override',
    });
  });

  test.each(strings)('%j as the first record', (buf) => {
    const { report, rows } = importText(record(override(buf)) + record(bound));
    expect(report.records).toEqual({ driver_override_store: 1, driver_bound: 1 });
    expect(rows[0]).toMatchObject({ length: BigInt(Buffer.byteLength(buf)), text: buf });
  });

  test('(fault) without quotes is no value, with quotes it is a string', () => {
    const release = (drv: string, own: string) =>
      record(
        `device_release_driver_internal: (device_release_driver_internal+0x0/0x1a0) dev="0000:03:00.0" drv=${drv} bound=${own}`,
      );
    const { rows } = importText(
      release('(fault)', '(fault)') + release('(fault)', '"nvme"') + release('"x"', '"(fault)"'),
    );
    expect(rows.map((row) => row.driver)).toEqual([undefined, 'nvme', '(fault)']);
    expect(rows.map((row) => row.device)).toEqual(Array(3).fill('0000:03:00.0'));
  });

  test('a string that never ends costs its own record only', () => {
    const cut = record(override('x')).replace(/x" count.*/, 'cut');
    const { report, rows } = importText(cut + record(bound) + record(override('y\n')));
    expect(report.records).toEqual({ driver_override_store: 2, driver_bound: 1 });
    expect(rows.map((row) => row.kind)).toEqual(['sysfs.write', 'bind', 'sysfs.write']);
    expect(rows[2].text).toBe('y\n');
  });
});

describe('marks', () => {
  test.each([
    'a\nb',
    '# looks like a header',
    'a\n# b\n\nc',
    '',
    'x: y=1',
    'buf="open',
  ])('a mark is read whole: %j', (text) => {
    const mark = record(`tracing_mark_write: ${text}`);
    const { report, rows } = importText(record(bound) + mark + record(bound));
    expect(counted(report)).toEqual({
      records: { driver_bound: 2, tracing_mark_write: 1 },
      unparsed: 0,
      lost: 0,
    });
    const [first, ...others] = text.split('\n').filter((line, i) => i === 0 || line !== '');
    expect(rows[1]).toMatchObject({ kind: 'mark', text: first });
    // Nothing tells that a line behind a mark is the mark's own: it is kept, and changes no mark.
    const further = rows.slice(2, -1).map(({ kind, text: line }) => [kind, line]);
    expect(further).toEqual(others.map((line) => ['log', line]));
  });
});

describe('events with a text of their own', () => {
  test('io_page_fault names neither driver nor device', () => {
    const { rows } = importText(
      record('io_page_fault: IOMMU:vfio-pci 0000:03:00.0 iova=0x0000000009000000 flags=0x0001'),
    );
    expect(rows[0]).toMatchObject({
      kind: 'fault.dma',
      driver: 'vfio-pci',
      device: '0000:03:00.0',
      offset: 0x9000000n,
      value: 1n,
    });
  });

  test('map and unmap print ranges', () => {
    const { rows } = importText(
      record('map: IOMMU: iova=0x0000000000100000 - 0x0000000000101000 paddr=0x1234000 size=4096') +
        record('unmap: IOMMU: iova=0x100000 - 0x101000 size=4096 unmapped_size=8192') +
        record('add_device_to_group: IOMMU: groupID=18 device=0000:01:00.1'),
    );
    expect(rows.map((row) => [row.kind, row.offset, row.length, row.value])).toEqual([
      ['dma.map', 0x100000n, 4096n, 0x1234000n],
      ['dma.unmap', 0x100000n, 4096n, 8192n],
      ['iommu.attach', undefined, undefined, 18n],
    ]);
    expect(rows[2].device).toBe('0000:01:00.1');
  });

  test('the option `fields` prints numbers twice and strings bare', () => {
    const ret =
      'pci_device_probe_ret: ret=0xffffffed (-19) __probe_ret_ip=0xffffffff8b1 (-1) __probe_func=0x1 (1)';
    const { rows } = importText(
      record('pci_device_probe: dev=0000:03:00.0 drv=nvme __probe_ip=0x1 (1)') + record(ret),
    );
    expect(rows[0]).toMatchObject({ device: '0000:03:00.0', driver: 'nvme' });
    expect(rows[1]).toMatchObject({ ret: -19n, span: 0 });
  });

  test('the option `fields` prints strings of several lines bare, too', () => {
    const store = (text: string) =>
      record(
        `driver_override_store: dev=0000:03:00.0 buf=${text} count=0x${text.length.toString(16)} (${text.length})`,
      );
    const { report, rows } = importText(
      store('vfio-pci') + store('vfio-pci\n') + store('two\nlines\n') + store('1\n2\n3\n'),
    );
    expect(report).toMatchObject({ records: { driver_override_store: 4 }, unparsed: 0 });
    expect(rows.map((row) => [row.text, row.length])).toEqual(
      ['vfio-pci', 'vfio-pci\n', 'two\nlines\n', '1\n2\n3\n'].map((text) => [
        text,
        BigInt(text.length),
      ]),
    );
  });
});

describe('text that went through other hands', () => {
  test('text of ftrace with its padding lost', () => {
    const lines = [record(bound), record(override('vfio-pci\n')), record(bound, { tgid: true })];
    const text = lines.map((line) => line.trimStart()).join('');
    const { report, rows } = importBytes(ftraceText, Buffer.from(text));
    expect(report.records).toEqual({ driver_bound: 2, driver_override_store: 1 });
    expect(rows.map((row) => [row.task, row.tid, row.cpu])).toEqual(
      Array(3).fill(['bash', 128, 1]),
    );
  });

  test('text of ftrace with carriage returns', () => {
    const text = (
      record(bound) +
      record('pci_set_power_state: (pci_set_power_state+0x0/0x10) dev="0000:03:00.0" state=3')
    ).replaceAll('\n', '\r\n');
    const { report, rows } = importText(text);
    expect(report.unparsed).toBe(0);
    expect(rows.map((row) => [row.kind, row.driver, row.value])).toEqual([
      ['bind', 'vfio-pci', undefined],
      ['power', undefined, 3n],
    ]);
  });

  test('lines that are nothing are kept as log events', () => {
    const { report, rows } = importText(`${record(bound)}what is this?\n${record(bound)}`);
    expect(report).toMatchObject({ records: { driver_bound: 2 }, unparsed: 1 });
    expect(rows[1]).toMatchObject({ kind: 'log', text: 'what is this?' });
  });

  test.each([40, 80, 120])('text of ftrace cut %i bytes into a record', (length) => {
    const text = record(bound) + record(bound).slice(0, length);
    const { report, rows } = importText(text);
    expect(report).toEqual({
      records: { driver_bound: 1 },
      unparsed: 1,
      lost: 0,
      stopped: { offset: 16 + record(bound).length, why: 'the last line has no end' },
    });
    expect(rows[1]).toMatchObject({ kind: 'log', text: record(bound).slice(0, length) });
  });

  test('half a number is not believed', () => {
    const { rows } = importText(record(override('x')).trimEnd());
    expect(rows.map((row) => row.kind)).toEqual(['log']);
  });
});
