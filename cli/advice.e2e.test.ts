/**
 * Goal: what a user asks for and is not there is an error that leads on, and devices and times mean
 * the same in every command. Method: a small trace in which a snapshot comes long before the first
 * event; the answers of several commands are compared.
 */
import {
  copyFileSync,
  linkSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildTrace, type EventRow, scratchFolder, traceFile } from '../tests/build-trace.js';
import { vfr } from '../tests/vfr.js';
import { vfrInProcess } from '../tests/vfr-in-process.js';
import { TraceReader, zeroOf } from '../traces/index.js';

const DEVICE = '000a:01:00.2';
const FIRST = '0000:01:00.2';
const at = (seconds: number) => BigInt(Math.round(seconds * 1e9));
const rows: EventRow[] = [
  { kind: 'snapshot', ts: at(1), device: FIRST, text: '{}' },
  { kind: 'mark', ts: at(11), device: FIRST, text: 'second' },
  { kind: 'mark', ts: at(10), device: DEVICE, text: 'first' },
  { kind: 'mark', ts: at(12), device: FIRST, text: 'third' },
];
const trace = traceFile(rows, { batchRows: 2 });

/** What is left of the trace by `vfr cut`. */
async function cut(...options: string[]) {
  const output = join(scratchFolder(), 'cut.arrows');
  const { code, stderr } = await vfrInProcess(['cut', trace, '-o', output, ...options]);
  if (code !== 0) return { code, stderr };
  const { stdout } = await vfrInProcess(['sql', output, 'SELECT text FROM events', '--json']);
  return { code, texts: JSON.parse(stdout).map((row: { text: string }) => row.text) };
}

describe('times', () => {
  test('times count from the earliest event that is no snapshot, wherever it stands', async () => {
    const reader = TraceReader.open(trace);
    expect(zeroOf(reader)).toBe(at(10));
    reader.close();
    const { stdout } = await vfrInProcess(['info', trace, '--json']);
    expect(JSON.parse(stdout).startNs).toBe(Number(at(10)));
    expect(await cut('--time', '0..1')).toEqual({ code: 0, texts: ['second', 'first'] });
    expect(await cut('--time', '1.5..')).toEqual({ code: 0, texts: ['third'] });
  });

  test('times of a trace of snapshots only have no zero', () => {
    const reader = TraceReader.open(traceFile(rows.slice(0, 1)));
    expect(zeroOf(reader)).toBeNull();
    reader.close();
  });
});

describe('devices', () => {
  test('devices have short names, in any case', async () => {
    expect(await cut('--device', '01:00.2')).toMatchObject({ texts: ['{}', 'second', 'third'] });
    expect(await cut('--device', '000A:01:00.2')).toEqual({ code: 0, texts: ['first'] });
  });

  test('devices that are not there are an error, which says which are', async () => {
    const { code, stderr } = await cut('--device', '02:00.0');
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /no event of the device 02:00\.0[\s\S]*It has 0000:01:00\.2, .*DEVICE_UNKNOWN/,
    );
  });
});

describe('vfr replay', () => {
  const bound = traceFile([
    { kind: 'device.add', device: FIRST, name: 'device_add' },
    { kind: 'mark' },
  ]);
  const capture = { code: 2, stdout: '', stderr: expect.stringContaining('STATE_PATH_UNKNOWN') };

  test.each(['--state', '--watch'])('%s of what never was is an error', async (option) => {
    for (const path of ['foo', '07:00.0/driver']) {
      expect(await vfrInProcess(['replay', bound, option, path])).toMatchObject(capture);
      expect(await vfrInProcess(['replay', bound, option, path, '--json'])).toMatchObject(capture);
    }
  });
});

describe('what is written', () => {
  test.each(['cat', 'cut', 'merge', 'repair'])('%s tells of it as JSON', async (name) => {
    const output = join(scratchFolder(), 'out.arrows');
    const { code, stdout } = await vfrInProcess([name, trace, '-o', output, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ output, events: 4 });
    expect(statSync(output).mode & 0o777).toBe(0o600);
  });

  test('what is written has the permissions that are asked for', async () => {
    const output = join(scratchFolder(), 'out.arrows');
    expect((await vfrInProcess(['cat', trace, '-o', output, '--mode', '644'])).code).toBe(0);
    expect(statSync(output).mode & 0o777).toBe(0o644);
    expect((await vfrInProcess(['cat', trace, '-o', output, '--mode', '8'])).code).toBe(2);
  });

  test('what is written is no input of the command', async () => {
    const folder = scratchFolder();
    const [a, hard, soft, text] = ['a', 'hard', 'soft', 'text'].map((name) => join(folder, name));
    copyFileSync(trace, a);
    linkSync(a, hard);
    symlinkSync(a, soft);
    writeFileSync(text, '# tracer: nop\n#\n  a-1 [000] d..1.  1.0: tracing_mark_write: x\n');
    const commands = [
      ['cat', a],
      ['cut', a],
      ['repair', a],
      ['merge', trace, a],
      ['cat', trace, a],
    ];
    for (const command of commands) {
      for (const output of [a, hard, soft]) {
        const { code, stderr } = await vfrInProcess([...command, '-o', output]);
        expect({ code, refused: stderr.includes('OUTPUT_IS_INPUT') }).toEqual({
          code: 2,
          refused: true,
        });
      }
    }
    for (const inputs of [[text], [text, text]]) {
      const { code } = await vfrInProcess(['import', ...inputs, '-o', text]);
      expect(code).toBe(2);
    }
    const several = await vfrInProcess(['import', text, text, '-o', text]);
    expect(several).toMatchObject({ code: 2, stderr: expect.stringContaining('OUTPUT_IS_INPUT') });
    expect(readFileSync(a).equals(readFileSync(trace))).toBe(true);
    expect(readFileSync(text, 'utf8')).toContain('tracing_mark_write');
  });

  test('what is written is no input by standard streams either', () => {
    const copy = join(scratchFolder(), 'copy');
    writeFileSync(copy, buildTrace(rows));
    const run = vfr(['cat', '/proc/self/fd/0', '-o', copy]);
    expect(run.code).not.toBe(0);
    expect(readFileSync(copy).equals(buildTrace(rows))).toBe(true);
  });
});
