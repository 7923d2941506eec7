/**
 * Goal: the main job, end to end, on recordings of real kernels: import, replay, final owners.
 * Method: the built program; golden numbers are the counts made when the captures were, an
 * independent count of the raw text, and the kernel's own word of who was bound at the end.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pl from 'nodejs-polars';
import { describe, expect, test } from 'vitest';
import { scratchFolder } from './build-trace.js';
import { testData } from './test-data.js';
import { vfr } from './vfr.js';

const BINDING = [
  'sriov-on-r1',
  'sriov-off-r1',
  'sriov-tracecmd-r1',
  'sriov-tracecmd-r2',
  'k612-sriov-on-r1',
  'udev-r1',
];
/** Kinds whose responses the binding rules predict. */
const BINDING_KINDS = ['match', 'probe', 'bind', 'unbind', 'override', 'sysfs.write', 'vf.add'];

const scratch = scratchFolder();

function importCapture(capture: string) {
  const folder = join('tests/data/captures', capture);
  const trace = join(scratch, `${capture}.arrows`);
  const input = join(folder, 'trace.txt.zst');
  const { code, stdout, stderr } = vfr([
    ...['import', input, '-o', trace],
    ...['--snapshot', join(folder, 'state-before'), '--json'],
  ]);
  expect(code, stderr).toBe(0);
  return { trace, report: JSON.parse(stdout) };
}

/**
 * Counts the records of a text by event name in another way than the importer: by the form
 * `[CPU] flags time: name:` anywhere, or `sys_name(` and `sys_name ->` for system calls.
 */
function countRecords(text: string): Record<string, number> {
  const counts: Record<string, number> = {};
  const record = /^.{16}-\d+ .*?\[\d{3}\] \S+ +\d+\.\d+: (?:(\w+): |(sys_\w+)(?:\(| -> ))/gm;
  for (const [, name, syscall] of text.matchAll(record)) {
    counts[name ?? syscall] = (counts[name ?? syscall] ?? 0) + 1;
  }
  return counts;
}

/** Who was bound when the recording had ended, by `drivers-after.txt`. */
function ownersAfter(capture: string): Record<string, string | null> {
  const text = readFileSync(join('tests/data/captures', capture, 'drivers-after.txt'), 'utf8');
  const lines = [...text.matchAll(/^(\S+) driver=(\S+)/gm)];
  return Object.fromEntries(lines.map(([, bdf, name]) => [bdf, name === 'None' ? null : name]));
}

describe.each(BINDING)('%s', (capture) => {
  test('a recording of a real kernel is imported, replayed without a divergence, and ends as the kernel did', () => {
    const { trace, report } = importCapture(capture);
    const text = testData(`captures/${capture}/trace.txt.zst`).toString('latin1');
    const metadata = JSON.parse(testData(`captures/${capture}/metadata.json`).toString());
    const [counted] = Object.values<{ by_event: object }>(metadata.event_counts);
    expect(report.records).toEqual(counted.by_event);
    expect(report.records).toEqual(countRecords(text));
    expect(report).toMatchObject({ unparsed: 0, lost: 0 });

    const replay = vfr(['replay', trace, '--json']);
    expect(replay.code, replay.stderr).toBe(0);
    const { diverged, divergences, finalState, kinds } = JSON.parse(replay.stdout);
    expect(divergences).toEqual([]);
    expect(diverged).toBe(0);
    for (const kind of BINDING_KINDS.filter((name) => kinds[name] !== undefined)) {
      expect(kinds[kind], kind).toMatchObject({ unmodelled: 0, unknown: 0 });
    }
    const owners = Object.entries<{ driver: string | null }>(finalState.devices);
    expect(Object.fromEntries(owners.map(([bdf, d]) => [bdf, d.driver]))).toEqual(
      ownersAfter(capture),
    );
  });
});

describe('an imported recording', () => {
  test('an imported recording opens in polars with the rows and values that vfr shows', () => {
    const { trace, report } = importCapture('sriov-on-r1');
    const frame = pl.readIPCStream(readFileSync(trace));
    expect(frame.height).toBe(report.events);
    const rows = vfr(['events', trace, '--format', 'jsonl', '--where', "kind = 'sysfs.write'"]);
    const shown = rows.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const stores = frame.filter(pl.col('kind').cast(pl.Utf8).eq(pl.lit('sysfs.write')));
    const column = (name: string) => stores.getColumn(name);
    expect(column('seq').toArray().map(Number)).toEqual(shown.map((row) => Number(row.seq)));
    expect(column('text').toArray()).toEqual(shown.map((row) => row.text));
    expect(column('device').cast(pl.Utf8).toArray()).toEqual(shown.map((row) => row.device));
    const rets = column('ret').toArray();
    expect(rets.map((v) => (v === null ? null : Number(v)))).toEqual(
      shown.map((row) => (row.ret === null ? null : Number(row.ret))),
    );
  });

  test('an imported recording has the clock and the kernel that its text does not tell, when they are given', () => {
    const trace = join(scratch, 'named.arrows');
    const input = 'tests/data/captures/hotplug-r1/trace.txt.zst';
    const given = ['--clock', 'mono', '--kernel', '6.1.0-56-amd64'];
    expect(vfr(['import', input, '-o', trace, ...given]).code).toBe(0);
    const info = JSON.parse(vfr(['info', trace, '--json']).stdout);
    expect(info).toMatchObject({ clock: 'mono', kernel: '6.1.0-56-amd64' });
  });
});
