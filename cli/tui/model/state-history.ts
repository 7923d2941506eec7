/** The state of a device as fields, and the events that set them. */
import type { Known, StateChange } from '../../../analysis/index.js';
import type { DeviceState } from '../../../replay/index.js';

/** A value of the state of a device, by its name. */
export interface StateField {
  readonly name: string;
  /** As text; null when it is not known or does not apply. */
  readonly of: (state: DeviceState) => string | null;
}

const flag = (value: boolean | null) => (value === null ? null : value ? 'on' : 'off');
const count = (value: number | null) => (value === null ? null : String(value));

export const STATE_FIELDS: readonly StateField[] = [
  { name: 'driver', of: ({ driver }) => driver ?? 'none' },
  { name: 'override', of: ({ override }) => override ?? 'none' },
  { name: 'VF of', of: ({ physfn }) => physfn },
  { name: 'VFs', of: ({ numVfs }) => count(numVfs) },
  { name: 'autoprobe', of: ({ autoprobe }) => flag(autoprobe) },
  { name: 'IOMMU group', of: ({ group }) => count(group) },
];

/** Text of a field of what is known; of a device that is not there, that it is not. */
export const fieldText = (known: Known, of: StateField['of']): string | null =>
  known === null ? null : known === 'absent' ? 'not there' : of(known);

/**
 * The event that set a field to the value that it has after an event; null when it had that value
 * from the beginning.
 */
export function setBy(
  changes: readonly StateChange[],
  of: StateField['of'],
  seq: number,
): number | null {
  const last = changes.findLastIndex((change) => change.seq <= seq);
  if (last < 0) return null;
  const value = fieldText(changes[last].state, of);
  let first = last;
  while (first > 0 && fieldText(changes[first - 1].state, of) === value) first--;
  return first === 0 ? null : changes[first].seq;
}
