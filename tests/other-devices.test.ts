/**
 * Goal: what vfr has no model for is said to be unmodelled or unknown, and never held against a sound
 * kernel: mediated devices, drivers that refuse, defer, are unloaded and come back, SR-IOV devices
 * of other makers, bus errors, parts of mappings, several containers of a process.
 * Method: recordings of Debian's 6.12.117, on which scripts did all of that; the numbers of records
 * are those that were counted when they were made, the owners the kernel's own word.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { importInput } from '../recorder/index.js';
import { replay } from '../replay/index.js';
import { TraceReader } from '../traces/index.js';
import { scratchFolder } from './scratch.js';

const CAPTURES = 'tests/data/captures';
const scratch = scratchFolder();

function run(capture: string) {
  const folder = join(CAPTURES, capture);
  const output = join(scratch, `${capture}.arrows`);
  const input = join(folder, 'trace.txt.zst');
  const report = importInput({ input, output, snapshot: join(folder, 'state-before') });
  const reader = TraceReader.open(output);
  const why = new Map<string, number>();
  const result = replay(reader.read(), {
    ...reader.meta,
    observe: (e, { type }) => {
      if (type !== 'unknown' && type !== 'unmodelled') return;
      const what = `${type} ${e.kind}`;
      why.set(what, (why.get(what) ?? 0) + 1);
    },
  });
  reader.close();
  return { report, result, why: Object.fromEntries([...why].sort()) };
}

const textOf = (capture: string, name: string) =>
  readFileSync(join(CAPTURES, capture, name), 'utf8');

/** Who was bound when the recording had ended. */
function ownersAfter(capture: string): Record<string, string | null> {
  const lines = [...textOf(capture, 'drivers-after.txt').matchAll(/^(\S+) driver=(\S+)/gm)];
  return Object.fromEntries(lines.map(([, bdf, name]) => [bdf, name === 'None' ? null : name]));
}

/** Responses without a prediction, by kind, at most: docs/replay.md says why. */
const WHY: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'deferral-r1': {
    'unknown bind': 2,
    'unknown match': 81,
    'unknown vf.add': 1,
    'unknown vf.remove': 1,
  },
  'igb-races-r1': {
    'unknown device.request': 2,
    'unknown ioctl': 1,
    'unknown match': 7,
    'unknown mmap': 1,
    'unknown sysfs.write': 1,
    'unknown vf.remove': 10,
  },
  'aer-bus-r1': { 'unknown ioctl': 38, 'unknown mmap': 3, 'unknown recovery': 2 },
  'virtio-vfio-r1': {
    'unknown ioctl': 24,
    'unknown probe': 3,
    'unknown vf.remove': 2,
  },
  'mdev-mtty-r1': { 'unknown ioctl': 2 },
};

describe.each(Object.keys(WHY))('%s', (capture) => {
  const { report, result, why } = run(capture);

  test('a recording of another device is imported whole', () => {
    const { event_counts: counts } = JSON.parse(textOf(capture, 'metadata.json'));
    expect(report.records).toEqual(counts['trace.txt'].by_event);
  });

  test('a recording of another device blames nobody, and says what it does not know', () => {
    expect(result.divergences).toEqual([]);
    const more = Object.entries(why).filter(([what, n]) => n > (WHY[capture][what] ?? 0));
    expect(more).toEqual([]);
  });

  test('a recording of another device ends as the kernel did, as far as the state is certain', () => {
    const owners = ownersAfter(capture);
    const known = Object.entries(result.finalState.devices).filter(
      ([bdf, { driver }]) => bdf in owners && driver?.startsWith('?') !== true,
    );
    expect(known.length).toBeGreaterThan(Object.keys(owners).length / 2);
    for (const [bdf, { driver }] of known) expect([bdf, driver]).toEqual([bdf, owners[bdf]]);
  });
});
