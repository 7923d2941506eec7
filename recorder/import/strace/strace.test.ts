/**
 * Goal: strace of a VFIO client becomes the accesses and ioctls that the client made.
 * Method: real recordings against what the client itself logged about each call, and against counts
 * made by splitting the text; the same recordings as less talkative options of strace print them;
 * and single lines against their meaning.
 */
import { describe, expect, test } from 'vitest';
import { countBy, type ImportedRow, importBytes } from '../../../tests/import-bytes.js';
import { testData } from '../../../tests/test-data.js';
import { strace } from './index.js';

const importText = (text: string) => importBytes(strace, Buffer.from(text));
const text = (name: string) => testData(`strace/${name}.zst`).toString();
const CLIENTS = ['edu', 'e1000e', 'nvmevf'];

interface Logged {
  readonly what: string;
  readonly offset?: bigint;
  readonly length?: bigint;
  readonly value?: bigint;
  readonly command?: bigint;
  readonly ret: bigint;
}

/** -1 with an errno as the kernel returns it. */
const result = (ret: string, errno: string) => (ret === '-1' ? -BigInt(errno) : BigInt(ret));

const READ =
  /cfg-read off=(\S+) len=(\d+)(?: \(unaligned\))? = (-?\d+)(?: val=(\w+))? errno=(\d+)(?: val=(\w+))?$/;

/** Config accesses and ioctls that the client logged; its dump of the whole space is left out. */
function loggedCalls(log: string): Logged[] {
  const calls: Logged[] = [];
  const size = BigInt(/region 7 .* size=(\w+)/.exec(log)![1]);
  const place = (text: string) =>
    text.startsWith('end') ? size - BigInt(text.slice(4) || 0) : BigInt(text);
  for (const line of log.split('\n')) {
    const read = READ.exec(line);
    const write = /cfg-write off=(\w+) len=(\d+) val=(\w+) = (-?\d+) errno=(\d+)$/.exec(line);
    const ioctl = / ioctl .* cmd=(\w+) = (-?\d+) errno=(\d+)$/.exec(line);
    if (read !== null) {
      const [offset, length] = [place(read[1]), BigInt(read[2])];
      const ret = result(read[3], read[5]);
      // The client prints its 4-byte buffer, of which a short read fills a part.
      const bits = Number(length) * 8;
      const value = ret < 0n ? {} : { value: BigInt.asUintN(bits, BigInt(read[4] ?? read[6])) };
      calls.push({ what: 'config.read', offset, length, ...value, ret });
    } else if (write !== null) {
      const [offset, length] = [BigInt(write[1]), BigInt(write[2])];
      const ret = result(write[4], write[5]);
      calls.push({ what: 'config.write', offset, length, value: BigInt(write[3]), ret });
    } else if (ioctl !== null) {
      calls.push({ what: 'ioctl', command: BigInt(ioctl[1]), ret: result(ioctl[2], ioctl[3]) });
    }
  }
  return calls;
}

/** The same of the events. */
function importedCalls(rows: readonly ImportedRow[]): Logged[] {
  return rows
    .filter((row) => ['config.read', 'config.write', 'ioctl'].includes(row.kind))
    .filter((row) => row.length !== 4096n && row.length !== 256n)
    .map(({ kind, offset, length, value, ret }) =>
      kind === 'ioctl'
        ? { what: kind, command: value!, ret: ret! }
        : {
            what: kind,
            offset: offset!,
            length: length!,
            ...(value !== undefined && { value }),
            ret: ret!,
          },
    );
}

describe.each(CLIENTS)('a client of %s', (name) => {
  const log = text(`${name}.log`);
  const trace = text(`${name}.strace`);
  const { rows, report } = importText(trace);

  test('a VFIO client under strace made the calls that it logged, with these values and errors', () => {
    const logged = loggedCalls(log);
    expect(logged.length).toBeGreaterThan(150);
    expect(importedCalls(rows)).toEqual(logged);
  });

  test('a VFIO client under strace has one event per line, and every line is understood', () => {
    const lines = trace.split('\n').filter((line) => line !== '');
    expect(rows).toHaveLength(lines.length);
    expect(report.unparsed).toBe(0);
    const what = (line: string) => /^\d+ +[\d.]+ (?:--- |\+\+\+ )?(\w+)/.exec(line)![1];
    expect(report.records).toEqual(countBy(lines, what));
  });

  test('a VFIO client under strace is of the device that the group stands for', () => {
    const device = /device (\S+) group/.exec(log)![1];
    const named = rows.filter((row) => row.kind.startsWith('config.'));
    expect(new Set(named.map((row) => row.device))).toEqual(new Set([device]));
  });

  test('a VFIO client under strace had its bus errors where the device was mapped', () => {
    const faults = rows.filter((row) => row.kind === 'fault.bus');
    const maps = rows.filter((row) => row.kind === 'mmap');
    expect(faults.length).toBe(trace.split('--- SIGBUS').length - 1);
    for (const fault of faults) {
      expect(maps.some((m) => m.region === fault.region)).toBe(true);
      expect(fault.offset).toBe(0n);
    }
  });

  test('a VFIO client under strace is the same without -y, without names, and however the input is cut', () => {
    const bare = trace.replace(/(\b\d+)<[^>\n]*>/g, '$1');
    expect(importedCalls(importText(bare).rows)).toEqual(importedCalls(rows));
    expect(importText(bare).rows.map((row) => row.kind)).toEqual(rows.map((row) => row.kind));
    expect(importBytes(strace, Buffer.from(trace), 1009).rows).toEqual(rows);
  });
});

test('calls of threads that interrupt each other are joined', () => {
  const { rows, report } = importText(text('dpdk.strace'));
  const lines = text('dpdk.strace').split('\n');
  const joined = lines.filter((line) => line.includes('resumed>')).length;
  expect(joined).toBe(2);
  expect(report.unparsed).toBe(0);
  expect(rows.filter((row) => row.phase === 'end')).toHaveLength(joined);
  const end = rows.find((row) => row.phase === 'end' && row.kind === 'ioctl')!;
  const begin = rows[end.span!];
  expect(begin).toMatchObject({ name: 'VFIO_DEVICE_SET_IRQS', phase: 'begin', tid: 187 });
  expect(end).toMatchObject({ name: 'VFIO_DEVICE_SET_IRQS', ret: 0n, tid: 187 });
  expect(end.ts).toBe(1_795_246_856_705_418_000n);
  expect(end.ts).toBeGreaterThan(begin.ts);
});

describe('a line', () => {
  test('a line with a duration is a span', () => {
    const [begin, end] = importText(
      '7 1795252724.999990 pread64(5<anon_inode:[vfio-device]>, "\\206\\200", 2, 7696581394432) = 2 <0.000020>\n',
    ).rows;
    expect(begin).toEqual({
      seq: 0,
      ts: 1_795_252_724_999_990_000n,
      source: 'strace',
      kind: 'config.read',
      phase: 'begin',
      tid: 7,
      path: 'vfio',
      region: 7,
      offset: 0n,
      length: 2n,
      name: 'pread64',
    });
    expect(end).toMatchObject({ ts: 1_795_252_725_000_010_000n, span: 0, value: 0x8086n, ret: 2n });
    expect(end.phase).toBe('end');
  });

  test('a line tells an iommufd that does for a container from a container', () => {
    const rowOf = (file: string) => importText(`ioctl(3<${file}>, 0x3b65, 0x3) = 1\n`).rows[0];
    const name = 'VFIO_CHECK_EXTENSION';
    expect(rowOf('/dev/iommu')).toMatchObject({ name, driver: 'iommufd' });
    expect(rowOf('/dev/vfio/vfio')).toMatchObject({ name });
    expect(rowOf('/dev/vfio/vfio')).not.toHaveProperty('driver');
  });

  test('names its ioctl in all of the ways of -X and by the kind of file', () => {
    const name = (fd: string, command: string) => {
      const row = importText(`ioctl(${fd}, ${command}, 0x7ffd) = 0\n`).rows[0];
      return [row.kind, row.name, row.value];
    };
    const both = 'VFIO_DEVICE_PCI_HOT_RESET or VFIO_IOMMU_MAP_DMA';
    const map = ['ioctl', 'VFIO_IOMMU_MAP_DMA', 0x3b71n];
    expect(name('3</dev/vfio/vfio>', both)).toEqual(map);
    expect(name('3</dev/vfio/vfio<char 10:196>>', `0x3b71 /* ${both} */`)).toEqual(map);
    expect(name('3</dev/vfio/vfio>', '0x3b71')).toEqual(map);
    expect(name('3</dev/vfio/vfio>', '_IOC(_IOC_NONE, 0x3b, 0x71, 0)')).toEqual(map);
    expect(name('5<anon_inode:[vfio-device]>', both)[1]).toBe('VFIO_DEVICE_PCI_HOT_RESET');
    expect(name('5<anon_inode:[vfio-device]>', '_IOC(_IOC_NONE, 0x3b, 0xfb, 0)')[1]).toBe('0x3bfb');
    expect(name('9</dev/iommu>', '0x3b85')[1]).toBe('IOMMU_IOAS_MAP');
    expect(name('0</dev/null>', 'TCGETS')).toEqual(['syscall', 'ioctl', undefined]);
  });

  test('a line of a long access keeps the bytes, and says how many there were', () => {
    const line = (buffer: string, count: number) =>
      importText(
        `pread64(5<anon_inode:[vfio-device]>, ${buffer}, ${count}, 0x20000000010) = ${count}\n`,
      ).rows[0];
    expect(line('"\\1\\2345678\\n\\x41b"', 10)).toMatchObject({
      kind: 'region.read',
      region: 2,
      offset: 0x10n,
      length: 10n,
      data: Buffer.from([1, 0o234, 0x35, 0x36, 0x37, 0x38, 0x0a, 0x41, 0x62]),
    });
    expect(line('"\\0\\0\\0\\0"...', 4096)).toMatchObject({ length: 4096n, data: Buffer.alloc(4) });
  });

  test('a line of a process with the device in a cdev file is of that device', () => {
    const { rows } = importText(
      [
        '5 openat(AT_FDCWD, "/sys/bus/pci/devices/0000:3b:00.2/vfio-dev/vfio7/dev", O_RDONLY) = 3',
        '5 openat(AT_FDCWD, "/dev/vfio/devices/vfio7", O_RDWR) = 4',
        '5 pwrite64(4, "\\6\\4", 2, 7696581394436) = 2',
        '5 close(4) = 0',
        '',
      ].join('\n'),
    );
    expect(rows.map((row) => row.kind)).toEqual([
      'syscall',
      'device.open',
      'config.write',
      'device.close',
    ]);
    expect(rows[2]).toMatchObject({ device: '0000:3b:00.2', offset: 4n, value: 0x406n, ret: 2n });
  });

  test('a line tells the time in the ways of -t, -tt, -r and not at all', () => {
    const times = (lines: string) => importText(lines).rows.map((row) => row.ts);
    expect(times('09:18:44 close(3) = 0\n')).toEqual([33_524_000_000_000n]);
    expect(times('[pid   12] 09:18:44.000001 close(3) = 0\n')).toEqual([33_524_000_001_000n]);
    expect(
      times('     0.000000 close(3) = 0\n     0.600000 close(4) = 0\n     0.600000 close(5) = 0\n'),
    ).toEqual([0n, 600_000_000n, 1_200_000_000n]);
    expect(times('close(3) = 0\n')).toEqual([0n]);
    const clock = (line: string) => strace.meta({ head: Buffer.from(line) } as never).clock;
    expect(clock('7 1795252724.999990 close(3) = 0\n')).toBe('realtime');
    expect(clock('close(3) = 0\n')).toBe('none');
  });

  test('a line that is none of strace is kept', () => {
    const { rows, report } = importText('hello, world\n5 close(3) = 0\n5 close(3');
    expect(rows.map((row) => row.kind)).toEqual(['log', 'syscall', 'log']);
    expect(report).toMatchObject({ unparsed: 2, stopped: { why: 'the last line has no end' } });
  });
});

describe('as strace 6.1 prints it', () => {
  const openLine = (before: string, errno = 'ENOENT (No such file or directory)') =>
    `${before}openat(AT_FDCWD, "/dev/vfio/12", O_RDWR) = -1 ${errno}\n`;
  const row = { kind: 'group.open', tid: 31618, ts: 1_795_282_506_844_258_000n, ret: -2n };

  test.each<[string, string, object]>([
    ['precision:ns', '31618 1795282506.844258357 ', { ts: 1_795_282_506_844_258_357n }],
    ['precision:s', '31618 1795282506 ', { ts: 1_795_282_506_000_000_000n }],
    ['--absolute-timestamps=ms', '31618 17:35:06.866 ', { ts: 63_306_866_000_000n }],
    ['--relative-timestamps=ns', '31618      0.000241098 ', { ts: 241_098n }],
    ['-ttt -r', '31618 1795282506.844258 (+     0.000340) ', {}],
    ['-n', '31618 1795282506.844258 [  59] ', {}],
    ['-i', '31618 1795282506.844258 [00007f8747ab6ad7] ', {}],
    ['-n -i', '31618 1795282506.844258 [  59] [00007f8747ab6ad7] ', {}],
    ['-Y', '31618<IO mon_iothread> 1795282506.844258 ', { task: 'IO mon_iothread' }],
    ['-Y to the terminal', '[pid 31618<t>] 1795282506.844258 ', { task: 't' }],
  ])('a form of strace 6.1 is read: %s', (_, before, differs) => {
    const sample = openLine(before);
    expect(strace.detect(Buffer.from(sample), 'x')).toBeGreaterThan(0.5);
    const { rows, report } = importText(sample);
    expect(report).toMatchObject({ records: { openat: 1 }, unparsed: 0 });
    expect(rows).toMatchObject([{ ...row, ...differs }]);
  });

  test('an errno without a name is its number', () => {
    const unnamed = openLine('31618 1795282506.844258 ', '(errno 524)');
    expect(importText(unnamed).rows).toMatchObject([{ ret: -524n }]);
    const named = openLine('31618 1795282506.844258 ', 'ENOTSUPP (Unknown error 524)');
    expect(importText(named).rows).toMatchObject([{ ret: -524n }]);
  });

  test('-k and -e write: what stands below a call is counted', () => {
    const frame = ' > /usr/lib/x86_64-linux-gnu/libc.so.6(__open64+0x57) [0x1fc47]\n';
    const dump =
      ' | 00000  61 09 62 22 63 5c 64 0a  01 ff                    a.b"c\\d...       |\n';
    const sample = `${openLine('31618 1795282506.844258 ')}${frame.repeat(9)}${dump}`;
    expect(strace.detect(Buffer.from(sample), 'x')).toBeGreaterThan(0.5);
    const { rows, report } = importText(sample);
    expect(report).toMatchObject({ records: { openat: 1, callchain: 9, dump: 1 }, unparsed: 0 });
    expect(rows.length).toBe(1);
  });

  test('what strace writes in the middle of a line does not break the line', () => {
    const { rows, report } = importText(
      'clone3({flags=CLONE_VM|CLONE_FILES, stack=0x7f92d5a6e000}strace: Process 31884 attached\n' +
        ' => {parent_tid=[31884]}, 88) = 31884\n' +
        '[pid 31884] rseq(0x7f92d626efe0, 0x20, 0, 0x53053053) = 0\n' +
        '[pid 31883] clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=0, tv_nsec=2000000}, strace: Process 31885 attached\n' +
        ' <unfinished ...>\n' +
        '[pid 31883] <... clock_nanosleep resumed>NULL) = 0\n' +
        '[pid 31883] write(1, "a", 1strace: Process 31886 attached\nand then something else\n',
    );
    expect(report.records).toMatchObject({ attached: 3, clone3: 1, clock_nanosleep: 1, rseq: 1 });
    expect(rows.map((r) => [r.kind, r.phase, r.tid, r.ret])).toEqual([
      ['process', 'point', 31884, undefined],
      ['syscall', 'point', undefined, 31884n],
      ['syscall', 'point', 31884, 0n],
      ['process', 'point', 31885, undefined],
      ['syscall', 'begin', 31883, undefined],
      ['syscall', 'end', 31883, 0n],
      ['process', 'point', 31886, undefined],
      ['log', 'point', undefined, undefined],
      ['log', 'point', undefined, undefined],
    ]);
    expect(rows[1].text).toMatch(/stack=0x7f92d5a6e000} => {parent_tid=\[31884\]}, 88$/);
    expect(report.unparsed).toBe(2);
  });
});

test('a log of strace is detected by what only strace writes', () => {
  const detect = (sample: string) => strace.detect(Buffer.from(sample), 'x');
  expect(detect(text('edu.strace'))).toBeGreaterThan(0.5);
  expect(detect('close(3)                 = 0\n')).toBeGreaterThan(0.5);
  expect(detect('int main(void)\n{\n  close(3);\n}\n')).toBe(0);
  expect(detect(testData('qemu/nested-bios.log.zst').toString())).toBe(0);
});

describe('an ioctl', () => {
  const names = (...lines: string[]) =>
    importText(lines.map((line) => `${line}\n`).join('')).rows.map(({ name }) => name);
  const either = 'VFIO_DEVICE_PCI_HOT_RESET or VFIO_IOMMU_MAP_DMA';

  test('an ioctl keeps the name that its line has', () => {
    const spapr = ['REGISTER_MEMORY', 'UNREGISTER_MEMORY', 'TCE_CREATE', 'TCE_REMOVE'].map(
      (name) => `VFIO_IOMMU_SPAPR_${name}`,
    );
    expect(names(...spapr.map((name) => `ioctl(17, ${name}, 0x7ffe) = 0`))).toEqual(spapr);
    expect(names('ioctl(5</dev/vfio/vfio>, VFIO_DEVICE_RESET) = -1 EINVAL (x)')).toEqual([
      'VFIO_DEVICE_RESET',
    ]);
    expect(names('ioctl(9</dev/iommu>, IOMMU_MADE_UP, 0x7ffe) = 0')).toEqual(['IOMMU_MADE_UP']);
  });

  test('an ioctl has both names where nothing tells which', () => {
    const row = importText(`ioctl(32, ${either}, 0x7ffe) = 0\n`).rows[0];
    expect(row).toMatchObject({ kind: 'ioctl', name: either, value: 0x3b71n });
    expect(names('ioctl(32, 0x3b71, 0x7ffe) = 0')).toEqual([either]);
  });

  test('an ioctl is told by the struct, and by what was asked of its file before', () => {
    expect(names(`ioctl(3, ${either}, {argsz=32, flags=3, vaddr=1, iova=0, size=1}) = 0`)).toEqual([
      'VFIO_IOMMU_MAP_DMA',
    ]);
    expect(names(`ioctl(3, ${either}, {argsz=12, count=1, group_fds=[7]}) = 0`)).toEqual([
      'VFIO_DEVICE_PCI_HOT_RESET',
    ]);
    expect(names('ioctl(3, VFIO_SET_IOMMU, 0x3) = 0', `ioctl(3, ${either}, 0x7ffe) = 0`)).toEqual([
      'VFIO_SET_IOMMU',
      'VFIO_IOMMU_MAP_DMA',
    ]);
    const failed = 'ioctl(3, VFIO_SET_IOMMU, 0x3) = -1 ENOTTY (x)';
    expect(names(failed, `ioctl(3, ${either}, 0x7ffe) = 0`)[1]).toBe(either);
  });

  test('an ioctl of a container is that of the IOMMU that it was set to', () => {
    const call = (type: number) =>
      names(
        `ioctl(3</dev/vfio/vfio>, VFIO_SET_IOMMU, ${type}) = 0`,
        'ioctl(3</dev/vfio/vfio>, 0x3b70, 0x7ffe) = 0',
      )[1];
    expect([1, 2].map(call)).toEqual(['VFIO_IOMMU_GET_INFO', 'VFIO_IOMMU_SPAPR_TCE_GET_INFO']);
  });

  test('an ioctl by number is one of VFIO or iommufd also on an unknown file', () => {
    const row = (nr: string) =>
      importText(`ioctl(9, _IOC(_IOC_NONE, 0x3b, ${nr}, 0), 0x7ffe) = -1 EINVAL (x)\n`).rows[0];
    expect(row('0xa0')).toMatchObject({ kind: 'ioctl', name: '0x3ba0', value: 0x3ba0n, ret: -22n });
    expect(row('0x85')).toMatchObject({ kind: 'ioctl', name: 'IOMMU_IOAS_MAP' });
    expect(row('0x10')).toMatchObject({ kind: 'syscall', name: 'ioctl' });
  });
});

describe('a call that was interrupted', () => {
  const what = (...lines: string[]) =>
    importText(`${lines.join('\n')}\n`).rows.map((r) => [r.kind, r.name, r.phase, r.span, r.ret]);
  const begin = '7 1.000 ioctl(17, VFIO_IOMMU_SPAPR_REGISTER_MEMORY <unfinished ...>';
  const name = 'VFIO_IOMMU_SPAPR_REGISTER_MEMORY';

  test('a call that was interrupted ends as what it began', () => {
    const learnt = '8 1.100 ioctl(17, VFIO_DEVICE_RESET) = 0';
    const end = '7 1.200 <... ioctl resumed> , 0x7ffe) = 0 <286.97>';
    expect(what(begin, learnt, end)).toEqual([
      ['ioctl', name, 'begin', undefined, undefined],
      ['ioctl', 'VFIO_DEVICE_RESET', 'point', undefined, 0n],
      ['ioctl', name, 'end', 0, 0n],
    ]);
  });

  test('a call that was interrupted has no end that belongs to another call', () => {
    const other = '7 1.100 <... pread64 resumed>"\\0", 1, 0) = 1';
    const end = '7 1.200 <... ioctl resumed>, 0x7ffe) = 0';
    expect(what(begin, other, end)).toEqual([
      ['ioctl', name, 'begin', undefined, undefined],
      ['syscall', 'pread64', 'point', undefined, 1n],
      ['ioctl', name, 'end', 0, 0n],
    ]);
    const later = ['7 1.100 close(4) = 0', end];
    expect(what(begin, ...later).map(([, , phase]) => phase)).toEqual(['begin', 'point', 'point']);
  });

  test('a call that was interrupted does not swallow a line that is whole by itself', () => {
    const rows = what(
      'clone3({flags=CLONE_VM}strace: Process 31884 attached',
      '[pid 31884] rseq(0x7f92d626efe0, 0x20, 0, 0x53053053) = 0',
    );
    expect(rows.map(([kind, called]) => [kind, called])).toEqual([
      ['process', 'attached'],
      ['log', undefined],
      ['syscall', 'rseq'],
    ]);
  });
});
