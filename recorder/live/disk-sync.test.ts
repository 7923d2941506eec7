/**
 * Goal: a recording goes to the disk about once a second, never by two calls at once, and a disk
 * that failed is told of. Method: a sink whose syncs end when the test says so; time is given.
 */
import { expect, test } from 'vitest';
import { DiskSync } from './disk-sync.js';

class HeldSink {
  byteLength = 0;
  readonly ends: { resolve(): void; reject(error: Error): void }[] = [];

  sync(): Promise<void> {
    return new Promise((resolve, reject) => this.ends.push({ resolve, reject }));
  }
}

test('the disk sync writes once a second what is new', async () => {
  const sink = new HeldSink();
  const disk = new DiskSync(sink, 0);
  const syncs = async (now: number) => {
    disk.tick(now);
    const count = sink.ends.length;
    sink.ends.at(-1)?.resolve();
    await disk.finish();
    return count;
  };
  expect(await syncs(5_000)).toBe(0);
  sink.byteLength = 100;
  expect(await syncs(5_001)).toBe(1);
  sink.byteLength = 200;
  expect(await syncs(5_900)).toBe(1);
  expect(await syncs(6_001)).toBe(2);
  expect(await syncs(9_000)).toBe(2);
});

test('the disk sync waits for a slow disk', async () => {
  const sink = new HeldSink();
  const disk = new DiskSync(sink, 0);
  for (const now of [2_000, 4_000, 6_000]) {
    sink.byteLength += 100;
    disk.tick(now);
    expect(sink.ends).toHaveLength(1);
  }
  sink.ends[0]!.resolve();
  await disk.finish();
  disk.tick(6_001);
  expect(sink.ends).toHaveLength(2);
});

test('the disk sync throws what a sync failed with', async () => {
  const sink = new HeldSink();
  const disk = new DiskSync(sink, 0);
  sink.byteLength = 100;
  disk.tick(2_000);
  sink.ends[0]!.reject(new Error('the disk is gone'));
  await disk.finish();
  expect(() => disk.tick(2_001)).toThrow('the disk is gone');
});
