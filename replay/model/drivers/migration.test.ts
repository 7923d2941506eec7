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

  test('a state of migration is reached through the states between', () => {
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
