/**
 * Goal: cleaning up removes what dead recorders left and nothing else: neither what belongs to
 * other tools nor what a running recorder uses.
 * Method: a folder laid out like tracefs, with instances and probes of this (living) process, of a
 * process that is gone, of a recycled pid, and of others.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { scratchFolder } from '../../tests/scratch.js';
import { cleanup } from './cleanup.js';
import { ownerOf, ownName, processesName, runningRecorders } from './instance-owner.js';
import { probeCounts } from './probe-profile.js';
import { TraceDirectory } from './tracefs.js';

// The largest pid a kernel can have is below 2^22.
const DEAD = 'vfr_4194999_17';
const RECYCLED = `vfr_${process.pid}_1`;
const ALIVE = ownName();

let folder = '';
let top: TraceDirectory;

beforeEach(() => {
  folder = scratchFolder();
  top = new TraceDirectory(folder);
  const names = [DEAD, processesName(DEAD), RECYCLED, ALIVE, 'trace-cmd', 'vfr_notes'];
  for (const name of names) mkdirSync(join(folder, 'instances', name), { recursive: true });
  const events = [
    `p:${DEAD}/really_probe really_probe dev=+0(+0($arg1)):string`,
    `r4:${DEAD}/really_probe_ret really_probe`,
    `p:${ALIVE}/really_probe really_probe`,
    'p:kprobes/mine vfs_read',
    `p:${RECYCLED}/driver_bound driver_bound`,
  ];
  writeFileSync(join(folder, 'kprobe_events'), `${events.join('\n')}\n`);
});

test('names tell whose something is', () => {
  expect([ALIVE, processesName(ALIVE), DEAD, RECYCLED, 'vfr_notes', 'x'].map(ownerOf)).toEqual([
    ...['alive', 'alive', 'gone', 'gone'],
    ...['not ours', 'not ours'],
  ]);
  expect(runningRecorders(top)).toEqual([process.pid]);
});

test('what dead recorders left goes, all else stays', () => {
  const report = cleanup(top);
  expect(report.failed).toEqual([]);
  expect([...report.instances].sort()).toEqual([DEAD, processesName(DEAD), RECYCLED].sort());
  expect(readdirSync(join(folder, 'instances')).sort()).toEqual(
    [ALIVE, 'trace-cmd', 'vfr_notes'].sort(),
  );
  const asked = readFileSync(join(folder, 'kprobe_events'), 'utf8').split('\n');
  expect(asked.filter((line) => line.startsWith('-:')).sort()).toEqual(
    [`-:${DEAD}/really_probe`, `-:${DEAD}/really_probe_ret`, `-:${RECYCLED}/driver_bound`].sort(),
  );
  expect(asked).toContain('p:kprobes/mine vfs_read');
});

test('what somebody holds open is in use, and nothing of it is switched off', () => {
  /** As the kernel answers while a file of an instance is open, in whatever namespace. */
  class InUse extends TraceDirectory {
    override removeInstance(name: string): void {
      if (name !== DEAD) super.removeInstance(name);
      else throw Object.assign(new Error('busy'), { code: 'EBUSY' });
    }
  }
  writeFileSync(join(folder, 'instances', DEAD, 'tracing_on'), '1\n');
  const report = cleanup(new InUse(folder));
  expect(report).toMatchObject({ kept: [DEAD], failed: [] });
  expect(readFileSync(join(folder, 'instances', DEAD, 'tracing_on'), 'utf8')).toBe('1\n');
  expect(report.probes).toEqual([`${RECYCLED}/driver_bound`]);
});

test('what cannot be removed is said', () => {
  writeFileSync(join(folder, 'instances', DEAD, 'busy'), '');
  expect(cleanup(top).failed).toEqual([`instance ${DEAD}: ENOTEMPTY`]);
});

test("counts of missed records are those of one's own probes, though the profile names no groups", () => {
  const profile = ['really_probe 7 0', 'really_probe_ret 7 1', 'really_probe 9 2', 'mine 5 0'];
  writeFileSync(join(folder, 'kprobe_profile'), profile.map((line) => `  ${line}\n`).join(''));
  const decoded = new Map([['really_probe', 7]]);
  expect(probeCounts({ top, name: ALIVE }, decoded)).toEqual([
    { event: 'really_probe', decoded: 7, hits: 9, misses: 2 },
  ]);
});
