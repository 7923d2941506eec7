/**
 * Goal: drivers that migrate devices do what their sources say, row by row of their models.
 * Method: states, files of data and features of each driver; expected values were derived from the
 * sources by hand. Rows in which several drivers agree are one test.
 */
import { describe, expect, test } from 'vitest';
import { ERRNO } from '../../../traces/index.js';
import { DEVICE_FEATURE } from '../vfio/device-features.js';
import { changeLogging, feature } from '../vfio/migration-features.js';
import {
  type DataFile,
  fileAfter,
  leaveResuming,
  openedFile,
  precopyInfo,
  readFile,
  writeFile,
} from '../vfio/migration-file.js';
import {
  CAN,
  type Migration,
  type MigrationModel,
  resetMigration,
  STATE,
  setState,
} from '../vfio/migration-state.js';
import { driverModel } from './index.js';

const { STOP, RUNNING, STOP_COPY, RESUMING, RUNNING_P2P, PRE_COPY, PRE_COPY_P2P, ERROR } = STATE;
const { EINVAL, EIO, ENODEV, ENOMEM, ENOMSG, ENOTTY, ESPIPE, EBADF } = ERRNO;

const migrationOf = (name: string): MigrationModel => driverModel(name).migration!;
const mlx5 = migrationOf('mlx5_vfio_pci');
const hisi = migrationOf('hisi_acc_vfio_pci');
const pds = migrationOf('pds_vfio_pci');
const xe = migrationOf('xe-vfio-pci');
const qat = migrationOf('qat_vfio_pci');
const virtio = migrationOf('virtio_vfio_pci');

const running: Migration = { state: RUNNING, file: null };
const stateAfter = (model: MigrationModel, ...targets: readonly number[]) =>
  targets.reduce((now, target) => setState(model, now, target).migration, running);
const opened = (model: MigrationModel, type: DataFile['type'], state: typeof STOP_COPY | number) =>
  openedFile(model.files, type, state as typeof STOP_COPY);

describe('what a device can do', () => {
  const { STOP_COPY: COPY, P2P, PRE_COPY: PRE } = CAN;
  test.each([
    ['mlx5/abilities', mlx5, COPY | P2P | PRE],
    ['hisi-acc/abilities', hisi, COPY | PRE],
    ['pds/abilities', pds, COPY | P2P],
    ['xe/abilities', xe, COPY | P2P],
    ['qat/abilities', qat, COPY | P2P | PRE],
    ['virtio/abilities', virtio, COPY | P2P | PRE],
  ])('%s: the flags of its features', (_, { abilities }, expected) => {
    expect(abilities).toBe(expected);
  });

  test.each([
    ['mlx5/needs', mlx5, 'migration'],
    ['hisi-acc/needs', hisi, 'migration'],
    ['xe/needs', xe, 'migration'],
    ['virtio/abilities', virtio, 'device-parts'],
  ])('%s: what the PF must offer', (_, { needs }, expected) => {
    expect(needs).toBe(expected);
  });

  test('virtio/abilities: xe can migrate from 6.19 on, virtio from 6.13 on', () => {
    expect([xe.since, virtio.since]).toEqual([6019, 6013]);
  });
});

describe('arcs', () => {
  const P2P = [STOP, RUNNING, STOP_COPY, RESUMING, RUNNING_P2P];
  const ALL = [...P2P, PRE_COPY, PRE_COPY_P2P];
  const cases = [
    ['mlx5/arcs', mlx5, ALL],
    ['qat/arcs', qat, ALL],
    ['virtio/arcs', virtio, ALL],
    ['pds/arcs', pds, P2P],
    ['xe/arcs', xe, P2P],
    ['hisi-acc/arcs', hisi, [STOP, RUNNING, STOP_COPY, RESUMING, PRE_COPY]],
  ] as const;
  test.each(
    cases,
  )('%s: every state is reached from every other, but for two', (_, model, states) => {
    for (const from of states) {
      for (const to of states) {
        const { ret, migration } = setState(model, { state: from, file: null }, to);
        const noWay = from === STOP_COPY && (to === PRE_COPY || to === PRE_COPY_P2P);
        expect([from, to, ret]).toEqual([from, to, noWay ? -EINVAL : 0]);
        if (!noWay) expect(migration.state).toBe(to);
      }
    }
  });

  test.each([
    ['mlx5/illegal', mlx5, [ERROR, 8, 99]],
    ['pds/illegal', pds, [ERROR, PRE_COPY, PRE_COPY_P2P, 99]],
  ] as const)('%s: states that there is no way to', (_, model, targets) => {
    for (const target of targets) expect(setState(model, running, target).ret).toBe(-EINVAL);
  });

  test('mlx5/save-and-resume: the way passes STOP, and opens another file', () => {
    const saved = stateAfter(mlx5, STOP_COPY);
    expect(setState(mlx5, saved, RESUMING)).toMatchObject({
      ret: 0,
      opened: true,
      migration: { state: RESUMING, file: 'resume' },
    });
  });

  test('mlx5/failed-arc: the device stays where it came to', () => {
    const refuse = (_: number, to: number) => (to === STOP ? -EIO : 0);
    const { migration, ret } = setState(mlx5, running, STOP_COPY, refuse);
    expect([migration.state, ret]).toEqual([RUNNING_P2P, -EIO]);
  });

  test('hisi-acc/arcs: the file of PRE_COPY goes on in STOP_COPY', () => {
    const { migration, opened } = setState(hisi, stateAfter(hisi, PRE_COPY), STOP_COPY);
    expect([migration.file, opened]).toEqual(['save', false]);
  });
});

describe('files of data', () => {
  const model = { mlx5, virtio, qat, hisi };

  test.each([
    ['mlx5/read', mlx5],
    ['qat/read', qat],
  ])('%s: a read gives what there is, then 0; pread is refused', (_, { files }) => {
    const save = opened({ ...mlx5, files }, 'save', STOP_COPY);
    expect(readFile(files, save, STOP_COPY, 8, true).ret).toBe(-ESPIPE);
    const first = readFile(files, save, STOP_COPY, files.whole - 1, false);
    const last = readFile(files, first.file, STOP_COPY, 100, false);
    expect([first.ret, last.ret]).toEqual([files.whole - 1, 1]);
    expect(readFile(files, last.file, STOP_COPY, 1, false).ret).toBe(0);
  });

  test.each([
    ['mlx5/read-drained', 'mlx5', -ENOMSG],
    ['virtio/read-drained', 'virtio', -ENOMSG],
    ['qat/read', 'qat', 0],
  ] as const)('%s: a read while the device runs, without more data', (_, name, ret) => {
    const { files } = model[name];
    const save = opened(model[name], 'save', PRE_COPY);
    const { file } = readFile(files, save, PRE_COPY, files.initial, false);
    expect(readFile(files, file, PRE_COPY, 1, false).ret).toBe(ret);
    const grown = fileAfter(files, file, { state: STOP_COPY, file: 'save' });
    expect(readFile(files, grown, STOP_COPY, 2 ** 20, false).ret).toBe(files.whole - files.initial);
  });

  test.each([
    ['mlx5/closed', mlx5],
    ['hisi-acc/closed', hisi],
    ['xe/closed', xe],
    ['qat/closed', qat],
    ['virtio/closed', virtio],
  ])('%s: reads and writes after the driver closed the file', (_, { files }) => {
    const save = fileAfter(files, opened({ ...mlx5, files }, 'save', STOP_COPY), running);
    const load = fileAfter(files, opened({ ...mlx5, files }, 'resume', RESUMING), running);
    expect(readFile(files, save, RUNNING, 1, false).ret).toBe(-ENODEV);
    expect(writeFile(files, load, 1, false).ret).toBe(-ENODEV);
  });

  test('pds/closed-read, pds/closed-write: a dropped file is empty', () => {
    const { files } = pds;
    const save = opened(pds, 'save', STOP_COPY);
    const partly = readFile(files, save, STOP_COPY, 5, false).file;
    const ret = (file: DataFile) =>
      readFile(files, fileAfter(files, file, running), RUNNING, 1, false).ret;
    expect([ret(save), ret(partly)]).toEqual([0, -EINVAL]);
    const load = fileAfter(files, opened(pds, 'resume', RESUMING), running);
    expect(writeFile(files, load, 1, false).ret).toBe(-EINVAL);
  });

  test.each([
    ['mlx5/write-too-long', mlx5, -ENOMEM],
    ['hisi-acc/write-too-long', hisi, -ENOMEM],
    ['qat/write-too-long', qat, -ENOMEM],
    ['pds/write-too-long', pds, -EINVAL],
  ])('%s: a write of more than the state', (_, { files }, ret) => {
    const load = opened({ ...mlx5, files }, 'resume', RESUMING);
    const { file } = writeFile(files, load, files.whole, false);
    expect(writeFile(files, file, 1, false).ret).toBe(ret);
  });

  test('mlx5/wrong-direction: each file has one direction', () => {
    const [save, load] = [opened(mlx5, 'save', STOP_COPY), opened(mlx5, 'resume', RESUMING)];
    expect(writeFile(mlx5.files, save, 1, false).ret).toBe(-EBADF);
    expect(readFile(mlx5.files, load, RESUMING, 1, false).ret).toBe(-EBADF);
  });

  test('hisi-acc/too-short: the state stays until all of it was written', () => {
    const load = opened(hisi, 'resume', RESUMING);
    const { file } = writeFile(hisi.files, load, hisi.files.whole - 1, false);
    expect(leaveResuming(hisi.files, file)).toBe(-EINVAL);
    expect(leaveResuming(hisi.files, writeFile(hisi.files, file, 1, false).file)).toBe(0);
  });

  test('mlx5/precopy-info, xe/no-info: what is left is told while the device runs', () => {
    const save = opened(mlx5, 'save', PRE_COPY);
    const info = (state: typeof PRE_COPY | typeof STOP_COPY, argsz: number, of = mlx5) =>
      precopyInfo(of.files, save, state, argsz);
    expect(info(PRE_COPY, 24)).toBe(0);
    expect(info(PRE_COPY, 23)).toBe(-EINVAL);
    expect(info(STOP_COPY, 24)).toBe(-EINVAL);
    expect(info(PRE_COPY, 24, xe)).toBe(-ENOTTY);
  });
});

describe('resets', () => {
  const saving: Migration = { state: STOP_COPY, file: 'save' };

  test.each([
    ['mlx5/reset', mlx5],
    ['xe/reset', xe],
    ['qat/reset', qat],
  ])('%s: the device runs, its file is closed', (_, model) => {
    expect(resetMigration(model, saving)).toEqual(running);
  });

  test('hisi-acc/reset-forgotten, hisi-acc/reset: it depends on PRE_COPY', () => {
    expect(resetMigration(hisi, saving)).toEqual(saving);
    expect(hisi.afterReset(STOP_COPY)).toBe(STOP_COPY);
  });

  test('pds/error, pds/error-left: only a reset leads out of ERROR', () => {
    const failed: Migration = { state: ERROR, file: null };
    for (const target of [RUNNING, ERROR, STOP])
      expect(setState(pds, failed, target).ret).toBe(-EIO);
    expect(resetMigration(pds, failed)).toEqual(running);
  });
});

describe('dirty pages', () => {
  const { DMA_LOGGING_START, DMA_LOGGING_STOP, DMA_LOGGING_REPORT } = DEVICE_FEATURE;

  test.each([
    ['mlx5/dirty', mlx5],
    ['pds/dirty', pds],
  ])('%s: tracking begins once, and ends once', (_, model) => {
    const on = changeLogging(model, running, DMA_LOGGING_START) as Migration;
    expect(on.logging).toBe(true);
    expect(changeLogging(model, on, DMA_LOGGING_START)).toBe(-EINVAL);
    expect(changeLogging(model, on, DMA_LOGGING_REPORT)).toEqual(on);
    expect(changeLogging(model, on, DMA_LOGGING_STOP)).toEqual(running);
    expect(changeLogging(model, running, DMA_LOGGING_STOP)).toBe(-EINVAL);
    expect(changeLogging(model, running, DMA_LOGGING_REPORT)).toBe(-EINVAL);
  });

  test('pds/dirty-ends: STOP_COPY to STOP ends tracking', () => {
    const saved: Migration = { state: STOP_COPY, file: 'save', logging: true };
    expect(setState(pds, saved, STOP).migration.logging).toBeUndefined();
    expect(setState(mlx5, saved, STOP).migration.logging).toBe(true);
  });

  test.each([
    ['xe/no-dirty', xe],
    ['qat/no-dirty', qat],
  ])('%s: it does not track them', (_, migration) => {
    const words = [32, 0x20000 | DMA_LOGGING_START, 4096];
    expect(feature({ migration, logsDma: migration.logs !== undefined }, words, 6019)).toEqual([
      -ENOTTY,
    ]);
  });
});

describe('ids and probes', () => {
  test.each([
    ['mlx5/ids', 'mlx5_vfio_pci', 0x15b3, [0x101e]],
    ['hisi-acc/ids', 'hisi_acc_vfio_pci', 0x19e5, [0xa251, 0xa256, 0xa259]],
    ['pds/ids', 'pds_vfio_pci', 0x1dd8, [0x1003]],
    ['qat/ids', 'qat_vfio_pci', 0x8086, [0x4941, 0x4943, 0x4945, 0x4949]],
    ['virtio/ids', 'virtio_vfio_pci', 0x1af4, [0x1041, 0x1042]],
    ['nvgpu-v3/ids', 'nvgpu-vfio-pci', 0x10de, [0x2342, 0x2343, 0x2345]],
  ])('%s: its table, by override only', (_, name, vendor, devices) => {
    const { table, overrideOnly } = driverModel(name);
    expect(overrideOnly).toBe(true);
    expect(table?.map((entry) => [entry.vendor, entry.device])).toEqual(
      devices.map((device) => [vendor, device]),
    );
  });

  test.each([
    ['pds/vf-only', 'pds_vfio_pci'],
    ['qat/vf-only', 'qat_vfio_pci'],
  ])('%s: the probe of a PF fails', (_, name) => {
    const { variant } = driverModel(name);
    const probe = (isVf: boolean) =>
      variant?.probe({
        fn: { vendor: 0, device: 0, class: 0, isVf, resources: [] },
        config: new Uint8Array(256),
        properties: {},
        version: 6012,
      });
    expect(probe(false)).toBe(-ENODEV);
    expect(probe(true)).toEqual({});
  });
});
