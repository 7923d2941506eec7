/** The file that an output becomes, and what it keeps of the one that it replaces. */
import {
  fchmodSync,
  fchownSync,
  lstatSync,
  readlinkSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname, isAbsolute } from 'node:path';
import { type Destination, refuseInputs } from './destination.js';
import { VfrError } from './errors.js';

/** Recordings tell of addresses, programs and their arguments: nobody else's business. */
const PRIVATE = 0o600;

export interface FinalFile {
  /** The file itself, where the user named a link to it. */
  readonly path: string;
  /** The file that is there now. */
  readonly before: Stats | undefined;
}

/** @throws VfrError when the output is a folder or one of the inputs */
export function finalFile(destination: Destination): FinalFile {
  const { file } = destination;
  refuseInputs(destination);
  const before = statSync(file, { throwIfNoEntry: false });
  if (before?.isDirectory() === true) {
    const [problem, next] = ['the output is a directory', 'Name a file.'];
    throw new VfrError('OUTPUT_IS_DIRECTORY', problem, next, { file });
  }
  return { path: before === undefined ? followed(file) : realpathSync(file), before };
}

/** Links that Linux follows in one path (MAXSYMLINKS, include/linux/namei.h, 6.1). */
const LINKS_MAX = 40;

/** Where a link leads to though nothing is there yet: the link is to stay. */
function followed(file: string): string {
  let path = file;
  for (let n = 0; n < LINKS_MAX; n++) {
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() !== true) break;
    const target = readlinkSync(path);
    // Not joined: what `..` means behind a folder that is a link itself is for the kernel to say.
    path = isAbsolute(target) ? target : `${dirname(path)}/${target}`;
  }
  return path;
}

/** Gives an open file the owner and the permissions that it should have under its final name. */
export function setAccess(fd: number, { path }: FinalFile, mode: number | undefined): void {
  const before = statSync(path, { throwIfNoEntry: false });
  if (before !== undefined) giveOwner(fd, before);
  fchmodSync(fd, mode ?? (before === undefined ? PRIVATE : before.mode & 0o777));
}

/** Best effort: only root may give a file away, and its group only to whom it belongs. */
function giveOwner(fd: number, { uid, gid }: Stats): void {
  for (const owner of [uid, -1]) {
    try {
      fchownSync(fd, owner, gid);
      return;
    } catch {
      // The file stays the user's own, as every new one.
    }
  }
}
