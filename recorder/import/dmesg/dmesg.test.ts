/**
 * Goal: faults, resets, failed probes and new devices of a kernel log become events with their
 * device, address and code, whichever program printed the log.
 * Method: real logs against counts by regular expressions that are not the importer's; the same
 * log rewritten as the other programs print it; and single messages against the kernel's meaning.
 */
import { describe, expect, test } from 'vitest';
import { countBy, importBytes } from '../../../tests/import-bytes.js';
import { testData } from '../../../tests/test-data.js';
import { dmesg } from './index.js';

const importText = (text: string) => importBytes(dmesg, Buffer.from(text));
const text = (name: string) => testData(`dmesg/${name}.txt.zst`).toString();
const LOGS = ['dma-fault-r1', 'hotplug-r1', 'sriov-on-r1'];

const grep = (log: string, pattern: RegExp) =>
  log.split('\n').filter((line) => pattern.test(line)).length;

describe.each(LOGS)('the log %s', (name) => {
  const log = text(name);
  const { rows, report } = importText(log);
  const kinds = countBy(rows, (row) => row.kind);

  test('a log of dmesg has one event per message, with its lines as its text', () => {
    const messages = log.split(/\n(?=\[|$)/).filter((message) => message !== '');
    expect(rows.map((row) => row.text)).toEqual(
      messages.map((message) => message.replace(/^\[ *\d+\.\d+\] /, '').replace(/\n {15}/g, '\n')),
    );
    expect(report).toMatchObject({ records: { message: grep(log, /^\[/) }, unparsed: 0 });
    expect(messages.length).toBeLessThan(grep(log, /./));
  });

  test('a log of dmesg has as many events of each kind as the text has lines for them', () => {
    const counted = {
      'fault.dma': grep(log, /fault addr/),
      'device.add': grep(log, /type 0[01] class/),
      'iommu.attach': grep(log, /Adding to iommu group/),
      'iommu.detach': grep(log, /Removing from iommu group/),
      'device.request': grep(log, /device request/),
      probe: grep(log, /after probe failure/),
    };
    for (const [kind, count] of Object.entries(counted))
      expect([kind, kinds[kind] ?? 0]).toEqual([kind, count]);
  });

  test('a log of dmesg knows the kernel and its clock', () => {
    expect(dmesg.detect(Buffer.from(log), 'x')).toBeGreaterThan(0.5);
    expect(dmesg.meta({ head: Buffer.from(log) } as never)).toEqual({
      clock: 'mono',
      kernel: '6.1.0-56-amd64',
    });
  });
});

describe('another program', () => {
  const log = text('dma-fault-r1');
  const lines = log.split('\n').filter((line) => line.startsWith('['));
  const plain = importText(`${lines.join('\n')}\n`).rows;
  const boot = Date.UTC(2026, 10, 21, 8, 0, 0);
  const rewrite = (format: (us: number, message: string) => string) =>
    lines.map((line) => {
      const [, seconds, micros, message] = /^\[ *(\d+)\.(\d+)\] (.*)$/.exec(line)!;
      return `${format(Number(seconds) * 1e6 + Number(micros), message)}\n`;
    });
  const iso = (us: number) => new Date(boot + us / 1000).toISOString().slice(0, 19);
  const micros = (us: number) => String(us % 1e6).padStart(6, '0');
  const stamp = (us: number) => `[${String(Math.floor(us / 1e6)).padStart(5)}.${micros(us)}`;
  const first = Math.round(Number(plain[0].ts) / 1000);
  const day = (us: number) => new Date(boot + us / 1000).toUTCString();

  const STYLES: Record<
    string,
    { format: (us: number, m: string) => string; step: bigint; clock: string }
  > = {
    'dmesg -r': {
      format: (us, m) => `<6>[${String(Math.floor(us / 1e6)).padStart(5)}.${micros(us)}] ${m}`,
      step: 1000n,
      clock: 'mono',
    },
    'dmesg --time-format iso': {
      format: (us, m) => `${iso(us)},${micros(us)}+00:00 ${m}`,
      step: 1000n,
      clock: 'realtime',
    },
    'dmesg -T': {
      format: (us, m) => {
        const [, d, month, year, time] = /, (\d+) (\w+) (\d+) (\S+)/.exec(day(us))!;
        return `[Sat ${month} ${d.padStart(2)} ${time} ${year}] ${m}`;
      },
      step: 1_000_000_000n,
      clock: 'realtime',
    },
    'journalctl -k -o short-monotonic': {
      format: (us, m) =>
        `[${String(Math.floor(us / 1e6)).padStart(5)}.${micros(us)}] host kernel: ${m}`,
      step: 1000n,
      clock: 'mono',
    },
    'journalctl -k -o short-iso': {
      format: (us, m) => `${iso(us)}+0000 host kernel: ${m}`,
      step: 1_000_000_000n,
      clock: 'realtime',
    },
    syslog: {
      format: (us, m) =>
        `Nov 21 08:00:00 host kernel: [${Math.floor(us / 1e6)}.${micros(us)}] ${m}`,
      step: 1000n,
      clock: 'mono',
    },
    'syslog --no-hostname': {
      format: (us, m) => `Nov 21 08:00:00 kernel: [${Math.floor(us / 1e6)}.${micros(us)}] ${m}`,
      step: 1000n,
      clock: 'mono',
    },
    'dmesg -d': {
      format: (us, m) => `${stamp(us)} <    0.000012>] ${m}`,
      step: 1000n,
      clock: 'mono',
    },
    'dmesg --color=always': {
      format: (us, m) => `\x1b[32m${stamp(us)}] \x1b[0m\x1b[33m${m}\x1b[0m`,
      step: 1000n,
      clock: 'mono',
    },
    'journalctl -k -o short-delta': {
      format: (us, m) =>
        `${stamp(us)}${us === first ? ' '.repeat(16) : ' <    0.000012 >'}] vm kernel: ${m}`,
      step: 1000n,
      clock: 'mono',
    },
    'journalctl -k -o short-full': {
      format: (us, m) => `Sat ${iso(us).replace('T', ' ')} UTC vm kernel: ${m}`,
      step: 1_000_000_000n,
      clock: 'realtime',
    },
    'journalctl -k -o json': {
      format: (us, m) => {
        const entry = { _TRANSPORT: 'kernel', MESSAGE: m, __MONOTONIC_TIMESTAMP: '15827796429' };
        return JSON.stringify({ ...entry, _SOURCE_MONOTONIC_TIMESTAMP: String(us) });
      },
      step: 1000n,
      clock: 'mono',
    },
    '/dev/kmsg': {
      format: (us, m) => `6,339,${us},-;${m}`,
      step: 1000n,
      clock: 'mono',
    },
  };

  test.each(Object.keys(STYLES))('%s gives the same events, on its own clock', (style) => {
    const { format, step, clock } = STYLES[style];
    const bytes = Buffer.from(rewrite(format).join(''));
    expect(dmesg.detect(bytes.subarray(0, 65536), 'x')).toBeGreaterThan(0.5);
    expect(dmesg.meta({ head: bytes } as never).clock).toBe(clock);
    const { rows, report } = importBytes(dmesg, bytes);
    expect(report.unparsed).toBe(0);
    const origin = clock === 'mono' ? 0n : BigInt(boot) * 1_000_000n;
    expect(rows).toEqual(plain.map((row) => ({ ...row, ts: ((row.ts + origin) / step) * step })));
  });

  test('dmesg -H has minutes and distances', () => {
    const sample =
      '[Nov21 13:13] Linux version 6.18.44 (builder@host)\n[  +0.000012] one\n[ +61.500000] two\n' +
      '[Nov21 13:14] three\n[Nov21 17:20] four\n[  +0.000002] five\n';
    expect(dmesg.detect(Buffer.from(sample), 'x')).toBeGreaterThan(0.5);
    expect(dmesg.meta({ head: Buffer.from(sample) } as never).clock).toBe('year');
    const start = BigInt(Date.UTC(1970, 10, 21, 13, 13)) * 1_000_000n;
    const later = BigInt(Date.UTC(1970, 10, 21, 17, 20)) * 1_000_000n;
    const two = start + 61_500_012_000n;
    const times = importText(sample).rows.map((row) => row.ts);
    expect(times).toEqual([start, start + 12_000n, two, two, later, later + 2000n]);
  });

  test('dmesg --time-format delta has distances only', () => {
    const sample = '[<    0.000000>] pci one\n[<    0.500000>] two\n[<    1.000000>] three\n';
    expect(dmesg.meta({ head: Buffer.from(sample) } as never).clock).toBe('relative');
    expect(importText(sample).rows.map((row) => row.ts)).toEqual([
      0n,
      500_000_000n,
      1_500_000_000n,
    ]);
  });

  test('journalctl -o json: other sources than the kernel, and bytes that are no UTF-8', () => {
    const entry = { __MONOTONIC_TIMESTAMP: '1500000', _TRANSPORT: 'kernel' };
    const sample = [
      { ...entry, MESSAGE: [118, 102, 105, 111, 255] },
      { ...entry, _TRANSPORT: 'stdout', MESSAGE: 'x' },
    ];
    const { rows, report } = importText(
      `${sample.map((e) => JSON.stringify(e)).join('\n')}\n{broken}\n`,
    );
    expect(report).toMatchObject({ records: { message: 1 }, unparsed: 2 });
    expect(rows[0]).toMatchObject({ ts: 1_500_000_000n, text: 'vfio\ufffd' });
  });

  test('dmesg -r of the same run says the same', () => {
    expect(importText(text('dma-fault-r1.raw')).rows).toEqual(importText(log).rows);
  });

  test('/dev/kmsg has the properties of a message on the lines after it', () => {
    const head = '6,1034,4151893,-;pci 0000:02:00.0: Adding to iommu group 17\n';
    const { rows, report } = importText(`${head} SUBSYSTEM=pci\n DEVICE=+pci:0000:02:00.0\n`);
    expect(report).toMatchObject({ records: { message: 1 }, unparsed: 0 });
    expect(rows).toMatchObject([{ kind: 'iommu.attach', device: '0000:02:00.0', value: 17n }]);
    expect(rows[0].text).toMatch(/group 17\nSUBSYSTEM=pci\nDEVICE=\+pci:0000:02:00\.0$/);
  });

  test('a line that stands under no message is not one', () => {
    const { rows, report } = importText('[    1.500000] one\n          too short\nnot at all\n');
    expect(report).toMatchObject({ records: { message: 1 }, unparsed: 2 });
    expect(rows.map((row) => row.text)).toEqual(['one', '          too short', 'not at all']);
  });
});

describe('a message', () => {
  const only = (message: string) => {
    const {
      seq,
      ts,
      source,
      phase,
      text: line,
      ...rest
    } = importText(`[    1.500000] ${message}\n`).rows[0];
    expect([ts, line]).toEqual([1_500_000_000n, message]);
    return rest;
  };

  test('a message of an IOMMU fault has device, address and reason', () => {
    expect(
      only(
        'DMAR: [DMA Write NO_PASID] Request device [3b:00.2] fault addr 0xfee00000 [fault reason 0x05] PTE Write access is not set',
      ),
    ).toEqual({
      kind: 'fault.dma',
      name: 'DMAR DMA Write',
      device: '0000:3b:00.2',
      offset: 0xfee0_0000n,
      value: 5n,
    });
    expect(
      only(
        'DMAR: [DMA Read] Request device [0001:03:00.0] PASID ffffffff fault addr ffdfa000 [fault reason 06] PTE Read access is not set',
      ),
    ).toMatchObject({ device: '0001:03:00.0', offset: 0xffdf_a000n, value: 6n });
    expect(
      only(
        'AMD-Vi: Event logged [IO_PAGE_FAULT device=05:00.0 domain=0x0012 address=0x00000000ff6101b0 flags=0x0070]',
      ),
    ).toEqual({
      kind: 'fault.dma',
      name: 'AMD-Vi IO_PAGE_FAULT',
      device: '0000:05:00.0',
      offset: 0xff61_01b0n,
      value: 0x70n,
    });
    expect(
      only(
        'vfio-pci 0000:01:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x000d address=0xcff49550 flags=0x0070]',
      ),
    ).toMatchObject({ driver: 'vfio-pci', device: '0000:01:00.0', offset: 0xcff4_9550n });
  });

  test('a message of AER is of the device that had the error', () => {
    expect(only('pcieport 0000:00:1c.0: AER: Corrected error received: 0000:02:00.0')).toEqual({
      kind: 'fault.aer',
      name: 'AER Corrected',
      driver: 'pcieport',
      device: '0000:02:00.0',
    });
    expect(
      only(
        'vfio-pci 0000:02:00.0: PCIe Bus Error: severity=Uncorrected (Non-Fatal), type=Transaction Layer, (Requester ID)',
      ),
    ).toMatchObject({ kind: 'fault.aer', device: '0000:02:00.0' });
    expect(only('pcieport 0000:00:1c.0: AER: enabled with IRQ 24').kind).toBe('log');
  });

  test('a message of drivers and devices', () => {
    expect(only('nvme: probe of 0000:01:00.1 failed with error -19')).toMatchObject({
      kind: 'probe',
      device: '0000:01:00.1',
      ret: -19n,
    });
    expect(
      only('vfio-pci 0000:01:00.1: probe with driver vfio-pci failed with error -22'),
    ).toMatchObject({ kind: 'probe', driver: 'vfio-pci', device: '0000:01:00.1', ret: -22n });
    expect(only('vfio-pci 0000:03:00.0: resetting').kind).toBe('reset');
    expect(only('vfio-pci 0000:03:00.0: not ready 1023ms after FLR; waiting').kind).toBe('reset');
    expect(only('vfio-pci 0000:03:00.0: enabling device (0000 -> 0003)')).toEqual({
      kind: 'log',
      name: 'enabling device',
      driver: 'vfio-pci',
      device: '0000:03:00.0',
      value: 3n,
    });
    expect(only('pci 0000:03:00.0: BAR 0 [mem 0xfe400000-0xfe4fffff 64bit]')).toMatchObject({
      name: 'BAR',
      region: 0,
      offset: 0xfe40_0000n,
      length: 0x10_0000n,
    });
  });
});
