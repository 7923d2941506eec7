/** Real recordings for tests, imported once per test file. */
import { join } from 'node:path';
import { importInput } from '../recorder/index.js';
import { TraceReader } from '../traces/index.js';
import { scratchFolder } from './scratch.js';

const imported = new Map<string, string>();
let directory: string | null = null;

/** Path of the trace made of a capture in tests/data/captures. */
export function importedCapturePath(capture: string): string {
  let output = imported.get(capture);
  if (output === undefined) {
    directory ??= scratchFolder();
    output = join(directory, `${capture}.arrows`);
    const folder = join('tests/data/captures', capture);
    importInput({
      input: join(folder, 'trace.txt.zst'),
      output,
      snapshot: join(folder, 'state-before'),
    });
    imported.set(capture, output);
  }
  return output;
}

export const importedCapture = (capture: string): TraceReader =>
  TraceReader.open(importedCapturePath(capture));
