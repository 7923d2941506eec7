/**
 * Goal: a VF token opens what vfio_pci_validate_vf_token of 6.12 opens, and is refused by its errno.
 * Method: each branch of that function, with no token, the right one and another one.
 */
import { expect, test } from 'vitest';
import { ERRNO } from '../../../traces/index.js';
import { refusalOfToken, type TokenHolder, tokenSetBy } from './vf-token.js';

const { EACCES, EINVAL } = ERRNO;
const held = (users: number) => ({ token: 'a', users });
const results = (holder: TokenHolder) =>
  [null, 'a', 'b'].map((given) => refusalOfToken(holder, given)?.[0] ?? 0);

test.each([
  ['vfio-pci/vf-token: a VF of a PF of VFIO', { of: 'vf', held: held(0) }, [-EACCES, 0, -EACCES]],
  ['vfio-pci/vf-token-of-pf: VFs in use', { of: 'pf', held: held(1) }, [-EACCES, 0, -EACCES]],
  ['vfio-pci/vf-token-of-pf: no VF in use', { of: 'pf', held: held(0) }, [0, 0, 0]],
  ['vfio-pci/vf-token-needless: a foreign PF', { of: 'vf', held: null }, [0, -EINVAL, -EINVAL]],
  ['vfio-pci/vf-token-needless: neither', { of: 'neither' }, [0, -EINVAL, -EINVAL]],
] as const)('%s: no token, the right one, another one', (_, holder, expected) => {
  expect(results(holder)).toEqual(expected);
});

test('a token that nobody has set opens no VF', () => {
  const random = { token: null, users: 0 };
  expect(refusalOfToken({ of: 'vf', held: random }, 'a')).toEqual([-EACCES]);
});

test('a token that is passed for a PF becomes its token only if no VF is in use', () => {
  expect(tokenSetBy({ of: 'pf', held: held(0) }, 'b')).toBe('b');
  expect(tokenSetBy({ of: 'pf', held: held(0) }, null)).toBeNull();
  expect(tokenSetBy({ of: 'pf', held: held(1) }, 'b')).toBeNull();
  expect(tokenSetBy({ of: 'vf', held: held(0) }, 'b')).toBeNull();
});
