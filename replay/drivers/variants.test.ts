/**
 * Goal: variants of vfio-pci do what their sources say where they differ from it.
 * Method: worked examples that were derived by hand from the drivers' sources, number by number.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ERRNO } from '../machine/errno.js';
import { CAN, type Migration, resetMigration, STATE, setState, wayTo } from '../vfio/migration.js';
import { hisi, mlx5, pds } from './migrating.js';
import * as nvgrace from './nvgrace.js';
import * as virtio from './virtio-legacy.js';

const { STOP, RUNNING, STOP_COPY, RESUMING, RUNNING_P2P, PRE_COPY, PRE_COPY_P2P, ERROR } = STATE;
const GIB = 2n ** 30n;
const { EINVAL, EIO } = ERRNO;

const number = (bytes: Uint8Array) => new DataView(bytes.buffer).getUint32(0, true);
const bytesOf = (value: number, count = 4) => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes.slice(0, count);
};

describe('nvgrace', () => {
  const bars = nvgrace.divideMemory(96n * GIB, true) as nvgrace.FakeBar[];
  const read = (offset: number) => {
    const bytes = new Uint8Array(4);
    nvgrace.overlayRead(bars, offset, bytes);
    return number(bytes);
  };
  const size = (offset: number) => nvgrace.takeWrite(bars, offset, bytesOf(0xffffffff));

  test('BARs that are not there are sized, and forgotten by a reset', () => {
    expect([0x18, 0x1c, 0x20, 0x24].map(size)).toEqual([4, 4, 4, 4]);
    expect(read(0x20)).toBe(0x0000000c);
    expect(read(0x24)).toBe(0xffffffe0);
    expect(read(0x18)).toBe(0xc000000c);
    expect(read(0x1c)).toBe(0xffffffff);
    nvgrace.resetBars(bars);
    expect([read(0x20), read(0x24)]).toEqual([0x0000000c, 0]);
  });

  test('a write that begins before the registers loses its beginning', () => {
    expect(nvgrace.takeWrite(bars, 0x16, bytesOf(0xffffffff))).toBe(2);
    expect(nvgrace.takeWrite(bars, 0x10, bytesOf(1))).toBeNull();
  });

  test('behind the end of the memory there is filler', () => {
    const bar = bars[1];
    const end = bar.bytes;
    expect(nvgrace.accessBar(bar, end - 4n, 8)).toEqual({ memory: 4, filler: 4 });
    expect(nvgrace.accessBar(bar, end, 16)).toEqual({ memory: 0, filler: 16 });
    expect(nvgrace.accessBar(bar, bar.barBytes, 1)).toBe(-EINVAL);
    expect(nvgrace.mapBar(bar, 0n, end)).toBe(0);
    expect(nvgrace.mapBar(bar, 0n, bar.barBytes)).toBe(-EINVAL);
  });

  test('memory that cannot be divided fails the probe', () => {
    expect(nvgrace.divideMemory(GIB / 2n, true)).toBe(-ERRNO.EOVERFLOW);
    expect(nvgrace.divideMemory(GIB + 1n, true)).toBe(-EINVAL);
    expect(nvgrace.divideMemory(96n * GIB, false)).toMatchObject([{ region: 4 }]);
  });

  test('a GPU that is never ready fails the probe, but for one version', () => {
    expect([nvgrace.notReady(true), nvgrace.notReady(false)]).toEqual([-62, 0]);
  });
});

describe('virtio with legacy access', () => {
  test('looks transitional', () => {
    const shadow = { command: 0, bar0: 0xffffffff };
    const read = (offset: number, hardware: number) => {
      const bytes = bytesOf(hardware);
      virtio.overlayRead(shadow, offset, bytes);
      return number(bytes);
    };
    expect(read(0x00, 0x10411af4)).toBe(0x10001af4);
    expect(read(0x10, 0)).toBe(0xffffffe1);
    expect(read(0x2c, 0)).toBe(0x00011af4);
    virtio.noteWrite(shadow, 0x04, bytesOf(1, 2));
    expect(read(0x04, 0x00100002)).toBe(0x00100003);
  });

  test('serves its BAR by admin commands when I/O is enabled', () => {
    const off = { command: 0, bar0: 0 };
    const on = { command: 1, bar0: 0 };
    expect(virtio.accessBar(off, 18, 1, false)).toBe(-EIO);
    expect(virtio.accessBar(on, 18, 1, false)).toEqual({ type: 'common', offset: 18 });
    expect(virtio.accessBar(on, 20, 4, false)).toEqual({ type: 'device', offset: 0 });
    expect(virtio.accessBar(on, 20, 4, true)).toEqual({ type: 'common', offset: 20 });
    expect(virtio.accessBar(on, 16, 2, false)).toEqual({ type: 'notify' });
    expect(virtio.accessBar(on, 16, 4, false)).toBe(-EINVAL);
    expect(virtio.accessBar(on, 30, 4, false)).toBe(-EINVAL);
  });
});

const running: Migration = { state: RUNNING, file: null };

describe('migration', () => {
  const ALL = CAN.STOP_COPY | CAN.P2P | CAN.PRE_COPY;

  test('goes its ways hop by hop', () => {
    expect(wayTo(STOP, PRE_COPY, ALL)).toEqual([RUNNING_P2P, RUNNING, PRE_COPY]);
    expect(wayTo(RUNNING, STOP_COPY, ALL)).toEqual([RUNNING_P2P, STOP, STOP_COPY]);
    expect(wayTo(STOP_COPY, RUNNING, ALL)).toEqual([STOP, RUNNING_P2P, RUNNING]);
    expect(wayTo(PRE_COPY, STOP_COPY, ALL)).toEqual([PRE_COPY_P2P, STOP_COPY]);
    expect(wayTo(RUNNING, PRE_COPY_P2P, ALL)).toEqual([RUNNING_P2P, PRE_COPY_P2P]);
    expect(wayTo(RUNNING, STOP, CAN.STOP_COPY)).toEqual([STOP]);
  });

  test('every way ends, and only at its target', () => {
    const state = fc.integer({ min: 1, max: 7 });
    fc.assert(
      fc.property(
        state,
        fc.integer({ min: -1, max: 9 }),
        fc.constantFrom(1, 3, 5, 7),
        (from, to, can) => {
          const way = wayTo(from as typeof STOP, to, can);
          if (Array.isArray(way)) expect(way.at(-1) ?? from).toBe(to);
          else expect(way).toBe(-EINVAL);
        },
      ),
    );
  });

  test('mlx5 saves, and resumes from there', () => {
    const model = mlx5(false);
    const saved = setState(model, running, STOP_COPY);
    expect(saved).toEqual({ migration: { state: STOP_COPY, file: 'save' }, ret: 0, opened: true });
    const resuming = setState(model, saved.migration, RESUMING);
    expect(resuming.migration).toEqual({ state: RESUMING, file: 'resume' });
    for (const target of [PRE_COPY, ERROR, 99]) {
      const refused = setState(mlx5(true), saved.migration, target);
      expect(refused).toEqual({ migration: saved.migration, ret: -EINVAL, opened: false });
    }
    expect(setState(model, running, PRE_COPY).ret).toBe(-EINVAL);
  });

  test('an arc that fails leaves the device where it came to', () => {
    const busy = (_from: number, to: number) => (to === STOP ? -ERRNO.EBUSY : 0);
    const { migration, ret } = setState(mlx5(false), running, STOP_COPY, busy);
    expect([migration.state, ret]).toEqual([RUNNING_P2P, -ERRNO.EBUSY]);
  });

  test('a reset ends it, but for a version of hisi', () => {
    const saving: Migration = { state: STOP_COPY, file: 'save' };
    expect(resetMigration(mlx5(true), saving)).toEqual(running);
    expect(resetMigration(hisi(false), saving)).toEqual(running);
    expect(resetMigration(hisi(true), saving)).toEqual(saving);
  });

  test('pds leaves ERROR only by a reset', () => {
    const failed: Migration = { state: ERROR, file: null };
    expect(setState(pds, failed, RUNNING).ret).toBe(-EIO);
    expect(setState(pds, failed, ERROR).ret).toBe(-EIO);
    expect(resetMigration(pds, failed)).toEqual(running);
  });
});
