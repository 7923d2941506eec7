/**
 * Goal: `vfr browse` ends when it is told to, whatever it does, on any terminal, and gives the
 * terminal back.
 * Method: the built program on a pseudo terminal. A script waits for a text on the screen before it
 * types, so that nothing depends on how fast the machine is.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildTrace, scratchFolder } from '../../tests/build-trace.js';
import { PROGRAM } from '../../tests/vfr.js';

/** Plays steps of [text to wait for, keys] and prints what came of it as JSON. */
const PLAYER = `
import fcntl, json, os, pty, select, signal, struct, sys, termios, time
steps, rows, columns, command = json.loads(sys.argv[1])
pid, fd = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
output = b''
missing = None
closed = False
end = time.time() + 40
def read():
    global output, closed
    if not select.select([fd], [], [], 0.05)[0]: return
    try: part = os.read(fd, 65536)
    except OSError: part = b''
    closed = closed or part == b''
    output += part
for text, keys in steps:
    while text.encode() not in output and not closed and time.time() < end: read()
    if text.encode() not in output:
        missing = text
        break
    for key in keys:
        os.write(fd, key.encode())
        time.sleep(0.02)
    output = b'' if keys else output
while not closed and time.time() < end: read()
code = None
if closed:
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
else:
    os.kill(pid, signal.SIGKILL)
print(json.dumps({'code': code, 'missing': missing, 'output': output.decode('utf-8', 'replace')}))
`;

interface Played {
  readonly code: number | null;
  readonly missing: string | null;
  readonly output: string;
}

type Step = readonly [text: string, keys: readonly string[]];

const folder = scratchFolder();
const trace = join(folder, 't.arrows');
writeFileSync(
  trace,
  buildTrace(Array.from({ length: 300 }, (_, i) => ({ kind: 'mark', text: `mark ${i}` }) as const)),
);

function play(
  steps: readonly Step[],
  { rows = 30, columns = 100, env = {} }: { rows?: number; columns?: number; env?: object } = {},
): Played {
  const command = [process.execPath, PROGRAM, 'browse', trace];
  const plan = JSON.stringify([steps, rows, columns, command]);
  const { stdout, stderr } = spawnSync('python3', ['-c', PLAYER, plan], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Played;
}

/** A condition that takes hours. */
const ENDLESS = 'seq < (SELECT count(*) FROM range(10000000) a, range(10000000) b)';
const hasPython = spawnSync('python3', ['--version']).status === 0;
const GIVEN_BACK = '\u001b[?1049l';

describe.skipIf(!hasPython)('vfr browse on a terminal', () => {
  const filter: Step = ['1/300', [...`f${ENDLESS}`, '\r']];

  test('vfr browse on a terminal ends by q while a filter runs', () => {
    const { code, missing, output } = play([filter, ['Looking', ['q']]]);
    expect({ code, missing }).toEqual({ code: 0, missing: null });
    expect(output).toContain(GIVEN_BACK);
  });

  test('vfr browse on a terminal stops a filter by Esc, and goes on', () => {
    const played = play([
      filter,
      ['Looking', ['\u001b']],
      ['? keys', ['G']],
      ['300/300', [...'fseq = 7', '\r']],
      ['1/1 of 300', ['q']],
    ]);
    expect(played).toMatchObject({ code: 0, missing: null });
  });

  test('vfr browse on a terminal takes one condition and no statements', () => {
    const played = play([
      ['1/300', [...'ftrue); DROP VIEW events; SELECT (1', '\r']],
      ['syntax error', [...'fseq = 7', '\r']],
      ['1/1 of 300', ['q']],
    ]);
    expect(played).toMatchObject({ code: 0, missing: null });
  });

  test.each([
    [0, 0],
    [24, 0],
    [0, 80],
    [24, 1],
    [1, 1],
    [3, 7],
  ])('vfr browse on a terminal of %i rows and %i columns is no reason to crash', (rows, columns) => {
    const { code, output } = play(
      [
        ['\u001b[?25l', []],
        ['t', ['q']],
      ],
      { rows, columns },
    );
    expect(code).toBe(0);
    expect(output).not.toContain('internal error');
  });

  test('vfr browse on a terminal does not care for developers’ variables', () => {
    const played = play([['1/300', ['q']]], { env: { DEV: 'true' } });
    expect(played).toMatchObject({ code: 0, missing: null });
    expect(played.output).not.toMatch(/devtools|DEV/);
  });
});
