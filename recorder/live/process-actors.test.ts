/**
 * Goal: a recording tells who acts, once, and again when the process has become another program.
 * Method: this process, and made-up ones in a trace in memory.
 */
import { expect, test } from 'vitest';
import { MemorySink, MemorySource, TraceReader, TraceWriter } from '../../traces/index.js';
import { findProbe } from '../catalogue/index.js';
import { type Actor, Actors, isAct, readActor } from './process-actors.js';

function told(act: (actors: Actors) => void, read: (pid: number) => Actor | undefined) {
  const sink = new MemorySink();
  const writer = new TraceWriter(sink, { clock: 'mono', writer: 'test', notes: {} });
  act(new Actors(writer.events, read));
  writer.finish();
  const reader = new TraceReader(new MemorySource(sink.bytes()));
  return [...reader.read()].flatMap((batch) =>
    Array.from({ length: batch.rows }, (_, row) => ({
      name: batch.column('name').at(row),
      pid: batch.column('pid').at(row),
      text: batch.column('text').text(row),
    })),
  );
}

const record = (tgid: number) => ({ cpu: 0, tid: tgid, tgid, task: -1, tsLow: 5, tsHigh: 0 });
const virsh: Actor = { cmdline: ['virsh', 'start', 'vm1'], exe: null, cgroup: '/machine.slice' };

test('a process is told once, and again after exec', () => {
  const rows = told(
    (actors) => {
      actors.act(record(7));
      actors.act(record(7));
      actors.forget(7);
      actors.act(record(7));
    },
    () => virsh,
  );
  const row = { name: 'actor', pid: 7, text: JSON.stringify(virsh) };
  expect(rows).toEqual([row, row]);
});

test('nothing is told of a process that has ended, or of the idle thread', () => {
  const rows = told(
    (actors) => {
      actors.act(record(7));
      actors.act(record(0));
    },
    () => undefined,
  );
  expect(rows).toEqual([]);
});

test('this process has a command line and a program', () => {
  const self = readActor(process.pid);
  expect(self?.cmdline[0]).toMatch(/node/);
  expect(self?.exe).toMatch(/node/);
  expect(readActor(2 ** 30)).toBeUndefined();
});

test.each([
  ['unbind_store', true],
  ['vfio_group_fops_open', true],
  ['sys_enter_ioctl', false],
  ['really_probe', false],
  ['unbind_store_ret', false],
])('%s is an act: %s', (event, expected) => {
  const probe = findProbe(event);
  expect(probe === undefined ? false : isAct(probe)).toBe(expected);
});
