/** The classes of binding races, and the known right way to avoid each (docs/races.md). */
import type { Action, Lifetime } from './operation.js';

export type RaceClass = 'R1' | 'R2' | 'R3' | 'R4' | 'R5' | 'R7' | 'R8' | 'R10' | 'R14';

export const ADVICE: Readonly<Record<RaceClass, string>> = {
  R1:
    'Write 0 to the PF’s sriov_drivers_autoprobe before sriov_numvfs; then per VF set ' +
    'driver_override and write to drivers_probe.',
  R2:
    'An override does not move a bound device: set it before the device can bind, or ' +
    'unbind first.',
  R3: 'new_id probes every unbound device of that id: use driver_override, which names one.',
  R4:
    'Set driver_override before unbinding, so that only the wanted driver matches in the ' + 'gap.',
  R5: 'To give a device back: unbind, clear the override, then drivers_probe, in that ' + 'order.',
  R7: 'The driver acts later, from a work item: wait for its uevent before the next step.',
  R8: 'Turn drivers_autoprobe off before adding the device; then override and ' + 'drivers_probe.',
  R10:
    'Write sriov_drivers_autoprobe before sriov_numvfs and leave it alone while VFs are ' + 'made.',
  R14:
    'Let one program own the binding of a device; the loser of two binds gets -EBUSY or ' +
    '-ENODEV.',
};

const ASKS = new Set<Action['type']>(['bind', 'drivers_probe', 'new_id']);

/** The class of a pair of operations whose order decides the driver. */
export function classify(first: Action, second: Action, lifetime: Lifetime): RaceClass {
  const pair = [first, second];
  const some = (...types: Action['type'][]) => pair.some((action) => types.includes(action.type));
  if (some('autoprobe')) return 'R10';
  if (some('release')) return 'R7';
  if (some('new_id')) return 'R3';
  if (some('initial')) return lifetime.physfn === null ? 'R8' : 'R1';
  if (pair.some((action) => action.type === 'override' && action.driver === null)) return 'R5';
  if (some('unbind')) return 'R4';
  if (some('override')) return pair.some((action) => ASKS.has(action.type)) ? 'R4' : 'R2';
  return 'R14';
}
