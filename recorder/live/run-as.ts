/**
 * The user that the recorded command runs as. Recording requires root; the recorded command usually
 * does not, and should not get these rights because it is recorded.
 */
import { spawnSync } from 'node:child_process';
import { VfrError } from '../../traces/index.js';

/** A user to run a command as. */
export interface RunAs {
  readonly uid: number;
  readonly gid: number;
  /** Name, home and shell of the user database; null for a number that it does not have. */
  readonly account: Account | null;
}

interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

const ID = /^\d{1,10}$/;
/** Larger numbers mean "unchanged" (-1 as an unsigned number) or are invalid. */
const ID_MAX = 2 ** 32 - 2;
const FORM = 'Give it as NAME, UID or UID:GID.';

const refused = (what: string, next: string) => new VfrError('RECORD_OPTION', what, next);

/** Looks a user up by name or number, wherever this system keeps its users. */
export type Lookup = (user: string) => Account | null;

const getent: Lookup = (user) => {
  const { stdout, status } = spawnSync('getent', ['passwd', '--', user], { encoding: 'utf8' });
  const [name, , uid, gid, , home, shell] = (stdout ?? '').split('\n')[0]!.split(':');
  if (status !== 0 || name === undefined || home === undefined || shell === undefined) return null;
  return { name, uid: Number(uid), gid: Number(gid), home, shell };
};

function parseId(text: string): number {
  const id = ID.test(text) ? Number(text) : Number.NaN;
  if (id <= ID_MAX) return id;
  throw refused(`"${text}" is no id`, FORM);
}

/**
 * Reads `NAME`, `NAME:GID`, `UID` or `UID:GID`.
 * @throws VfrError when there is no such user, or a number needs its group
 */
export function parseUser(text: string, lookup: Lookup = getent): RunAs {
  const [user = '', group, ...more] = text.split(':');
  if (user === '' || more.length > 0) throw refused(`"${text}" is no user`, FORM);
  const account = lookup(user);
  if (account === null && !ID.test(user)) throw refused(`there is no user "${user}"`, FORM);
  const uid = account?.uid ?? parseId(user);
  if (group === undefined && account === null) {
    throw refused(`no user has the id ${uid}, so its group is not known`, 'Give it as UID:GID.');
  }
  return { uid, gid: group === undefined ? account!.gid : parseId(group), account };
}

/**
 * The user to run a command as: `asked`; or, when sudo made this process root, the user who called
 * sudo; or null for that of this process. sudo itself sets SUDO_UID and SUDO_GID; a user who could
 * fake them is root already.
 */
export function runAs(
  asked: string | undefined,
  env: NodeJS.ProcessEnv,
  isRoot: boolean,
  lookup: Lookup = getent,
): RunAs | null {
  if (asked !== undefined) {
    const user = parseUser(asked, lookup);
    if (isRoot) return user;
    throw refused('only root can run a command as another user', 'Run it with sudo.');
  }
  const { SUDO_UID: uid, SUDO_GID: gid } = env;
  if (!isRoot || uid === undefined || gid === undefined) return null;
  if (!ID.test(uid) || !ID.test(gid) || Number(uid) === 0) return null;
  return parseUser(`${uid}:${gid}`, lookup);
}

/**
 * The command line that runs a command with a user's ids and the groups of the user database
 * (initgroups(3)), since access to /dev/vfio is usually granted by a group. setpriv becomes the
 * command, so the recorder follows the right process.
 */
export function commandAs(user: RunAs | null, command: readonly string[]): string[] {
  if (user === null || command.length === 0) return [...command];
  const groups = user.account === null ? '--clear-groups' : '--init-groups';
  const reuid = user.account?.name ?? String(user.uid);
  return ['setpriv', `--reuid=${reuid}`, `--regid=${user.gid}`, groups, '--', ...command];
}

/** The environment with the user's name, home and shell in it. */
export function environmentOf(user: RunAs | null, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (user?.account == null) return env;
  const { name, home, shell } = user.account;
  return { ...env, USER: name, LOGNAME: name, HOME: home, SHELL: shell };
}
