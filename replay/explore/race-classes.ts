/** Classes of races in binding and in the use of VFIO, each with the known way to avoid it. */
import type { Action, Outcome } from '../kernel/index.js';

export const ADVICE = {
  R1:
    'Write 0 to the PF’s sriov_drivers_autoprobe before sriov_numvfs; then per VF set ' +
    'driver_override and write to drivers_probe.',
  R2:
    'An override does not move a bound device: set it before the device can bind, or ' +
    'unbind first.',
  R3: 'new_id probes every unbound device of that id: use driver_override, which names one.',
  R4: 'Set driver_override before unbinding, so that only the wanted driver matches in the gap.',
  R5: 'To give a device back: unbind, clear the override, then drivers_probe, in that order.',
  R6: 'Both drivers match, and the first one that registered wins: set driver_override.',
  R7: 'The driver acts later, from a work item: wait for its uevent before the next step.',
  R8: 'Turn drivers_autoprobe off before adding the device; then override and drivers_probe.',
  R9: 'Until 7.0 the override is compared without a lock: do not write it while drivers are tried.',
  R10: 'Write sriov_drivers_autoprobe before sriov_numvfs and leave it alone while VFs are made.',
  R11:
    'A PF on vfio-pci sets the override of its VFs to vfio-pci: write another one before ' +
    'drivers_probe, or leave them there.',
  R12: 'A device has one user: open it by the group or by the character device, by one program.',
  R13: 'Unbinding waits until the device is closed: let its user close it first.',
  R14:
    'Let one program own the binding of a device; the loser of two binds gets -EBUSY or ' +
    '-ENODEV.',
  R15: 'Remove dynamic ids (remove_id) after use: the next device of the id would match.',
  R16: 'A group has one kind of owner: close all of its devices before a native driver binds one.',
  R17: 'Do not wait for one lock while holding the other: the paths take them in opposite orders.',
  R18: 'The state is read before the lock is taken: repeat the request if it has changed since.',
  R19: 'What was given away belongs to another owner: verify that before it is cleaned up late.',
  R20: 'Remove or create functions by one program at a time, under pci_rescan_remove_lock.',
  R21: 'Remove VFs and children first: a reset or removal of the PF or parent takes them along.',
  R22: 'Take away what a user can reach, and reset the device, before the next owner gets it.',
  R23: 'Disable the interrupt and wait for its handler before its context or eventfd is released.',
  R24: 'Stop accesses before memory is disabled, the device sleeps, or a reset runs.',
  R25: 'Read or write data of a migration only in the state that made it: a reset ends that state.',
  R26: 'Release the objects of an iommufd in the reverse order, and not while another uses them.',
} as const;

export type RaceClass = keyof typeof ADVICE;

const BINDS: ReadonlySet<string> = new Set(['bind', 'drivers_probe', 'new_id']);
/** Requests that look at the binding before they do something. */
const CHECKS: ReadonlySet<string> = new Set(['bind', 'unbind', 'drivers_probe']);
const USES: ReadonlySet<string> = new Set(['open', 'close', 'exit']);
const ACCESSES: ReadonlySet<string> = new Set(['access', 'mmap', 'touch', 'munmap']);

/** What was done; null for a worker of the kernel. */
type Deed = Action | null;

const attributeOf = (deed: Deed): string | null => (deed?.type === 'write' ? deed.attribute : null);

const textOf = (deed: Deed): string => (deed?.type === 'write' ? deed.text.trim() : '');

const adds = (deed: Deed): boolean =>
  deed?.type === 'plug' ||
  attributeOf(deed) === 'rescan' ||
  (attributeOf(deed) === 'sriov_numvfs' && Number(textOf(deed)) > 0);

const removes = (deed: Deed): boolean =>
  ['unplug', 'removal'].includes(deed?.type ?? '') ||
  attributeOf(deed) === 'remove' ||
  (attributeOf(deed) === 'sriov_numvfs' && Number(textOf(deed)) === 0);

/** The class of a bug of the kernel that was hit. */
const CLASS_OF_FAULT: Readonly<Record<Outcome['faults'][number], RaceClass>> = {
  overrideUseAfterFree: 'R9',
  removedTwice: 'R20',
  addedTwice: 'R20',
  nullDriver: 'R18',
  boundAfterRemoval: 'R7',
  memoryOffAccess: 'R24',
  interruptUseAfterFree: 'R18',
  deviceUseAfterFree: 'R26',
  probedUnreset: 'R22',
  objectUseAfterFree: 'R26',
  fileUseAfterFree: 'R25',
  asleepAccess: 'R24',
  childWithoutParent: 'R21',
};

/**
 * The class that an end shows, whatever led to it; null if it shows none.
 * @param pair the operations that decided
 */
export function classOfEnd(
  { deadlock, faults }: Pick<Outcome, 'deadlock' | 'faults'>,
  pair: readonly Deed[],
): RaceClass | null {
  if (deadlock !== null) return 'R17';
  const [fault] = faults;
  if (fault === undefined) return null;
  const isOfInterrupt = pair.some((deed) => deed?.type === 'interrupt');
  if (fault === 'interruptUseAfterFree' && isOfInterrupt) return 'R23';
  return CLASS_OF_FAULT[fault];
}

/**
 * The class of two operations whose order decides the end.
 * @param first the one that came first, when the end was bad
 * @param onlyLooked the first one had only read until the second came, and went on after it
 */
export function classOfPair(first: Deed, second: Deed, onlyLooked: boolean): RaceClass {
  const pair = [first, second];
  const attributes = pair.map(attributeOf);
  const types = pair.map((deed) => deed?.type ?? 'work');
  const has = (name: string) => attributes.includes(name);
  if (types.every((type) => type === 'set')) return 'R19';
  if (has('sriov_drivers_autoprobe')) return 'R10';
  if (types.includes('release') || types.includes('work')) return 'R7';
  if (has('new_id')) return 'R3';
  if (has('remove_id')) return 'R15';
  if (pair.every((deed) => adds(deed) || removes(deed))) return 'R20';
  const overrides = pair.filter((deed) => attributeOf(deed) === 'driver_override');
  if (pair.some(adds)) return attributes.includes('sriov_numvfs') ? 'R1' : 'R8';
  if (types.includes('load') || types.includes('unload')) return 'R6';
  if (types.every((type) => USES.has(type))) return 'R12';
  if (types.some((type) => USES.has(type)) && has('unbind')) return 'R13';
  if (types.some((type) => USES.has(type))) return pair.some(removes) ? 'R13' : 'R16';
  if (types.some((type) => ACCESSES.has(type))) return 'R24';
  if (types.includes('ioctl')) return attributes.some((a) => a !== null) ? 'R16' : 'R26';
  if (pair.some(removes)) return 'R20';
  if (onlyLooked && CHECKS.has(attributeOf(first) ?? '')) return 'R18';
  if (overrides.some((deed) => textOf(deed) === '')) return 'R5';
  if (has('unbind')) return 'R4';
  if (overrides.length > 0) return attributes.some((a) => BINDS.has(a ?? '')) ? 'R4' : 'R2';
  return 'R14';
}
