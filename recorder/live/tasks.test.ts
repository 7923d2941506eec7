/**
 * Goal: every event gets the name and process that its thread had at that moment.
 * Method: the table is told of creations and renames as the kernel's tracepoints tell them; and it
 * is asked for this very process after a scan of /proc.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Dictionary } from '../../traces/index.js';
import { Tasks } from './tasks.js';

const CLONE_THREAD = 0x10000;

test('creations, threads and renames', () => {
  const names = new Dictionary();
  const tasks = new Tasks(names);
  const name = (tid: number) => (tasks.comm(tid) < 0 ? undefined : names.at(tasks.comm(tid)));
  expect([name(5), tasks.tgid(5)]).toEqual([undefined, -1]);
  tasks.created(1, 5, 'bash', 0);
  tasks.created(5, 6, 'bash', CLONE_THREAD);
  expect([name(6), tasks.tgid(6)]).toEqual(['bash', 5]);
  tasks.renamed(5, 'vfio-user');
  expect([name(5), tasks.tgid(5), name(6)]).toEqual(['vfio-user', 5, 'bash']);
  tasks.renamed(9, 'stranger');
  expect([name(9), tasks.tgid(9)]).toEqual(['stranger', -1]);
  expect(name(0)).toBe('<idle>');
});

test('a copy keeps names under the ids of another dictionary', () => {
  const tasks = new Tasks(new Dictionary());
  tasks.created(1, 5, 'bash', 0);
  const names = new Dictionary(['something', 'else']);
  const copy = new Tasks(names);
  copy.copyFrom(tasks);
  expect([names.at(copy.comm(5)), copy.tgid(5)]).toEqual(['bash', 5]);
});

test('a scan finds this process', () => {
  const names = new Dictionary();
  const tasks = new Tasks(names);
  tasks.scan();
  const comm = readFileSync(`/proc/${process.pid}/comm`, 'utf8').trimEnd();
  expect(names.at(tasks.comm(process.pid))).toBe(comm);
  expect(tasks.tgid(process.pid)).toBe(process.pid);
});
