/**
 * Goal: any event of a recording can be reached, forwards and backwards, with the state it led to.
 * Method: recordings of real kernels; what a straight replay finds is the reference for what is
 * found by going there over checkpoints; changes of a driver are held against the events that the
 * kernel made of them.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { buildTrace } from '../../../tests/build-trace.js';
import { importedCapture } from '../../../tests/captures.js';
import { MemorySource, TraceReader } from '../../../traces/index.js';
import { replay } from './replayer.js';
import { Timeline } from './timeline.js';
import { watch } from './watch-state.js';

const reader = importedCapture('vfio-client-r1');
const sriov = importedCapture('sriov-on-r1');
afterAll(() => {
  reader.close();
  sriov.close();
});

describe('a timeline', () => {
  test('a timeline ends as a straight replay does, also after wandering about', () => {
    const straight = replay(reader.read(), { kernel: reader.meta.kernel });
    const timeline = new Timeline(reader, { kernel: reader.meta.kernel });
    for (const seq of [20_000, 3, 9_000, 8_191, 8_193, 17_000, 0, reader.events])
      timeline.seek(seq);
    expect(timeline.result).toEqual(straight);
  });

  test('a timeline is at each place in the state that a replay up to there leads to', () => {
    const timeline = new Timeline(sriov, { kernel: sriov.meta.kernel });
    for (const until of [17_000, 12_000, 250, 13_500, 251]) {
      timeline.seek(until);
      const { finalState, stateHash } = replay(sriov.read(), { until });
      expect(timeline.position).toBe(until);
      expect(timeline.state).toEqual(finalState);
      expect(timeline.result.stateHash).toBe(stateHash);
    }
  });

  test('a timeline goes to the last event of a trace of which a part cannot be read', () => {
    const bytes = buildTrace(Array(9).fill({ kind: 'mark' }), { batchRows: 3 });
    const { offset } = new TraceReader(new MemorySource(bytes)).batches[1].frame;
    bytes.fill(0xff, offset, offset + 64);
    const timeline = new Timeline(new TraceReader(new MemorySource(bytes)));
    expect(timeline.reader.events).toBe(6);
    expect([4, 8, 9].map((seq) => timeline.event(seq)?.seq)).toEqual([undefined, 8, undefined]);
    expect(timeline.forward(({ seq }) => seq === 8)).toBe(true);
    expect(timeline.position).toBe(9);
    expect(timeline.backward(({ seq }) => seq === 2)).toBe(true);
    expect(timeline.position).toBe(3);
    timeline.seek(100);
    expect(timeline.position).toBe(9);
  });

  test('a timeline stops at a condition, going either way', () => {
    const timeline = new Timeline(sriov, { kernel: sriov.meta.kernel });
    const bound: number[] = [];
    replay(sriov.read(), {
      observe: (e) => {
        if (e.kind === 'bind' && e.phase === 'point') bound.push(e.seq);
      },
    });
    const isBound = ({ kind, phase }: { kind: string; phase: string }) =>
      kind === 'bind' && phase === 'point';
    for (const seq of bound.slice(0, 5)) {
      expect(timeline.forward(isBound)).toBe(true);
      expect(timeline.position).toBe(seq + 1);
    }
    timeline.seek(sriov.events);
    for (const seq of bound.slice(-5).reverse()) {
      expect(timeline.backward(isBound)).toBe(true);
      expect(timeline.position).toBe(seq + 1);
    }
    timeline.seek(bound[0]);
    expect(timeline.backward(isBound)).toBe(false);
    expect(timeline.position).toBe(0);
  });

  test('a timeline stays within the recording', () => {
    const timeline = new Timeline(sriov);
    timeline.seek(-5);
    expect(timeline.position).toBe(0);
    timeline.seek(Number.MAX_SAFE_INTEGER);
    expect(timeline.position).toBe(sriov.events);
  });
});

describe('watching a part of the state', () => {
  test('watching a part of the state finds each binding and each release of a device', () => {
    const path = '0000:01:00.3/driver';
    const owners = [...watch(sriov.read(), path)].map(({ after }) => after ?? null);
    const drivers = owners.filter((owner) => owner !== null && !String(owner).startsWith('?'));
    const bound: unknown[] = [];
    replay(sriov.read(), {
      observe: (e) => {
        const is = e.kind === 'probe' && e.name === 'pci_device_probe' && e.phase === 'begin';
        if (is && e.device === '0000:01:00.3') bound.push(e.driver);
      },
    });
    expect(bound.length).toBeGreaterThan(5);
    expect(drivers).toEqual(bound);
  });
});

describe('the state hash', () => {
  test('the state hash differs when the state or a verdict does', () => {
    const whole = replay(sriov.read()).stateHash;
    expect(replay(sriov.read()).stateHash).toBe(whole);
    expect(replay(sriov.read(), { until: 10_000 }).stateHash).not.toBe(whole);
  });

  test('the state hash of an empty replay is that of the empty state', () => {
    const { events, finalState } = replay([]);
    expect(events).toBe(0);
    expect(finalState).toEqual({ devices: {}, drivers: [] });
  });
});
