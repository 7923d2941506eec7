/**
 * Goal: what the lab provokes is predicted from clean recordings, as orders that the lab can do.
 * Method: the cases are recorded, explored and repeated on the kernel that runs.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { specOf } from '../replay/index.js';
import {
  boot,
  type Outcome,
  oneAfterTheOther,
  readyThreads,
  run,
  type Scheduler,
  TraceRecorder,
  World,
} from '../replay/kernel/index.js';
import { removeScratch, scratchFolder } from '../tests/scratch.js';
import { vfrInProcess } from '../tests/vfr-in-process.js';
import { MemorySink, TraceWriter } from '../traces/index.js';
import { predict } from './provoke.js';
import { type ProvokedCase, provokedCases } from './provoked-cases.js';
import type { OrderEntry } from './witness-order.js';

afterAll(removeScratch);

/** The recording of a case on vfr's kernel, in the order in which it goes well. */
function cleanRecording({ document, order }: ProvokedCase): { trace: Uint8Array; end: Outcome } {
  const sink = new MemorySink();
  const world = new World(specOf(document));
  const { kernel } = world.spec.machine;
  const writer = new TraceWriter(sink, { clock: 'mono', kernel, writer: 'vfr test', notes: {} });
  const end = run(boot(world, new TraceRecorder(world, writer.events)), inOrder(world, order));
  writer.finish();
  return { trace: sink.bytes(), end };
}

/** An operation of an entry begins when all entries before it have ended, or begun. */
function inOrder({ actors }: World, order: readonly OrderEntry[]): Scheduler {
  return (k) => {
    for (const [name, operation, how] of order) {
      const thread = actors.findIndex((actor) => actor.name === name);
      const done = k.get(k.progressOf(thread));
      if (done >= operation) continue;
      const others = readyThreads(k).filter((one) => one >= actors.length);
      // What has begun goes on as far as it can before the next operation begins.
      if (k.canRun(thread)) return thread;
      if (others.length > 0) return others[0];
      if (how !== 'begun') return oneAfterTheOther(k);
    }
    return oneAfterTheOther(k);
  };
}

test.each(
  provokedCases().map((one) => [one.name, one] as const),
)('case %s: an order of its clean recording ends otherwise, and the lab can do it', async (_, one) => {
  const { trace, end } = cleanRecording(one);
  const folder = scratchFolder();
  const [file, bad] = [join(folder, 'clean.arrows'), join(folder, 'bad.schedule')];
  writeFileSync(file, trace);
  const recorded = end.drivers[one.device] ?? null;
  const explore = async (args: readonly string[]) =>
    (await vfrInProcess(['explore', '--whole', file, ...args])).stdout;
  const { driver, deadlock, orders } = (await predict(one, recorded, explore, bad))!;
  expect(end.deadlock).toBeNull();
  expect(deadlock !== null).toBe(one.isDeadlock);
  if (!one.isDeadlock) expect(driver).not.toBe(recorded);

  const repeated = await vfrInProcess(['replay', '--schedule', bad, '--json']);
  const { outcome } = JSON.parse(repeated.stdout) as { outcome: Outcome };
  expect(outcome.drivers[one.device] ?? null).toBe(driver);
  expect(outcome.deadlock !== null).toBe(one.isDeadlock);

  const operations = (order: readonly OrderEntry[]) =>
    order.map(([actor, operation]) => `${actor} ${operation}`).sort();
  for (const order of orders) expect(operations(order)).toEqual(operations(one.order));
  const world = new World(specOf(one.document));
  const reached = orders.some((order) => {
    const other = run(boot(world), inOrder(world, order));
    return one.isDeadlock
      ? other.deadlock !== null
      : (other.drivers[one.device] ?? null) === driver;
  });
  expect(reached).toBe(true);
});
