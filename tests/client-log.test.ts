/**
 * Goal: whatever a user asks of an iommufd or of a device's character device, its result is the one
 * that is predicted.
 * Method: recordings of a client that makes every call with good and bad arguments, on kernels 6.12
 * and 7.3 and on six kinds of devices; its own log of result and errno is the truth, call by call.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { importInput } from '../recorder/index.js';
import { replay } from '../replay/index.js';
import { TraceReader } from '../traces/index.js';
import { importedCapture, importedCapturePath } from './captures.js';
import { clientLogs, compareWithLogs } from './client-log.js';
import { scratchFolder } from './scratch.js';
import { testData } from './test-data.js';

const KERNELS = {
  'iommufd-cdev-r1': '6.12.117+deb13-amd64',
  'k73-iommufd-cdev-r1': '7.3.4+deb13-amd64',
};

const logsOf = (capture: string) =>
  clientLogs(testData(`captures/${capture}/client.txt.zst`).toString());

describe('mediated devices', () => {
  const capture = 'mdev-mtty-r1';
  const kernel = '6.12.117+deb13-amd64';
  /** Calls on files of migration data, which no event shows. */
  const ofData = /^MIG[ _]/;

  test('every call of the client is recorded with its result, and nearly all are predicted', () => {
    const logs = logsOf(capture).map(({ processes, calls }) => ({
      processes,
      calls: calls.filter(({ text }) => !ofData.test(text)),
    }));
    const { calls, wrong, unknown } = compareWithLogs(importedCapturePath(capture), kernel, logs);
    expect(wrong).toEqual([]);
    expect(calls).toBe(2297);
    expect(unknown).toEqual(['GET_GFX_DMABUF id=4711', 'GET_GFX_DMABUF id=4711']);
  });

  test('mdev/taken, mdev/full, mtty/ports: a uuid that is none or is taken, and one device too many, are predicted', () => {
    const text = testData(`captures/${capture}/trace.txt.zst`).toString('latin1');
    const ends = [...text.matchAll(/mdev_(create|remove)_store_ret: .* ret=(-?\d+)/g)];
    const reader = importedCapture(capture);
    const { kinds } = replay(reader.read(), { kernel });
    reader.close();
    const results = ends.map(([, , ret]) => Number(ret));
    expect(results).toEqual(expect.arrayContaining([-22, -17, -28, -87]));
    expect(kinds['mdev.create']).toMatchObject({ unknown: 0, unmodelled: 0, diverged: 0 });
    expect(kinds['sysfs.write']).toMatchObject({ unknown: 0, unmodelled: 0, diverged: 0 });
  });

  test.each([
    ['no kernel', undefined],
    ['a kernel that is newer than all that are known', '9.0.0'],
  ])('no call is held against a recording of %s', (_what, claimed) => {
    const reader = importedCapture(capture);
    const { divergences } = replay(reader.read(), { kernel: claimed });
    reader.close();
    expect(divergences).toEqual([]);
  });

  test.each([
    ['a call of a device', /: vfio_device_fops_unl_ioctl_ret: /, 40],
    ['the making of a device', /: mdev_create_store_ret: /, 8],
    ['the removal of a device', /: mdev_device_remove_ret: /, 8],
  ])('a result of %s that no kernel gives is found', (_what, ends, step) => {
    const { divergences, changed } = withWrongResults(capture, kernel, ends, step);
    expect(changed).toBeGreaterThan(2);
    expect(divergences.length).toBeGreaterThanOrEqual(changed);
  });
});

describe.each(Object.entries(KERNELS))('%s', (capture, kernel) => {
  test('every call of the client is recorded with its result, and nearly all are predicted', () => {
    const logs = logsOf(capture);
    const { calls, wrong, unknown } = compareWithLogs(importedCapturePath(capture), kernel, logs);
    expect(wrong).toEqual([]);
    expect(calls).toBeGreaterThan(2000);
    // A child that inherited an iommufd uses it, which nothing tells.
    const known = /from the child|^GROUP_SET_CONTAINER|^SET_IOMMU/;
    expect(unknown.filter((call) => !known.test(call))).toEqual([]);
    expect(unknown.length).toBeLessThan(calls / 50);
  });

  test.each([
    ['no kernel', undefined],
    ['a kernel that is newer than all that are known', '9.0.0'],
    ['an older kernel', '6.6.30'],
    ['another kernel', capture.startsWith('k73') ? '6.12.117' : '7.3.4'],
  ])('no call is held against a recording of %s', (_what, claimed) => {
    const reader = importedCapture(capture);
    const { divergences } = replay(reader.read(), { kernel: claimed });
    reader.close();
    expect(divergences.filter(({ kind }) => kind === 'ioctl')).toEqual([]);
  });

  test.each([
    ['system calls', /: sys_\w+[( ]/],
    ['calls of iommufds', /: iommufd_fops_ioctl/],
    ['ends of iommufds', /: iommufd_fops_release/],
    ['openings of devices', /: vfio_pci_core_enable/],
  ])('no call is held against a recording without %s', (_what, dropped) => {
    const { divergences } = replayOf(withoutLines(capture, dropped), kernel);
    expect(divergences.filter(({ kind }) => kind === 'ioctl')).toEqual([]);
  });

  test('a result that no kernel gives is found, whichever call it is of', () => {
    const { divergences, kinds, changed } = withWrongResults(
      capture,
      kernel,
      /: iommufd_fops_ioctl_ret: /,
      40,
    );
    const blamed = divergences.filter(({ path }) => path.startsWith('iommufd/'));
    expect(blamed.length).toBeGreaterThan(changed * 0.9);
    expect(kinds.ioctl.diverged).toBeLessThan(3 * changed);
  });
});

const scratch = scratchFolder();

const withoutLines = (capture: string, dropped: RegExp): string =>
  testData(`captures/${capture}/trace.txt.zst`)
    .toString('latin1')
    .split('\n')
    .filter((line) => !dropped.test(line))
    .join('\n');

function replayOf(text: string, kernel: string) {
  const input = join(scratch, 'changed.txt');
  const output = join(scratch, 'changed.arrows');
  writeFileSync(input, text, 'latin1');
  importInput({ input, output });
  const reader = TraceReader.open(output);
  const result = replay(reader.read(), { ...reader.meta, kernel });
  reader.close();
  return result;
}

/** A recording in which one of so many ends of a function tells an errno that none gives. */
function withWrongResults(capture: string, kernel: string, ends: RegExp, step: number) {
  const lines = testData(`captures/${capture}/trace.txt.zst`).toString('latin1').split('\n');
  const at = lines.flatMap((line, i) => (ends.test(line) ? [i] : []));
  const changed = at.filter((_end, i) => i % step === step - 1);
  for (const i of changed) lines[i] = lines[i].replace(/ ret=-?\d+$/, ' ret=-71');
  return { ...replayOf(lines.join('\n'), kernel), changed: changed.length };
}
