/** Shows the page in the browser of the user. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Opens the page by a file that leads to it and that only this user can read: other users see the
 * arguments of a process, and with them the token in an address.
 * @returns removes the file
 */
export function openInBrowser(url: string, onFailure: () => void): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'vfr-serve-'));
  const file = join(folder, 'open.html');
  const page = `<!doctype html><meta http-equiv="refresh" content="0;url=${url}">`;
  writeFileSync(file, page, { mode: 0o600 });
  const child = spawn('xdg-open', [file], { stdio: 'ignore', detached: true });
  child.on('error', onFailure);
  child.on('exit', (code) => {
    if (code !== 0) onFailure();
  });
  child.unref();
  return () => rmSync(folder, { recursive: true, force: true });
}
