/** VF tokens: a recording has neither the one that is passed nor that of the PF. */

import { ERRNO } from '../../../traces/index.js';
import { driverModel } from '../../model/drivers/index.js';
import { anyOf, type Results } from '../../model/reason.js';
import { type HeldToken, refusalOfToken, type TokenHolder } from '../../model/vfio/vf-token.js';
import { functionAt } from '../../model/vfio/vfio-state.js';
import type { Engine } from '../engine/engine.js';
import type { PciDevice } from '../machine/pci-device.js';

/** Some token: a recording shows at most that there is one. */
const GIVEN = 'passed';
const NOT_IN_USE: HeldToken = { token: null, users: 0 };
const IN_USE: HeldToken = { token: null, users: 1 };

/** What a function may have to do with tokens. */
function holdersOf(engine: Engine, device: PciDevice): TokenHolder[] {
  const { machine, vfio } = engine;
  const pf = machine.physfnOf(device);
  if (device.physfn !== null) {
    const drivers = pf === undefined || pf.driver === 'unknown' ? ['vfio-pci', null] : pf.driver;
    const isOfVfio = drivers.map((name) => name !== null && driverModel(name).vfioPci);
    return isOfVfio.map((is) => ({ of: 'vf', held: is ? IN_USE : null }));
  }
  if (device.sriov !== null) {
    const vfs = [...machine.devices].filter(({ physfn }) => physfn === device.address);
    const mayBeOpen = vfs.some(({ address }) => functionAt(vfio, address).open !== 'closed');
    return (mayBeOpen ? [NOT_IN_USE, IN_USE] : [NOT_IN_USE]).map((held) => ({ of: 'pf', held }));
  }
  // One that came during the recording is a VF, unless the recording shows how it came.
  const isKnown = functionAt(vfio, device.address).hardware !== null;
  return isKnown ? [{ of: 'neither' }] : [{ of: 'neither' }, { of: 'vf', held: IN_USE }];
}

/**
 * Why a token, or its absence, may refuse a device.
 * @param isGiven whether a token was passed
 */
export function tokenRefusals(engine: Engine, device: PciDevice, isGiven: boolean | null): Results {
  const given = isGiven ? GIVEN : null;
  const refusals = holdersOf(engine, device).map((holder) => refusalOfToken(holder, given) ?? []);
  return anyOf(...refusals);
}

/** Any name may be refused by -EINVAL: what follows it is no token, or is needless. */
const ANY_NAME: Results = [-ERRNO.EINVAL];

/** The same for the device of a group that a user names, whichever it is. */
export function tokenRefusalsOfGroup(engine: Engine, group: number): Results {
  const devices = [...engine.machine.devices].filter((device) => device.group === group);
  if (devices.length === 0) return [-ERRNO.EINVAL, -ERRNO.EACCES];
  const refusals = devices.flatMap((device) =>
    [false, true].map((isGiven) => tokenRefusals(engine, device, isGiven)),
  );
  return anyOf(ANY_NAME, ...refusals.filter((results) => !results.includes(-ERRNO.EINVAL)));
}
