/**
 * The function of a life as a machine of the kernel that runs, and what was done to the function as
 * actions of that kernel.
 */
import type { KernelAction, KernelFunction, RunSpec } from '../../replay/index.js';
import { actionText, routingId } from '../../replay/index.js';
import type { Habit } from './habits.js';
import type { Action, Lifetime } from './operation.js';

/** What is taken for a life: the flag of the PF when it began, and what drivers do. */
export interface World {
  readonly autoprobe: boolean;
  /** Drivers that match the device without an override, in their order. */
  readonly natives: readonly string[];
  readonly habit: (driver: string) => Habit;
}

/** Where a function is. */
export type Place = Pick<Lifetime, 'device' | 'physfn'>;

type Driver = RunSpec['machine']['drivers'][number];

/** Ids of all functions: which drivers claim them is known from the recording. */
const IDS = { vendor: 1, device: 1, subvendor: null, subdevice: null, class: 0x020000 };
const VF_IDS = { ...IDS, device: 2 };
const PF_DRIVER = 'pf';

const idsOf = ({ physfn }: Place) => (physfn === null ? IDS : VF_IDS);

/** The function, or the PF with it as its only VF. */
export function functionOf(
  { device, physfn, initial }: Place & Pick<Lifetime, 'initial'>,
  autoprobe: boolean,
): KernelFunction {
  const { driver, override, mayBind: present } = initial;
  if (physfn === null) return { address: device, ids: IDS, present, driver, override, sriov: null };
  const sriov = {
    totalVfs: 1,
    offset: routingId(device) - routingId(physfn),
    stride: 1,
    vfDevice: VF_IDS.device,
    autoprobe,
    vfs: present ? [{ present, driver, override }] : [],
  };
  return { address: physfn, ids: IDS, present: true, driver: PF_DRIVER, override: null, sriov };
}

/**
 * The drivers of the function, and that of its PF.
 * @param natives those that match the function without an override
 */
export function driversOf(
  place: Place,
  names: readonly string[],
  natives: readonly string[],
  answersOf: (driver: string) => Driver['answers'],
): readonly Driver[] {
  const claim = { ...idsOf(place), classMask: 0xff_ffff };
  const loaded = { loaded: true, isAsync: false, sriov: null, defersUntil: null };
  const own = names.map((name) => ({
    ...loaded,
    name,
    table: natives.includes(name) ? [claim] : [],
    answers: answersOf(name),
  }));
  const ofPf = { ...loaded, name: PF_DRIVER, table: [], answers: [], sriov: 'simple' as const };
  return place.physfn === null ? own : [...own, ofPf];
}

/** What was done to the function, as the kernel that runs does it. */
export function actionOf(action: Action, place: Place): KernelAction {
  const { device, physfn } = place;
  const write = (attribute: string, text: string, driver: string | null = null) => ({
    type: 'write' as const,
    attribute,
    address: null,
    driver,
    text,
  });
  switch (action.type) {
    case 'initial':
      return physfn === null
        ? { type: 'plug', addresses: [device] }
        : { ...write('sriov_numvfs', '1'), address: physfn };
    case 'override':
      // A line break alone clears it; a write of no bytes does nothing.
      return { ...write('driver_override', `${action.driver ?? ''}\n`), address: device };
    case 'bind':
    case 'unbind':
      return write(action.type, device, action.driver);
    case 'release':
      return { type: 'release', address: device };
    case 'drivers_probe':
      return write('drivers_probe', device);
    case 'new_id': {
      const { vendor, device: id } = idsOf(place);
      return write('new_id', `${vendor} ${id}`, action.driver);
    }
    case 'autoprobe':
      return { ...write('sriov_drivers_autoprobe', action.on ? '1' : '0'), address: physfn };
  }
}

/** What was done, as people would type it; what the kernel did by itself in words. */
export function operationText(action: Action, lifetime: Lifetime): string {
  if (action.type === 'initial') return 'the kernel made the device and tried its drivers';
  const done = actionOf(action, lifetime);
  const isId = action.type === 'new_id' && done.type === 'write' && lifetime.id !== null;
  return actionText(isId ? { ...done, text: lifetime.id.replace(':', ' ') } : done);
}

/** Drivers that a life names. */
export function mentioned({ initial, operations, probes }: Lifetime): string[] {
  const names = [initial.driver, initial.override, ...probes.keys()];
  for (const { action } of operations) if ('driver' in action) names.push(action.driver);
  return names.filter((name) => name !== null);
}
