/** Folders for what tests and measurements write; nothing of them stays. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders = new Set<string>();
process.once('exit', removeScratch);

/** A folder that is removed when the test file, or else the process, ends. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vfr-test-'));
  folders.add(folder);
  return folder;
}

export function removeScratch(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  folders.clear();
}
