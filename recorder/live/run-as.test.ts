/**
 * Goal: a recorded command gets the rights that were meant for it, and never more by a mistake.
 * Method: users as they are asked for, with a user database of our own; and, as root, a command
 * that says who it is.
 */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { VfrError } from '../../traces/index.js';
import { commandAs, environmentOf, type Lookup, parseUser, runAs } from './run-as.js';

const ANNA = { name: 'anna', uid: 1000, gid: 100, home: '/home/anna', shell: '/bin/sh' };
const ROOT = { name: 'root', uid: 0, gid: 0, home: '/root', shell: '/bin/sh' };
const lookup: Lookup = (user) =>
  [ANNA, ROOT].find(({ name, uid }) => user === name || user === String(uid)) ?? null;

test('names and numbers', () => {
  expect(parseUser('anna', lookup)).toEqual({ uid: 1000, gid: 100, account: ANNA });
  expect(parseUser('1000:7', lookup)).toEqual({ uid: 1000, gid: 7, account: ANNA });
  expect(parseUser('4711:7', lookup)).toEqual({ uid: 4711, gid: 7, account: null });
});

test.each([
  '',
  ':',
  'nobody-here',
  '4711',
  '-1:0',
  '4294967295:0',
  '1:2:3',
  'anna:wheel',
  '0x0',
])('no user is called "%s"', (text) => expect(() => parseUser(text, lookup)).toThrow(VfrError));

test('under sudo it is the one who called sudo, unless another is asked for', () => {
  const sudo = { SUDO_UID: '1000', SUDO_GID: '100' };
  expect(runAs(undefined, sudo, true, lookup)?.uid).toBe(1000);
  expect(runAs('root', sudo, true, lookup)?.uid).toBe(0);
  expect(runAs(undefined, {}, true, lookup)).toBeNull();
  expect(runAs(undefined, { SUDO_UID: '0', SUDO_GID: '0' }, true, lookup)).toBeNull();
  expect(runAs(undefined, { SUDO_UID: '1000; id', SUDO_GID: '1' }, true, lookup)).toBeNull();
  expect(runAs(undefined, sudo, false, lookup)).toBeNull();
  expect(() => runAs('anna', {}, false, lookup)).toThrow(VfrError);
});

test('groups are those of the user database; a number without a user has none', () => {
  const known = commandAs(parseUser('anna', lookup), ['id']);
  expect(known).toEqual(['setpriv', '--reuid=anna', '--regid=100', '--init-groups', '--', 'id']);
  expect(commandAs(parseUser('4711:7', lookup), ['id'])).toContain('--clear-groups');
  expect(commandAs(null, ['id'])).toEqual(['id']);
  const env = environmentOf(parseUser('anna', lookup), { HOME: '/root', X: '1' });
  expect(env).toMatchObject({ HOME: '/home/anna', USER: 'anna', X: '1' });
});

const canSwitch = process.geteuid?.() === 0 && spawnSync('setpriv', ['--version']).status === 0;

test.skipIf(!canSwitch)('a command has the ids and the groups of its user', () => {
  const [program, ...args] = commandAs({ uid: 4711, gid: 4712, account: null }, ['id']);
  const { stdout } = spawnSync(program!, args, { encoding: 'utf8' });
  expect(stdout).toMatch(/^uid=4711 gid=4712 groups=4712\n$/);
  const [nobody, ...more] = commandAs(parseUser('nobody'), ['id', '-u']);
  expect(spawnSync(nobody!, more, { encoding: 'utf8' }).stdout).toBe(
    `${parseUser('nobody').uid}\n`,
  );
});
