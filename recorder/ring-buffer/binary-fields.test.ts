/**
 * Goal: an event whose format cannot be followed still shows all of its fields.
 * Method: a record of raw_syscalls:sys_enter with the format of Linux 6.18, which prints
 * `NR 12 (7ffd437eadbc, 0, 37f, 0, 0, 0)` of it.
 */
import { expect, test } from 'vitest';
import { BinaryFields } from './binary-fields.js';
import { parseEventFormat } from './event-format.js';

const FORMAT = `name: sys_enter
ID: 443
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

\tfield:long id;\toffset:8;\tsize:8;\tsigned:1;
\tfield:unsigned long args[6];\toffset:16;\tsize:48;\tsigned:0;

print fmt: "NR %ld (%lx, %lx)", REC->id, REC->args[0], REC->args[1]
`;

test('numbers of an array are shown, and only what is cut is a fault', () => {
  const format = parseEventFormat(FORMAT, 'format');
  const view = new DataView(new ArrayBuffer(64));
  view.setBigInt64(8, 12n, true);
  for (const [i, value] of [0x7ffd437eadbcn, 0n, 0x37fn].entries()) {
    view.setBigUint64(16 + 8 * i, value, true);
  }
  const fields = new BinaryFields(true);
  fields.load({ view, offset: 0, length: 64 }, format, []);
  expect(fields.raw()).toBe('id=12 args={0x7ffd437eadbc,0x0,0x37f,0x0,0x0,0x0}');
  fields.load({ view, offset: 0, length: 60 }, format, []);
  expect(fields.raw()).toBe('id=12 args=(fault)');
});
