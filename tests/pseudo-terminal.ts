/** Plays what a user does on a pseudo terminal. Needs Python. */
import { spawnSync } from 'node:child_process';
import { expect } from 'vitest';
import { PROGRAM } from './vfr.js';

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

/** What came of it: the exit code, a text that did not come, and the output after the last step. */
export interface Played {
  readonly code: number | null;
  readonly missing: string | null;
  readonly output: string;
}

/** Waits for a text, then types keys. */
export type Step = readonly [text: string, keys: readonly string[]];

export const hasPython = spawnSync('python3', ['--version']).status === 0;

/** Runs the built program with some arguments on a terminal of a size. */
export function playOnTerminal(
  args: readonly string[],
  steps: readonly Step[],
  { rows = 30, columns = 100, env = {} }: { rows?: number; columns?: number; env?: object } = {},
): Played {
  const plan = JSON.stringify([steps, rows, columns, [process.execPath, PROGRAM, ...args]]);
  const { stdout, stderr } = spawnSync('python3', ['-c', PLAYER, plan], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Played;
}
