/**
 * Programs that read the same files as an import, to compare with: what trace-cmd needs for its
 * report, and for logs the least that others do with each line.
 */
import { spawnSync } from 'node:child_process';

export interface Peer {
  readonly what: string;
  readonly program: string;
  readonly args: readonly string[];
}

const PYTHON = [
  'import sys, re',
  'number = re.compile(rb"0x[0-9a-f]+|\\d+")',
  'n = 0',
  'for line in open(sys.argv[1], "rb"):',
  '    if b"vfio" in line: n += len(number.findall(line))',
  'print(n)',
].join('\n');

const has = (program: string) =>
  spawnSync(program, ['--help'], { stdio: 'ignore' }).error === undefined;

/** The peers for a file that this machine has. */
export function peersOf(file: string, isTraceDat: boolean): readonly Peer[] {
  const peers: readonly Peer[] = isTraceDat
    ? [{ what: 'trace-cmd report', program: 'trace-cmd', args: ['report', '-i', file] }]
    : [
        { what: '`wc -l`', program: 'wc', args: ['-l', file] },
        // Into a pipe: grep stops at the first match when nobody can see how many there are.
        {
          what: '`grep -c vfio`',
          program: 'sh',
          args: ['-c', 'grep -c vfio "$0" | cat', file],
        },
        {
          what: 'python3, numbers of lines with `vfio`',
          program: 'python3',
          args: ['-c', PYTHON, file],
        },
      ];
  return peers.filter(({ program }) => has(program));
}
