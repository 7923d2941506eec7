/**
 * Goal: somebody who reads only the screen answers the questions for which the browser exists, with
 * few keys; and the terminal is as before after whatever ends or stops the program.
 * Method: the built program in tmux. Each step waits for what it needs on the screen.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildTrace, scratchFolder } from '../../tests/build-trace.js';
import { importedCapture, importedCapturePath } from '../../tests/captures.js';
import { rowsOf } from '../../tests/rewrite.js';
import { hasTmux, open, press, screen, shown, tmux } from '../../tests/tmux-terminal.js';
import { PROGRAM } from '../../tests/vfr.js';

const SRIOV = importedCapturePath('sriov-on-r1');

describe.skipIf(!hasTmux)('a task in the browser', () => {
  test('a task in the browser: who took a VF away, and by which write', async () => {
    open(SRIOV);
    const keys = await press(
      [/operations raced/, 'Tab'],
      [/0000:01:00\.2/, 'j'],
      [/Findings/, 'j'],
      [/Findings/, 'Enter'],
      [/story of 0000:01:00\.2 and its PF 0000:01:00\.0/, 'u'],
      [/seq 1095/, 'u'],
      [/seq 1523/, 'w'],
    );
    expect(keys).toBeLessThanOrEqual(8);
    await shown(/within .*vfr-sriov-admin-174 writes "0" to sriov_numvfs of 0000:01:00\.0/);
  });

  test('a task in the browser: the first refused page fault, and why', async () => {
    open(importedCapturePath('vfio-client-r1'), { size: [140, 40] });
    const keys = await press(
      [/page fault refused/, 'Tab'],
      [/page fault refused/, 'Tab'],
      [/page fault refused/, 'Enter'],
      [/✗ REFUSED/, 'w'],
    );
    expect(keys).toBeLessThanOrEqual(5);
    const why = await shown(/rule .*memory is off in the Command register/);
    expect(why).toMatch(/state .*vfioclient-188 writes 0x105 to configuration space/);
  });

  test('a task in the browser: what the other run did differently', async () => {
    const rows = rowsOf(importedCapture('sriov-on-r1'));
    const write = rows.findIndex(
      ({ kind, phase, name }) =>
        kind === 'sysfs.write' && phase === 'end' && name === 'driver_override',
    );
    const other = join(scratchFolder(), 'other.arrows');
    const changed = rows.map((row, seq) => (seq === write ? { ...row, ret: -1n } : row));
    writeFileSync(other, buildTrace(changed));
    open([SRIOV, other]);
    const keys = await press([/driver_override.*ok in A, -EPERM in B/, 'Enter']);
    expect(keys).toBeLessThanOrEqual(5);
    await shown(/≠write driver_override.*ok[\s\S]*B other\.arrows[\s\S]*≠write.*✗ -EPERM/);
  });

  test('a task in the browser is done on any size of terminal, while it changes', async () => {
    open(SRIOV, { size: [40, 10] });
    await press([/All events/, 'Enter']);
    await shown(/row \d+ of/);
    tmux('resize-window', '-t', 't', '-x', '200', '-y', '60');
    await shown(/drivers over time/);
    await shown(/details/);
    tmux('resize-window', '-t', 't', '-x', '80', '-y', '24');
    await shown(/state ─/);
    expect(screen()).not.toContain('drivers over time');
  });
});

/** Sends a signal to the browser. */
function signal(name: NodeJS.Signals): void {
  const shell = tmux('list-panes', '-t', 't', '-F', '#{pane_pid}').trim();
  const child = spawnSync('pgrep', ['-P', shell], { encoding: 'utf8' }).stdout.trim();
  process.kill(Number(child), name);
}

/** Has a program throw when it gets a signal. */
const CRASHING = `--import 'data:text/javascript,process.on("SIGUSR2",()=>{throw Error("x")})'`;

describe.skipIf(!hasTmux)('the terminal', () => {
  test('the terminal is given back when the browser crashes', async () => {
    open(SRIOV, { node: CRASHING });
    await shown(/operations raced/);
    signal('SIGUSR2');
    const after = await shown(/internal error[\s\S]*code 70[\s\S]* echo /);
    expect(after).toMatch(/ icanon/);
    expect(after).not.toContain('All events');
  });

  test('the terminal is given back while the browser is suspended, and taken again', async () => {
    tmux('new-session', '-d', '-s', 't', '-x', '80', '-y', '24', 'bash --norc -i');
    tmux('send-keys', '-t', 't', `'${process.execPath}' '${PROGRAM}' browse '${SRIOV}'`, 'Enter');
    await press([/operations raced/, 'C-z']);
    const stopped = await shown(/Stopped/);
    expect(stopped).not.toContain('All events');
    tmux('send-keys', '-t', 't', 'fg', 'Enter');
    await press([/All events[\s\S]*operations raced/, 'Enter']);
    await shown(/row \d+ of/);
  });

  test('the terminal is given back when a signal ends the browser', async () => {
    open(SRIOV);
    await shown(/operations raced/);
    signal('SIGTERM');
    const after = await shown(/code 143[\s\S]* echo /);
    expect(after).toMatch(/ icanon/);
    expect(after).not.toContain('All events');
  });
});
