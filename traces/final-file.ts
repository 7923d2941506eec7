/**
 * The file that an output becomes, and the attributes that it inherits from the file it replaces.
 */
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

/** Recordings contain addresses, programs and their arguments, which other users must not see. */
const PRIVATE = 0o600;

export interface FinalFile {
  /** The file itself, if the user named a link to it. */
  readonly path: string;
  /** The file that exists now. */
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

/** Where a link points, even if nothing is there yet: the link must survive. */
function followed(file: string): string {
  let path = file;
  for (let n = 0; n < LINKS_MAX; n++) {
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() !== true) break;
    const target = readlinkSync(path);
    // Not joined: only the kernel knows what `..` means after a folder that is itself a link.
    path = isAbsolute(target) ? target : `${dirname(path)}/${target}`;
  }
  return path;
}

/** Gives an open file the owner and the permissions that its final name requires. */
export function setAccess(fd: number, { path }: FinalFile, mode: number | undefined): void {
  const before = statSync(path, { throwIfNoEntry: false });
  if (before !== undefined) giveOwner(fd, before);
  fchmodSync(fd, mode ?? (before === undefined ? PRIVATE : before.mode & 0o777));
}

/**
 * Best effort: only root may change the owner of a file, and others only to a group of their own.
 */
function giveOwner(fd: number, { uid, gid }: Stats): void {
  for (const owner of [uid, -1]) {
    try {
      fchownSync(fd, owner, gid);
      return;
    } catch {
      // The file then belongs to the user, like every new file.
    }
  }
}
