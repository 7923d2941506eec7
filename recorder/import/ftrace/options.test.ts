/**
 * Goal: what options of ftrace change in its text changes nothing in the events.
 * Method: records as Linux 6.18 printed them from one buffer under each option, against each other
 * and against the values that its plain text shows.
 */
import { describe, expect, test } from 'vitest';
import { importBytes } from '../../../tests/import-bytes.js';
import { ftraceText } from './index.js';

const importText = (lines: readonly string[]) =>
  importBytes(ftraceText, Buffer.from(`${lines.join('\n')}\n`));
const clockOf = (lines: readonly string[]) =>
  ftraceText.meta({ head: Buffer.from(`${lines.join('\n')}\n`) } as never).clock;

const PLAIN = [
  '         python3-25819   [000] ..... 15396.771786: sys_openat(dfd: 0xffffff9c, filename: 0x7f541ca080b1, flags: 0x80000, mode: 0x0)',
  '         python3-25819   [000] ..... 15396.771795: sys_openat -> 0xfffffffffffffffe',
];

test('fields: system calls have their arguments and what they returned', () => {
  const { rows, report } = importText([
    '         python3-25819   [000] ..... 15396.771786: sys_enter_openat: __syscall_nr=0x101 (257) dfd=0xffffff9c (4294967196) filename=(0xffff8882c6ed101c) flags=0x80000 (524288) mode=0x0 (0)',
    '         python3-25819   [000] ..... 15396.771795: sys_exit_openat: __syscall_nr=0x101 (257) ret=0xfffffffffffffffe (-2)',
  ]);
  expect(report.unparsed).toBe(0);
  const plain = importText(PLAIN).rows;
  // The kernel prints its own copy of the name's address here.
  const text = 'dfd: 0xffffff9c, filename: 0xffff8882c6ed101c, flags: 0x80000, mode: 0x0';
  expect(rows).toEqual([{ ...plain[0], text }, plain[1]]);
  expect(plain[1].ret).toBe(-2n);
});

test('fields: what the kernel does not print is kept with its origin', () => {
  const line = '              sh-25817   (  25817) [001] ..... 15396.770972: UNKNOWN TYPE 4';
  const { rows, report } = importText([line]);
  expect(report.unparsed).toBe(1);
  expect(rows).toMatchObject([
    { kind: 'log', ts: 15_396_770_972_000n, cpu: 1, tid: 25817, task: 'sh', text: line },
  ]);
});

test('sym-addr and sym-offset: marks are marks', () => {
  const origin = '         python3-25819   [000] ...1. 15396.941067: ';
  const places = ['', ' <ffffffff8149ab1a>', '+0x1a/0x30', '+0x1a/0x30 <ffffffff8149ab1a>'];
  for (const place of places) {
    const { rows } = importText([`${origin}tracing_mark_write${place}: two`, 'lines']);
    expect(rows).toMatchObject([
      { kind: 'mark', tid: 25819, text: 'two' },
      { kind: 'log', text: 'lines' },
    ]);
  }
  const call = importText([`${origin}tracing_mark_write <-vfs_write`]);
  expect([call.rows.length, call.report.records]).toEqual([0, { function: 1 }]);
});

describe('times', () => {
  const message = 'sys_openat -> 0x3';
  const who = '      sh-19240     1..... ';
  const verbose = '              sh   19240   1 0 00000000 00000001 ';
  test.each<[string, string, bigint, string]>([
    [
      'seconds',
      `              sh-19240   [001] ..... 16538.648353: `,
      16_538_648_353_000n,
      'unknown',
    ],
    ['latency-format', `${who}16229us+: `, 16_229_000n, 'relative'],
    ['verbose', `${verbose}[3d9c7bf21] 16.229ms (+0.068ms): `, 16_538_648_353_000n, 'unknown'],
    ['a counter', '              sh-19240   [001] .....        20596: ', 20_596n, 'ticks'],
    ['a counter in latency-format', `${who}   2: `, 2n, 'ticks'],
    ['a counter in verbose', `${verbose}[0000000000005074] 2 (+1): `, 20_596n, 'ticks'],
    [
      'trace-cmd, cycles',
      '         load.sh-16177 [001]38684535132322: ',
      38_684_535_132_322n,
      'ticks',
    ],
    [
      'trace-cmd report -l',
      ' load.sh-16113   0d.h2. 14897.894914: ',
      14_897_894_914_000n,
      'unknown',
    ],
  ])('times are read in the form of %s', (_, prefix, ts, clock) => {
    const lines = [prefix + message, prefix + message];
    const { rows, report } = importText(lines);
    expect(report.unparsed).toBe(0);
    expect(rows.map((row) => row.ts)).toEqual([ts, ts]);
    expect(clockOf(lines)).toBe(clock);
  });
});

test('the name of a task may have a newline in an event that the catalogue lacks', () => {
  const { rows, report } = importText([
    '            node-15923   [000] d..2. 15346.656472: sched_switch: prev_comm=node prev_pid=15923 prev_prio=120 prev_state=R ==> next_comm=node next_pid=15934 next_prio=120',
    '             new',
    'line-25862   [001] d..2. 15396.957506: sched_switch: prev_comm=new',
    'line prev_pid=25862 prev_prio=120 prev_state=S ==> next_comm=node next_pid=25796 next_prio=120',
    '          <idle>-0       [000] d..2. 15396.959586: sched_switch: prev_comm=swapper/0 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=new',
    'line next_pid=25862 next_prio=120',
    'what=else is printed here',
  ]);
  expect(report).toMatchObject({ records: { sched_switch: 3 }, unparsed: 1 });
  expect(rows.map((row) => [row.task, row.text])).toEqual([
    [
      'node',
      'prev_comm=node prev_pid=15923 prev_prio=120 prev_state=R ==> next_comm=node next_pid=15934 next_prio=120',
    ],
    [
      'new\nline',
      'prev_comm=new\nline prev_pid=25862 prev_prio=120 prev_state=S ==> next_comm=node next_pid=25796 next_prio=120',
    ],
    [
      '<idle>',
      'prev_comm=swapper/0 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=new\nline next_pid=25862 next_prio=120',
    ],
    [undefined, 'what=else is printed here'],
  ]);
});

test('text with stacks and no header is known by the records between them', () => {
  const stack = Array.from({ length: 20 }, (_, i) => ` => function_${i}`);
  const lines = [PLAIN[0], PLAIN[0].replace(/sys_openat.*/, '<stack trace>'), ...stack];
  expect(ftraceText.detect(Buffer.from(`${lines.join('\n')}\n`), 'x')).toBeGreaterThan(0.5);
  expect(importText(lines).rows.map((row) => row.name)).toEqual(['openat', 'kernel_stack']);
});
