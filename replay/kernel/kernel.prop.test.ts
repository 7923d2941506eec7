/**
 * Goal: what always holds in a kernel holds after every step of any run, undoing a step restores the
 * state and its hash, and a run ends with nothing left over.
 * Method: random machines and actors under random schedules.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { randomRun, seed } from '../../tests/random-runs.js';
import { withUdev } from '../../tests/random-udev.js';
import { randomVfioRun } from '../../tests/random-vfio.js';
import {
  boot,
  brokenInvariants,
  leftOver,
  oneAfterTheOther,
  randomly,
  readyThreads,
  run,
  World,
} from './index.js';

const RUNS = { numRuns: 150 };

/** Who binds drivers alone, and among users of VFIO; the same on machines with udev. */
const anyRun = () =>
  fc.oneof(randomRun(), randomVfioRun(), withUdev(randomRun()), withUdev(randomVfioRun()));

test('invariants hold after every step', () => {
  fc.assert(
    fc.property(anyRun(), seed, (spec, random) => {
      const k = boot(new World(spec));
      run(k, randomly(random), () => expect(brokenInvariants(k)).toEqual([]));
    }),
    { numRuns: 40 },
  );
});

test('nothing is left over at the end, unless it is a deadlock', () => {
  fc.assert(
    fc.property(anyRun(), seed, (spec, random) => {
      const k = boot(new World(spec));
      const { deadlock } = run(k, randomly(random));
      if (deadlock === null) expect(leftOver(k)).toEqual([]);
      else expect(deadlock.blocked.length).toBeGreaterThan(0);
    }),
    RUNS,
  );
});

test('the same schedule gives the same states', () => {
  fc.assert(
    fc.property(anyRun(), seed, (spec, random) => {
      const hashes = [0, 1].map(() => {
        const seen: string[] = [];
        const k = boot(new World(spec));
        run(k, randomly(random), () => seen.push(k.cells.hash));
        return seen;
      });
      expect(hashes[1]).toEqual(hashes[0]);
    }),
    RUNS,
  );
});

test('undoing restores the state and its hash, step by step', () => {
  fc.assert(
    fc.property(anyRun(), seed, (spec, random) => {
      const k = boot(new World(spec));
      const schedule = randomly(random);
      const moments: { moment: number; hash: string; cells: Int32Array }[] = [];
      for (let steps = 0; steps < 200; steps++) {
        const thread = schedule(k);
        if (thread < 0) break;
        moments.push({ moment: k.cells.moment, hash: k.cells.hash, cells: k.cells.copy() });
        k.step(thread);
      }
      for (const { moment, hash, cells } of moments.reverse()) {
        k.cells.undo(moment);
        expect(k.cells.hash).toBe(hash);
        expect(equal(k.cells.copy(), cells)).toBe(true);
      }
    }),
    { numRuns: 40 },
  );
});

test('the footprint of a step is what the step then writes, and looking changes nothing', () => {
  fc.assert(
    fc.property(anyRun(), seed, (spec, random) => {
      const k = boot(new World(spec));
      const schedule = randomly(random);
      for (let steps = 0; steps < 100; steps++) {
        const thread = schedule(k);
        if (thread < 0) break;
        const before = k.cells.copy();
        const { writes } = k.footprint(thread);
        expect(equal(k.cells.copy(), before)).toBe(true);
        k.step(thread);
        const after = k.cells.copy();
        expect(after.every((value, cell) => value === before[cell] || writes.has(cell))).toBe(true);
      }
    }),
    { numRuns: 40 },
  );
});

test('steps of different threads whose footprints do not meet commute', () => {
  fc.assert(
    fc.property(anyRun(), seed, (spec, random) => {
      const k = boot(new World(spec));
      const schedule = randomly(random);
      for (let steps = 0; steps < 60; steps++) {
        const thread = schedule(k);
        if (thread < 0) break;
        const [a, b] = readyThreads(k);
        if (b !== undefined && independent(k.footprint(a), k.footprint(b))) {
          const hashes = [
            [a, b],
            [b, a],
          ].map((order) => {
            const { moment } = k.cells;
            for (const thread of order) k.step(thread);
            const { hash } = k.cells;
            k.cells.undo(moment);
            return hash;
          });
          expect(hashes[1]).toBe(hashes[0]);
        }
        k.step(thread);
      }
    }),
    { numRuns: 40 },
  );
});

/** vitest compares typed arrays entry by entry, which takes long. */
const equal = (a: Int32Array, b: Int32Array) =>
  a.length === b.length && a.every((value, cell) => value === b[cell]);

interface Log {
  readonly reads: ReadonlySet<number>;
  readonly writes: ReadonlySet<number>;
}

const meets = (a: ReadonlySet<number>, b: ReadonlySet<number>) => [...a].some((x) => b.has(x));
const independent = (a: Log, b: Log) =>
  !meets(a.writes, b.writes) && !meets(a.writes, b.reads) && !meets(a.reads, b.writes);

test('an actor without other actors is never in a deadlock, but where the kernel has one', () => {
  fc.assert(
    fc.property(anyRun(), (spec) => {
      const alone = { ...spec, actors: spec.actors.slice(0, 1) };
      const k = boot(new World(alone));
      const { deadlock } = run(k, oneAfterTheOther);
      // Linux 6.18 takes pci_rescan_remove_lock again when a PF with VFs is removed.
      if (spec.machine.kernel !== '6.18') expect(deadlock).toBeNull();
    }),
    RUNS,
  );
});
