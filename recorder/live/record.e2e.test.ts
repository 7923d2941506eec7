/**
 * Goal: `vfr record` and `vfr doctor` do on this machine what they promise: record what the kernel
 * offers and leave nothing behind, or end with exit code 4, one message, and an explanation.
 * Method: the built program, as root in a mount namespace of its own where tracefs is mounted, when
 * this machine has root and tracefs; probes in the kernel itself are tested in the lab.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ImportedRow, rowsOf } from '../../tests/import-bytes.js';
import { scratchFolder } from '../../tests/scratch.js';
import { PROGRAM } from '../../tests/vfr.js';

const TRACEFS = '/sys/kernel/tracing';
const folder = scratchFolder();

/** Runs a shell script in a mount namespace of its own, after a preparation. */
function inNamespace(prepare: string, script: string) {
  const text = `${prepare}\n${script}`;
  return spawnSync('unshare', ['-m', 'sh', '-c', text], { encoding: 'utf8' });
}

const MOUNTED = `mountpoint -q ${TRACEFS} || mount -t tracefs nodev ${TRACEFS}`;
const hasTracefs = inNamespace(MOUNTED, `test -d ${TRACEFS}/instances`).status === 0;
const vfr = `"${process.execPath}" "${PROGRAM}"`;

describe.skipIf(!hasTracefs)('with root and tracefs', () => {
  test('vfr record records a command, its system calls and its end, and leaves nothing', () => {
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

  test('two recorders of one output do not write into each other', () => {
    const output = join(folder, 'both.arrows');
    const one = `${vfr} record --duration 0.5 --only log -o ${output}`;
    const { stderr } = inNamespace(MOUNTED, `${one} & ${one}; wait`);
    expect(stderr.match(/both\.arrows: \d+ events/g)).toHaveLength(2);
    const verified = inNamespace(MOUNTED, `${vfr} verify ${output}`);
    expect(verified.status).toBe(0);
    expect(readdirSync(folder).filter((name) => name.startsWith('both'))).toEqual(['both.arrows']);
  });

  test('vfr record records how a command ends that outlives the recording', () => {
    const output = join(folder, 'parting.arrows');
    const parting =
      "trap 'cat /proc/self/comm > /dev/null; exit' TERM; while :; do sleep 0.1; done";
    const script = `${vfr} record --duration 0.5 -o ${output} -- sh -c "${parting}"`;
    expect(inNamespace(MOUNTED, script).status).toBe(0);
    expect(rowsOf(readFileSync(output)).map(({ task }) => task)).toContain('cat');
  });

  test('a disk that is full leaves the recording where the message says', () => {
    const disk = join(folder, 'disk');
    const small = `mkdir -p ${disk}; mount -t tmpfs -o size=256k tmpfs ${disk}; cd ${disk}`;
    const noise = "sh -c 'for i in $(seq 5000); do /bin/true; done'";
    const record = `${vfr} record --add process,irq -o t.arrows -- ${noise}; echo "code $?"`;
    const script = `${record}; ls; ${vfr} info t.arrows.partial`;
    const { stdout, stderr } = inNamespace(`${MOUNTED}; ${small}`, script);
    expect(stdout).toMatch(/^code 3\nt\.arrows\.partial\n/);
    expect(stdout).toMatch(/\nevents +\d+ in /);
    expect(stderr).toContain('What was recorded before is in t.arrows.partial. (FILE_ENOSPC)');
  });

  test('a recording to a pipe has nothing in it that the command prints', () => {
    const output = join(folder, 'piped.arrows');
    const script = `${vfr} record --only log -o - -- echo noise | cat > ${output}`;
    const { stderr } = inNamespace(MOUNTED, script);
    expect(stderr).toMatch(/^noise$/m);
    expect(readFileSync(output).includes('noise\n')).toBe(false);
    expect(rowsOf(readFileSync(output)).length).toBeGreaterThan(0);
  });

  test('a buffer for which there is no memory is told, and leaves nothing', () => {
    const output = join(folder, 'large.arrows');
    const script = `${vfr} record --buffer-size 99999GiB -o ${output}; echo "code $?"; ls ${folder}`;
    const { stdout, stderr } = inNamespace(MOUNTED, script);
    expect(stdout).toMatch(/^code 4\n/);
    expect(stdout).not.toContain('large');
    expect(stderr).toContain('(TRACEFS_SETTING)');
  });

  test('vfr record records for a duration, and says what it lacks', () => {
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

  test.skipIf(!isRoot)('vfr record without root ends with code 4 and one message', () => {
    const nobody = { uid: 65534, gid: 65534, encoding: 'utf8' } as const;
    const run = (command: string) => spawnSync(process.execPath, [PROGRAM, command], nobody);
    expect(run('record')).toMatchObject({ status: 4, stderr: expect.stringMatching(/needs root/) });
    expect(run('doctor')).toMatchObject({ status: 4, stdout: expect.stringMatching(/NO {3}root/) });
  });
});
