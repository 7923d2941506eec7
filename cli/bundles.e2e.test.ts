/** Goal: a bundle repeats the verdict of its trace, and a damaged or other one says so. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { importedCapturePath } from '../tests/captures.js';
import { scratchFolder } from '../tests/scratch.js';
import { vfrInProcess } from '../tests/vfr-in-process.js';
import { MemorySink, rewriteTrace, TraceReader, TraceWriter } from '../traces/index.js';

const folder = scratchFolder();
const inFolder = (name: string) => join(folder, name);

async function bundled(trace: string, name: string): Promise<string> {
  const file = inFolder(name);
  expect((await vfrInProcess(['bundle', trace, '-o', file])).code).toBe(0);
  return file;
}

async function recorded(): Promise<string> {
  const trace = inFolder('run.arrows');
  await vfrInProcess(['record', '--scenario', 'two-binders', '--seed', '3', '-o', trace]);
  return trace;
}

test('the bundle of a capture repeats the verdict, which is that of its trace', async () => {
  const trace = importedCapturePath('iommufd-cdev-r1');
  const replayed = JSON.parse((await vfrInProcess(['replay', trace, '--json'])).stdout);
  const file = await bundled(trace, 'capture.vfr');
  const { code, stdout } = await vfrInProcess(['run', file, '--json']);
  const { verdict, expected, equal } = JSON.parse(stdout);
  expect({ code, equal, verdict }).toEqual({ code: 0, equal: true, verdict: expected });
  const { events, matched, diverged, unmodelled, unknown } = replayed;
  expect(expected).toMatchObject({ events, matched, diverged, unmodelled, unknown });
});

test('the bundle of a run of a scenario repeats its outcome and its seed', async () => {
  const file = await bundled(await recorded(), 'run.vfr');
  const { code, stdout } = await vfrInProcess(['run', file, '--json']);
  const { verdict, equal, seed } = JSON.parse(stdout);
  expect({ code, equal, seed }).toEqual({ code: 0, equal: true, seed: 3 });
  expect(Object.keys(verdict.outcome.drivers)).toEqual(['0000:42:00.0']);
});

test('a bundle is a trace that other commands read', async () => {
  const file = await bundled(await recorded(), 'trace.vfr');
  expect((await vfrInProcess(['verify', file])).code).toBe(0);
});

test('what was redacted is printed in words, and what was not there is left out', async () => {
  const trace = importedCapturePath('iommufd-cdev-r1');
  const out = inFolder('printed.vfr');
  const { stderr } = await vfrInProcess(['bundle', trace, '-o', out]);
  const line = /^redacted: .*$/m.exec(stderr)?.[0];
  expect(line).toMatch(/^redacted: (\d+ [a-zA-Z ]+, )*1 path$/);
  expect(line).not.toMatch(/\b0 |[a-z][A-Z]/);
  const kept = await vfrInProcess(['bundle', trace, '--no-redact', '-o', out]);
  expect(kept.stderr).toContain('nothing was redacted');
});

test('a bundle with another verdict ends with code 1', async () => {
  const file = await bundled(await recorded(), 'whole.vfr');
  const part = inFolder('part.vfr');
  expect((await vfrInProcess(['cut', file, '--seq', '0..9', '-o', part])).code).toBe(0);
  const { code, stdout } = await vfrInProcess(['run', part]);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^events +expected 20, here 10$/m);
});

/** A copy of a trace with other notes. */
function withNotes(file: string, name: string, change: (notes: Notes) => Notes): string {
  const reader = TraceReader.open(file);
  const sink = new MemorySink();
  const writer = new TraceWriter(sink, { ...reader.meta, notes: change(reader.meta.notes) });
  rewriteTrace(reader, writer, {});
  writer.finish();
  reader.close();
  writeFileSync(inFolder(name), sink.bytes());
  return inFolder(name);
}
type Notes = Readonly<Record<string, string>>;

test('a bundle of another model is run, and stderr says so', async () => {
  const file = withNotes(await bundled(await recorded(), 'own.vfr'), 'other.vfr', (notes) => ({
    ...notes,
    bundle: JSON.stringify({ ...JSON.parse(notes.bundle), model: '0123456789abcdef' }),
  }));
  const { code, stderr } = await vfrInProcess(['run', file]);
  expect(code).toBe(0);
  expect(stderr).toMatch(/^WARNING: made by another version of the model: .*0123456789abcdef/m);
});

test('a damaged bundle ends with code 3', async () => {
  const file = await bundled(await recorded(), 'sound.vfr');
  const bytes = readFileSync(file);
  writeFileSync(inFolder('cut.vfr'), bytes.subarray(0, bytes.length - 100));
  const { code, stderr } = await vfrInProcess(['run', inFolder('cut.vfr')]);
  expect(code).toBe(3);
  expect(stderr).toContain('BUNDLE_DAMAGED');
});

test('a trace without verdict is no bundle', async () => {
  const { code, stderr } = await vfrInProcess(['run', await recorded()]);
  expect(code).toBe(3);
  expect(stderr).toContain('BUNDLE_INVALID');
});

test('redaction that would change the verdict or the schedule is refused', async () => {
  // The host has the name of a driver.
  const trace = withNotes(await recorded(), 'host.arrows', (notes) => ({
    ...notes,
    host: 'ixgbe',
  }));
  const args = ['bundle', trace, '-o', inFolder('none.vfr')];
  const { code, stderr } = await vfrInProcess(args);
  expect(code).toBe(3);
  expect(stderr).toContain('BUNDLE_REDACTION');
  expect((await vfrInProcess([...args, '--no-redact'])).code).toBe(0);
});

test('a damaged trace is not bundled', async () => {
  const bytes = readFileSync(await recorded());
  writeFileSync(inFolder('cut.arrows'), bytes.subarray(0, bytes.length - 100));
  const args = ['bundle', inFolder('cut.arrows'), '-o', inFolder('none.vfr')];
  const { code, stderr } = await vfrInProcess(args);
  expect(code).toBe(3);
  expect(stderr).toContain('vfr repair');
});
