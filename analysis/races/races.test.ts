/**
 * Goal: every case in which the wrong driver had a device is found, and nothing where there is
 * nothing. Method: real recordings, against the log that the acting processes wrote of themselves
 * by the same clock (who wrote what when, and which driver they then saw).
 */
import { describe, expect, test } from 'vitest';
import { importedCapture } from '../../tests/captures.js';
import { testData } from '../../tests/test-data.js';
import { type Race, races } from './index.js';

interface ActorLine {
  readonly op: string;
  readonly actor: string;
  readonly t0: number;
  readonly it?: number;
  readonly path?: string;
  readonly value?: string;
  readonly errno?: number;
  readonly header?: string;
  readonly env?: readonly string[];
  readonly dev?: string;
  readonly driver?: string | null;
}

/** A VF that somebody wanted for vfio-pci, and that another driver had in the same iteration. */
interface Episode {
  readonly device: string;
  readonly from: number;
  readonly to: number;
}

function actorLines(capture: string): ActorLine[] {
  return testData(`captures/${capture}/actors.jsonl.zst`)
    .toString('utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ActorLine)
    .sort((a, b) => a.t0 - b.t0);
}

const slotOf = (line: ActorLine) =>
  line.env?.find((entry) => entry.startsWith('PCI_SLOT_NAME='))?.slice('PCI_SLOT_NAME='.length);

/** The VFs of one iteration that were wanted, and those seen with another driver. */
function episodesIn(lines: readonly ActorLine[], from: number, to: number): Episode[] {
  const wanted = new Set<string>();
  const wrong = new Set<string>();
  for (const line of lines) {
    const overridden = /devices\/([^/]+)\/driver_override$/.exec(line.path ?? '')?.[1];
    const set = line.errno === 0 && line.value?.trim() === 'vfio-pci';
    if (line.actor === 'overrider' && overridden !== undefined && set) wanted.add(overridden);
    const bound = line.header?.startsWith('bind@') ? slotOf(line) : undefined;
    const by = line.env?.find((entry) => entry.startsWith('DRIVER='));
    if (bound !== undefined && by !== undefined && by !== 'DRIVER=vfio-pci') wrong.add(bound);
    if (line.op === 'saw' && line.driver && line.driver !== 'vfio-pci') wrong.add(line.dev ?? '');
  }
  return [...wanted].filter((device) => wrong.has(device)).map((device) => ({ device, from, to }));
}

function episodes(capture: string): Episode[] {
  const lines = actorLines(capture);
  const starts = lines.flatMap((line, i) => (line.op === 'iter-start' ? [i] : []));
  return starts.flatMap((start, n) => {
    const end = starts[n + 1] ?? lines.length;
    const to = starts[n + 1] === undefined ? Number.POSITIVE_INFINITY : lines[end].t0;
    return episodesIn(lines.slice(start, end), lines[start].t0, to);
  });
}

const racesOf = (capture: string): Race[] => [...races(importedCapture(capture)).races];

describe('races in recordings of real kernels', () => {
  test.each([
    'sriov-on-r1',
    'sriov-tracecmd-r1',
    'sriov-tracecmd-r2',
  ])('%s: every VF that the wrong driver had is named', (capture) => {
    const found = racesOf(capture);
    const missed = episodes(capture).filter(
      ({ device, from, to }) =>
        !found.some((r) => r.device === device && r.second.ts >= from && r.second.ts <= to),
    );
    expect(missed).toEqual([]);
  });

  test('the logs do tell of wrong drivers', () => {
    expect(episodes('sriov-on-r1').length).toBeGreaterThan(5);
  });

  test('none is reported where autoprobe was off', () => {
    expect(racesOf('sriov-off-r1')).toEqual([]);
  });

  test('a race that was won is reported', () => {
    const won = racesOf('sriov-on-r1').filter((r) => r.first.what.endsWith('/driver_override'));
    expect(won).toHaveLength(1);
    expect(won[0]).toMatchObject({ class: 'R1', device: '0000:01:00.1' });
    expect(won[0].outcome).toMatch(/^vfio-pci probed; finally vfio-pci; in the other order: nvme/);
  });

  test('a udev rule that is slower than the first probe is a race on every VF it took', () => {
    const found = racesOf('udev-r1');
    const taken = new Set(found.filter((r) => r.class === 'R1').map((r) => r.device));
    expect([...taken].sort()).toEqual(
      expect.arrayContaining(['0000:01:00.1', '0000:01:00.2', '0000:01:00.3', '0000:01:00.4']),
    );
  });

  test('the window is how far apart both began, also when the second began first and waited', () => {
    const found = racesOf('many-writers-r1');
    const between = ({ first, second }: Race) =>
      first.ts < second.ts ? second.ts - first.ts : first.ts - second.ts;
    expect(found.map((race) => race.windowNs)).toEqual(found.map(between));
    const waited = found.filter(({ first, second }) => second.seq < first.seq);
    expect(waited.length).toBeGreaterThan(0);
    for (const { first, second } of found) expect(first.actor.tid).not.toBe(second.actor.tid);
  });

  test('races that one write of sriov_numvfs has caused in the same way are one incident', () => {
    const found = racesOf('sriov-on-r1');
    const incidents = new Map<number, Race[]>();
    for (const race of found) {
      incidents.set(race.incident, [...(incidents.get(race.incident) ?? []), race]);
    }
    expect(incidents.size).toBeLessThan(found.length);
    for (const races of incidents.values()) {
      expect(new Set(races.map((race) => race.class)).size).toBe(1);
      const seqs = races.flatMap(({ first, second }) => [first.seq, second.seq]);
      expect(Math.max(...seqs) - Math.min(...seqs)).toBeLessThan(2500);
    }
  });

  test('a race has the drivers of both orders, and the other order as its witness', () => {
    const [won] = racesOf('sriov-on-r1').filter((r) => r.first.what.endsWith('/driver_override'));
    expect(won.drivers.recorded).toBe('vfio-pci');
    expect(won.touched).toMatchObject({ recorded: ['vfio-pci'] });
    expect(won.touched.other).toContain('nvme');
    expect(won.witness[0]).toMatchObject({ seq: won.second.seq, what: won.second.what });
    expect(won.witness.map(({ seq }) => seq)).toContain(won.first.seq);
  });
});
