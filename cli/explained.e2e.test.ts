/** Goal: `vfr explain` says in the documented form why a recorded run ended badly. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scratchFolder } from '../tests/scratch.js';
import { vfrInProcess } from '../tests/vfr-in-process.js';

const scratch = scratchFolder();
const WANT = ['--want', 'driver(0000:42:00.0) == vfio-pci'];

/** Records the run of `unbind-hits-the-next` in which the function has no driver at the end. */
async function badRun(): Promise<string> {
  const file = join(scratch, 'bad.arrows');
  await vfrInProcess(['explore', 'unbind-hits-the-next', '--witness', '2', '-o', file]);
  return file;
}

test('a recorded run is explained by the pair that decided, with the documented keys', async () => {
  const { code, stdout } = await vfrInProcess(['explain', await badRun(), ...WANT, '--json']);
  const found = JSON.parse(stdout);
  expect(code).toBe(0);
  expect(found).toMatchObject({
    isWanted: false,
    bad: { drivers: { '0000:42:00.0': null } },
    wanted: { drivers: { '0000:42:00.0': 'vfio-pci' } },
    isLeast: true,
    class: 'R18',
    fixCloses: true,
  });
  const step = { seq: expect.any(Number), actor: expect.any(String), what: expect.any(String) };
  expect(found.inversions).toMatchObject([{ first: step, second: step }]);
  expect(found.inversions[0].first.actor).toBe('late');
  expect(found.lost).toMatchObject(step);
});

test('the seqs of an explanation are events of the trace that was explained', async () => {
  const file = await badRun();
  const { stdout } = await vfrInProcess(['explain', file, ...WANT, '--json']);
  const { seq } = JSON.parse(stdout).inversions[0].second;
  const args = ['events', file, '--where', `seq = ${seq}`, '--json'];
  const { stdout: event } = await vfrInProcess(args);
  expect(JSON.parse(event)).toMatchObject([{ task: 'assign', name: 'device_unbind_cleanup' }]);
});

test('an explanation begins with one sentence', async () => {
  const { stdout } = await vfrInProcess(['explain', await badRun()]);
  const [first, empty] = stdout.split('\n');
  expect(first).toMatch(/^The run ends with .*, because late's .* came before assign's .*\.$/);
  expect(empty).toBe('');
});

test('an outcome of a scenario is explained without a trace', async () => {
  const args = ['explain', 'native-driver-first', '--outcome', '2', '--json'];
  const { code, stdout } = await vfrInProcess(args);
  expect({ code, class: JSON.parse(stdout).class }).toEqual({ code: 0, class: 'R1' });
});

test('explain numbers the outcomes of components as explore does', async () => {
  const document = JSON.parse((await vfrInProcess(['scenarios', 'two-binders'])).stdout);
  const [nic] = document.machine.functions;
  const places = Array.from({ length: 7 }, (_, i) => `0000:5${i}:00.0`);
  document.machine.functions = places.map((address) => ({ ...nic, address }));
  document.actors = places.flatMap((text) =>
    ['ixgbe', 'other'].map((driver) => ({
      name: `${driver}-${text.slice(5, 7)}`,
      does: [{ write: `/sys/bus/pci/drivers/${driver}/bind`, text }],
    })),
  );
  document.outcomes = [{}];
  const file = join(scratch, 'apart.json');
  writeFileSync(file, JSON.stringify(document));
  const explored = JSON.parse((await vfrInProcess(['explore', file, '--json'])).stdout);
  const { drivers } = explored.outcomes[10];
  const want = ['--want', `driver(0000:55:00.0) == "${drivers['0000:55:00.0']}"`];
  const explained = await vfrInProcess(['explain', file, '--outcome', '11', ...want, '--json']);
  expect(JSON.parse(explained.stdout)).toMatchObject({ isWanted: true, bad: { drivers } });
});

test('a run that ends as wanted needs no explanation', async () => {
  const want = ['--want', 'driver(0000:42:00.0) == none'];
  const { code, stdout } = await vfrInProcess(['explain', await badRun(), ...want, '--json']);
  expect({ code, found: JSON.parse(stdout) }).toMatchObject({
    code: 0,
    found: { isWanted: true, inversions: [], lost: null },
  });
});

test('a run with the only end that is allowed ends as wanted, and explain offers the opposite', async () => {
  const { code, stdout } = await vfrInProcess(['explain', 'override-too-late', '--outcome', '1']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^The run ends as wanted: .*--want 'driver\(.*\) != ".*"'\.$/m);
});

test('an end that no order has is a finding of explain', async () => {
  const driver = 'driver(0000:42:00.0)';
  const want = ['--want', `${driver} == vfio-pci and ${driver} == none`];
  expect((await vfrInProcess(['explain', await badRun(), ...want])).code).toBe(1);
});

test('a scenario without an outcome is wrong usage of explain', async () => {
  const { code, stderr } = await vfrInProcess(['explain', 'two-binders']);
  expect({ code, named: stderr.includes('EXPLORE_OPTION') }).toEqual({ code: 2, named: true });
});

test('a schedule is repeated to its outcome, and refused when it was edited', async () => {
  const file = join(scratch, 'order.json');
  await vfrInProcess(['explore', 'unbind-hits-the-next', '--witness', '2', '--schedule', file]);
  const again = await vfrInProcess(['replay', '--schedule', file, '--json']);
  expect(JSON.parse(again.stdout).outcome.drivers).toEqual({ '0000:42:00.0': null });
  const explained = await vfrInProcess(['explain', file, '--json']);
  expect(JSON.parse(explained.stdout).class).toBe('R18');
  writeFileSync(file, readFileSync(file, 'utf8').replace('"late"', '"lame"'));
  const edited = await vfrInProcess(['replay', '--schedule', file]);
  expect(edited).toMatchObject({ code: 3, stderr: expect.stringContaining('SCHEDULE_INVALID') });
});

test('replay needs a trace or a schedule', async () => {
  expect((await vfrInProcess(['replay'])).code).toBe(2);
});
