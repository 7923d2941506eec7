/**
 * Goal: `vfr record` and `vfr doctor` do on this machine what they promise: record what the kernel
 * offers and leave nothing behind, or end with exit code 4, one message, and an explanation.
 * Method: the built program, as root in a mount namespace of its own where tracefs is mounted, when
 * this machine has root and tracefs; probes in the kernel itself are tested in the lab.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type ImportedRow, rowsOf } from '../../tests/import-bytes.js';
import { PROGRAM } from '../../tests/vfr.js';

const TRACEFS = '/sys/kernel/tracing';
const folder = mkdtempSync(join(tmpdir(), 'vfr-record-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a shell script in a mount namespace of its own, after a preparation. */
function inNamespace(prepare: string, script: string) {
  const text = `${prepare}\n${script}`;
  return spawnSync('unshare', ['-m', 'sh', '-c', text], { encoding: 'utf8' });
}

const MOUNTED = `mountpoint -q ${TRACEFS} || mount -t tracefs nodev ${TRACEFS}`;
const hasTracefs = inNamespace(MOUNTED, `test -d ${TRACEFS}/instances`).status === 0;
const vfr = `"${process.execPath}" "${PROGRAM}"`;

describe.skipIf(!hasTracefs)('with root and tracefs', () => {
  test('records a command, its system calls and its end, and leaves nothing', () => {
    const output = join(folder, 'command.arrows');
    const command = "sh -c 'cat /proc/self/comm > /dev/null; exit 3'";
    const left = `ls ${TRACEFS}/instances | grep ^vfr_`;
    const script = `${vfr} record --json -o ${output} -- ${command}; echo "code $?"; ${left}`;
    const { stdout, stderr } = inNamespace(MOUNTED, script);
    expect(stderr).toMatch(/recording \d+ events/);
    expect(stdout).toMatch(/\ncode 3\n$/);
    const report = JSON.parse(stdout.slice(0, stdout.lastIndexOf('code 3')));
    expect(report).toMatchObject({ lost: 0, left: [], commandCode: 3 });
    for (const { decoded, kernel } of report.cpus) {
      expect(decoded).toBe(kernel.read + kernel.entries);
    }
    const rows = rowsOf(readFileSync(output));
    const opened = rows.filter(({ kind, name }) => kind === 'syscall' && name === 'openat');
    expect(opened.map(({ task }) => task)).toContain('cat');
    const moments = (moment: string) => (row: ImportedRow) =>
      row.kind === 'snapshot' && row.name === moment;
    expect(rows.filter(moments('start')).length).toBe(rows.filter(moments('end')).length);
  });

  test('records for a duration, and says what it lacks', () => {
    const output = join(folder, 'duration.arrows');
    const script = `${vfr} record --duration 0.5 --only iommu,log -o ${output}`;
    const { status } = inNamespace(MOUNTED, script);
    expect(status).toBe(0);
    expect(rowsOf(readFileSync(output)).length).toBeGreaterThan(0);
    const doctor = inNamespace(MOUNTED, `${vfr} doctor --json`);
    const diagnosis = JSON.parse(doctor.stdout);
    expect(diagnosis).toMatchObject({ canRecord: true, checks: expect.any(Array) });
    for (const { events, probes, missing } of diagnosis.groups) {
      // Every probe either gives events or has a reason why not.
      expect(events + Object.keys(missing).length).toBeGreaterThanOrEqual(probes === 0 ? 0 : 1);
    }
  });

  test('there is no such process, group, trigger or device', () => {
    const options = ['--pid 4194999', '--only nonsense', '--flight 1MiB --trigger nonsense'];
    for (const wrong of [...options, '-- /no/such/program']) {
      const { status, stderr } = inNamespace(MOUNTED, `${vfr} record -o ${folder}/no ${wrong}`);
      expect([wrong, status]).toEqual([wrong, 2]);
      expect(stderr).toMatch(/^vfr: /m);
    }
    const device = inNamespace(MOUNTED, `${vfr} record -o ${folder}/no --device 1:2:3`);
    expect([device.status, device.stderr]).toEqual([2, expect.stringMatching(/PCI address/)]);
  });

  test('an output that cannot be written leaves nothing in tracefs', () => {
    const script = `${vfr} record -o /proc/no/such -- true; echo $?; ls ${TRACEFS}/instances`;
    expect(inNamespace(MOUNTED, script).stdout).toBe('3\n');
  });
});

describe('without tracefs', () => {
  const isRoot = process.geteuid?.() === 0;

  test.skipIf(!isRoot)('exit code 4, one message, and doctor explains', () => {
    const gone = 'umount -a -t tracefs; umount -a -t debugfs; true';
    const record = inNamespace(gone, `${vfr} record -o ${folder}/no.arrows`);
    expect(record.status).toBe(4);
    expect(record.stderr.match(/^vfr: /gm)).toHaveLength(1);
    const doctor = inNamespace(gone, `${vfr} doctor`);
    expect([doctor.status, doctor.stdout]).toEqual([4, expect.stringMatching(/does not work/)]);
  });

  test.skipIf(!isRoot)('without root: the same', () => {
    const nobody = { uid: 65534, gid: 65534, encoding: 'utf8' } as const;
    const run = (command: string) => spawnSync(process.execPath, [PROGRAM, command], nobody);
    expect(run('record')).toMatchObject({ status: 4, stderr: expect.stringMatching(/needs root/) });
    expect(run('doctor')).toMatchObject({ status: 4, stdout: expect.stringMatching(/NO {3}root/) });
  });
});
