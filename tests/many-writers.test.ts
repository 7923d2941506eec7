/**
 * Goal: nothing is misjudged when several programs write the same binding attributes at once.
 * Method: recordings in which up to six programs wrote overrides, ids, binds, unbinds, VF counts and
 * hot-plugs at random, against the programs' own log of each write and its result, and against the
 * kernel's own word of who was bound at the end.
 */
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { importInput } from '../recorder/index.js';
import { replay } from '../replay/index.js';
import { TraceReader } from '../traces/index.js';
import { scratchFolder } from './build-trace.js';
import { rowsOf } from './import-bytes.js';
import { testData } from './test-data.js';

const scratch = scratchFolder();

/** A write as its writer logged it; `errno` is 0 or the name of an error. */
interface Write {
  readonly pid: number;
  readonly t0: number;
  readonly path: string;
  readonly value: string;
  readonly errno: 0 | keyof typeof constants.errno;
}

/** The kernel sees no store when the attribute could not be opened, and `remove` is not recorded. */
function logged(capture: string): Map<number, string[]> {
  const text = testData(`captures/${capture}/actors.jsonl.zst`).toString();
  const writes = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Write)
    .filter(({ path, errno }) => errno !== 'ENOENT' && !/\/(?:remove|rescan)$/.test(path));
  const result = ({ value, errno }: Write) =>
    errno === 0 ? value.length : -constants.errno[errno];
  return byTask(
    writes
      .toSorted((a, b) => a.t0 - b.t0)
      .map((write) => [
        write.pid,
        write.path.split('/').at(-1)!,
        write.value,
        write.path.endsWith('autoprobe') ? 'not recorded' : result(write),
      ]),
  );
}

function byTask(writes: readonly [number, string, string, number | string][]) {
  const tasks = new Map<number, string[]>();
  for (const [task, ...write] of writes) {
    tasks.set(task, [...(tasks.get(task) ?? []), JSON.stringify(write)]);
  }
  return tasks;
}

function recorded(trace: string): Map<number, string[]> {
  const rows = rowsOf(readFileSync(trace)).filter((row) => row.kind === 'sysfs.write');
  const results = new Map(rows.map((row) => [row.span, row.ret]));
  const begins = rows.filter((row) => row.phase !== 'end');
  return byTask(
    begins.map(({ tid, name, text, seq }) => [
      tid!,
      name!,
      text!,
      results.has(seq) ? Number(results.get(seq)) : 'not recorded',
    ]),
  );
}

describe.each(['many-writers-r1', 'many-writers-r2'])('%s', (capture) => {
  const folder = join('tests/data/captures', capture);
  const output = join(scratch, `${capture}.arrows`);
  const input = join(folder, 'trace.txt.zst');
  importInput({ input, output, snapshot: join(folder, 'state-before') });

  test('a recording of many writers has every write of every program, in its order, with its result', () => {
    const own = logged(capture);
    const found = recorded(output);
    expect([...own.values()].flat().length).toBeGreaterThan(500);
    for (const [task, writes] of own) expect(found.get(task), String(task)).toEqual(writes);
  });

  test('a recording of many writers is replayed without a divergence, and ends as the kernel did', () => {
    const reader = TraceReader.open(output);
    const { divergences, unmodelled, finalState } = replay(reader.read());
    reader.close();
    expect(divergences).toEqual([]);
    expect(unmodelled).toBe(0);
    const after = readFileSync(join(folder, 'drivers-after.txt'), 'utf8');
    for (const [, address, driver] of after.matchAll(/^(\S+) driver=(\S+)/gm)) {
      expect([address, finalState.devices[address]?.driver ?? 'None']).toEqual([address, driver]);
    }
  });
});
