/**
 * Goal: variants of vfio-pci migrate as their sources say.
 * Method: worked examples that were derived by hand from the drivers' sources, number by number.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ERRNO } from '../../../traces/index.js';
import {
  CAN,
  type Migration,
  resetMigration,
  STATE,
  setState,
  wayTo,
} from '../vfio/migration-state.js';
import { hisiMigration as hisi } from './hisi-acc-vfio-pci.js';
import { mlx5Migration as mlx5 } from './mlx5-vfio-pci.js';
import { pdsMigration as pds } from './pds-vfio-pci.js';

const { STOP, RUNNING, STOP_COPY, RESUMING, RUNNING_P2P, PRE_COPY, PRE_COPY_P2P, ERROR } = STATE;
const { EINVAL, EIO } = ERRNO;

const running: Migration = { state: RUNNING, file: null };

describe('migration', () => {
  const ALL = CAN.STOP_COPY | CAN.P2P | CAN.PRE_COPY;

  test.each([
    [STOP, PRE_COPY, ALL, [RUNNING_P2P, RUNNING, PRE_COPY]],
    [RUNNING, STOP_COPY, ALL, [RUNNING_P2P, STOP, STOP_COPY]],
    [STOP_COPY, RUNNING, ALL, [STOP, RUNNING_P2P, RUNNING]],
    [PRE_COPY, STOP_COPY, ALL, [PRE_COPY_P2P, STOP_COPY]],
    [RUNNING, PRE_COPY_P2P, ALL, [RUNNING_P2P, PRE_COPY_P2P]],
    [RUNNING, STOP, CAN.STOP_COPY, [STOP]],
  ] as const)('migration from %i to %i, where %i is possible, passes %j', (from, to, can, way) => {
    expect(wayTo(from, to, can)).toEqual(way);
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

  describe('an mlx5 device that saved its state', () => {
    const saved = setState(mlx5(false), running, STOP_COPY);

    test('an mlx5 device that stops to copy hands out a file to read', () => {
      const migration = { state: STOP_COPY, file: 'save' };
      expect(saved).toEqual({ migration, ret: 0, opened: true });
    });

    test('an mlx5 device resumes from where it saved', () => {
      const resuming = setState(mlx5(false), saved.migration, RESUMING);
      expect(resuming.migration).toEqual({ state: RESUMING, file: 'resume' });
    });

    test.each([PRE_COPY, ERROR, 99])('an mlx5 device that saved refuses state %i', (target) => {
      const refused = setState(mlx5(true), saved.migration, target);
      expect(refused).toEqual({ migration: saved.migration, ret: -EINVAL, opened: false });
    });
  });

  test('an mlx5 device without pre-copy refuses PRE_COPY', () => {
    expect(setState(mlx5(false), running, PRE_COPY).ret).toBe(-EINVAL);
  });

  test('an arc that fails leaves the device where it came to', () => {
    const busy = (_from: number, to: number) => (to === STOP ? -ERRNO.EBUSY : 0);
    const { migration, ret } = setState(mlx5(false), running, STOP_COPY, busy);
    expect([migration.state, ret]).toEqual([RUNNING_P2P, -ERRNO.EBUSY]);
  });

  test.each([
    ['mlx5', mlx5(true)],
    ['hisi', hisi(false)],
  ])('a reset ends the migration of %s', (_, model) => {
    expect(resetMigration(model, { state: STOP_COPY, file: 'save' })).toEqual(running);
  });

  test('a reset is forgotten by the version of hisi with pre-copy', () => {
    const saving: Migration = { state: STOP_COPY, file: 'save' };
    expect(resetMigration(hisi(true), saving)).toEqual(saving);
  });

  test('pds leaves ERROR only by a reset', () => {
    const failed: Migration = { state: ERROR, file: null };
    expect(setState(pds, failed, RUNNING).ret).toBe(-EIO);
    expect(setState(pds, failed, ERROR).ret).toBe(-EIO);
    expect(resetMigration(pds, failed)).toEqual(running);
  });
});
