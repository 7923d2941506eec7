/**
 * Goal: nothing that a trace or a file is called reaches a terminal as anything but text, whichever
 * command shows it. Method: every command on a trace in which each dictionary, each text and the
 * metadata hold what terminals obey, of a name that does, too; both streams are looked at byte by
 * byte, and JSON is read back.
 */
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildTrace, type EventRow, scratchFolder } from '../tests/build-trace.js';
import { vfrInProcess } from '../tests/vfr-in-process.js';
import { KINDS, type Kind } from '../traces/index.js';
import { setColor } from './output.js';
import { painted, printable, screenText } from './printable.js';
import { createProgram } from './program.js';

/** One of each sort, between letters that show where it was. */
const EVIL = [
  '\u001b[35mA',
  '\u001b]0;B\u0007',
  '\u009b2JC',
  '\rD',
  '\nE',
  '\tF',
  '\u0000G',
  '\u007fH',
  '\u202eI\u2066J\u2069',
  '\u200bK\u200f\ufeff',
  '\ufdd01\ufdd1L',
  '\u{e0041}M',
  '\u2028N',
].join('');
const SAFE_CONTROLS = new Set(['\n']);
const FORBIDDEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufdd0-\ufdef\ufeff\u{e0000}-\u{e0fff}]|\p{Cs}/gu;

const device = `0000:01:00.1`;
const evil = (kind: Kind, i: number): EventRow => ({
  kind,
  task: `t${EVIL}`,
  tid: 7,
  cpu: 0,
  device: i % 2 === 0 ? device : `d${EVIL}`,
  driver: `r${EVIL}`,
  path: `p${EVIL}`,
  name: `n${EVIL}`,
  text: `x${EVIL}`,
  ret: 0n,
  value: 1n,
  data: Uint8Array.of(27, 91),
});
const SYSFS: EventRow[] = ['bind', 'unbind', 'driver_override', 'new_id'].map((name, i) => ({
  ...evil('sysfs.write', i),
  device,
  name,
}));

const folder = scratchFolder();
const trace = join(folder, `t${EVIL.replaceAll('\u0000', '')}.arrows`);
const damaged = join(folder, `z${EVIL.replaceAll('\u0000', '')}.arrows`);
const text = join(folder, `i${EVIL.replaceAll('\u0000', '')}.txt`);
const output = join(folder, `o${EVIL.replaceAll('\u0000', '')}.arrows`);

beforeAll(() => {
  const rows = [...(Object.keys(KINDS) as Kind[]).filter((k) => k !== 'lost').map(evil), ...SYSFS];
  const notes = { [`k${EVIL}`]: `v${EVIL}` };
  const meta = { writer: `w${EVIL}`, kernel: `6.1${EVIL}`, clock: `c${EVIL}`, notes };
  const bytes = buildTrace(rows, { batchRows: 16, meta });
  writeFileSync(trace, bytes);
  const broken = Buffer.from(bytes);
  broken[broken.length >> 1] ^= 1;
  writeFileSync(damaged, broken.subarray(0, -40));
  const line = (what: string) => `  ev${EVIL.replaceAll('\n', '')}-1 [000] d..1.  1.0: ${what}\n`;
  const lines = [line(`junk${EVIL}`), line(`really_probe: (f+0x0/0x1) dev="x" drv="${EVIL}"`)];
  writeFileSync(text, `# tracer: nop\n#\n${lines.join('')} junk ${EVIL}\n`);
});

const SQL = 'FROM events ORDER BY seq';
const EXTRA: Record<string, readonly (readonly string[])[]> = {
  sql: [
    [SQL],
    [SQL, '--json'],
    [SQL, '--format', 'jsonl'],
    [SQL, '--format', 'csv'],
    [`SELECT 1 AS "${EVIL.replaceAll('\u0000', '')}"`],
    [`SELECT '${EVIL}`],
    [`SELECT error('${EVIL.replaceAll('\u0000', '')}')`],
  ],
  events: [[], ['--json'], ['--format', 'jsonl'], ['--format', 'csv'], ['--where', `${EVIL}`]],
  replay: [
    [],
    ['--json'],
    ['--state'],
    ['--watch', `${EVIL}`],
    ['--watch', device],
    ['--state', EVIL],
  ],
  cut: [
    ['-o', output],
    ['-o', output, '--json', '--device', '01:00.1'],
    ['--device', EVIL],
    ['--kind', EVIL],
  ],
  repair: [
    ['-o', output],
    ['-o', output, '--json'],
  ],
};
const JSON_TOO = new Set(['info', 'verify', 'races']);
const traceCommands = createProgram()
  .commands.filter((c) => ['trace', 'traces'].includes(c.registeredArguments[0]?.name()))
  .map((c) => c.name())
  .filter((name) => name !== 'debug');

function expectHarmless(stream: string): void {
  const found = [...stream.matchAll(FORBIDDEN)]
    .map(([c]) => c)
    .filter((c) => !SAFE_CONTROLS.has(c));
  expect(found.map((c) => JSON.stringify(c))).toEqual([]);
  // A line break of a trace would begin a line with what follows it there.
  expect(stream).not.toMatch(/^E/m);
}

async function harmless(...args: string[]) {
  const outcome = await vfrInProcess(args);
  const { code } = outcome;
  expect(code, outcome.stderr).not.toBe(70);
  if (!args.includes('csv')) expectHarmless(outcome.stdout);
  else expectHarmless(outcome.stdout.replaceAll('\nE', ''));
  expectHarmless(outcome.stderr);
  if (args.includes('--json') && Number(code) < 2) JSON.parse(outcome.stdout);
  return outcome;
}

describe.each(traceCommands)('vfr %s', (name) => {
  const given = EXTRA[name] ?? (JSON_TOO.has(name) ? [[], ['--json']] : [['-o', output]]);
  test.each(
    given.map((more) => [more.map(printable).join(' '), more] as const),
  )('a command prints nothing that a terminal obeys: %s', async (_, more) => {
    for (const file of [trace, damaged, `${trace}-none`]) await harmless(name, file, ...more);
  });
});

test.each([
  [],
  ['--json'],
  ['--format', EVIL],
  ['--snapshot', EVIL],
])('vfr import prints nothing that a terminal obeys: %j', async (...more) => {
  await harmless('import', text, '-o', output, ...more);
  await harmless('import', text, text, '-o', output, ...more);
});

test('arguments and unknown commands', async () => {
  await harmless(`--${EVIL}`);
  await harmless(EVIL);
  await harmless('info', trace, EVIL);
});

test('JSON gives the very strings back', async () => {
  const { stdout } = await harmless('events', trace, '--json', '--limit', '1');
  expect(JSON.parse(stdout)[0]).toMatchObject({ text: `x${EVIL}`, task: `t${EVIL}` });
});

test('colours are those of the program, and no trace can make one', async () => {
  copyFileSync(trace, join(folder, 'plain'));
  const { stdout } = await vfrInProcess(['info', join(folder, 'plain'), '--color', 'always']);
  setColor('auto');
  expect(stdout).toContain('\u001b[1mkinds\u001b[0m');
  expectHarmless(stdout.replaceAll('\u001b[1m', '').replaceAll('\u001b[0m', ''));
  const forged = screenText(printable(painted('red', EVIL)));
  expect(forged.match(/\u001b\[\d+m/g)).toEqual(['\u001b[31m', '\u001b[0m']);
});
