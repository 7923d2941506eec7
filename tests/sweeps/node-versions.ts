/**
 * Compares what `vfr replay --json` prints on several versions of Node, byte by byte.
 *
 *   node dist/tests/sweeps/node-versions.js NODE...
 *
 * Each NODE is the path of an executable; the one that runs this script is the reference.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { importInput } from '../../recorder/index.js';
import { scratchFolder } from '../build-trace.js';
import { demand, isProgram } from './options.js';
import { shippedCaptures } from './probes.js';

const VFR = join(import.meta.dirname, '..', '..', 'cli', 'main.js');
const OUTPUT_BYTES_MAX = 256 * 1024 * 1024;

/** What a version of Node prints for a trace, as text. */
export function replayWith(node: string, trace: string): string {
  const options = { encoding: 'utf8', maxBuffer: OUTPUT_BYTES_MAX, stdio: 'pipe' } as const;
  return execFileSync(node, [VFR, 'replay', trace, '--json'], options);
}

/** Replays every capture with each executable; @returns how many were compared */
export function compareNodes(nodes: readonly string[], folders: readonly string[]): number {
  const scratch = scratchFolder();
  for (const [i, folder] of folders.entries()) {
    const output = join(scratch, `${i}.arrows`);
    const input = join(folder, 'trace.txt.zst');
    importInput({ input, output, snapshot: join(folder, 'state-before') });
    const expected = replayWith(process.execPath, output);
    for (const node of nodes) {
      demand(replayWith(node, output) === expected, `${node} replays ${folder} otherwise`);
    }
  }
  return folders.length;
}

if (isProgram(import.meta)) {
  const nodes = process.argv.slice(2);
  demand(nodes.length > 0, 'no executables of Node are given');
  const versions = nodes.map((node) => execFileSync(node, ['--version'], { encoding: 'utf8' }));
  const compared = compareNodes(nodes, shippedCaptures());
  const all = [process.version, ...versions.map((version) => version.trim())].join(', ');
  console.log(`node-versions: ${compared} recordings replay to the same bytes on ${all}`);
}
