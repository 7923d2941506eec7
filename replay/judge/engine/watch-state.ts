/** Parts of the state by path, such as `0000:01:00.1/driver`, and the events that changed one. */
import type { Batch, Seq } from '../../../traces/index.js';
import { certainly } from '../../model/possible.js';
import { functionState, machineState, type StateSource } from './plain-state.js';
import { Replayer, type ReplayOptions } from './replayer.js';

/** The state at a path; undefined when there is nothing. The empty path is the whole state. */
export function stateAt(source: StateSource, path: string): unknown {
  const { machine, vfio } = source;
  const [address, ...rest] = path.split('/').filter((part) => part !== '');
  if (address === undefined) return machineState(source);
  if (address === 'drivers') {
    return rest.length === 0 ? machine.claims.registered.toSorted() : undefined;
  }
  const device = machine.find(address);
  if (device === undefined || certainly(device.visible, false)) return undefined;
  let value: unknown = functionState(device, vfio);
  for (const key of rest) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}

/** A change of the watched part, by the event after which it was seen. */
export interface Change {
  readonly seq: Seq;
  readonly before: unknown;
  readonly after: unknown;
}

/** Every event that changed the state at a path. */
export function* watch(
  batches: Iterable<Batch>,
  path: string,
  options: Omit<ReplayOptions, 'observe'> = {},
): Generator<Change> {
  const changes: Change[] = [];
  let before: unknown;
  let text = 'undefined';
  const replayer = new Replayer({
    ...options,
    observe: (e, _, engine) => {
      const after = stateAt(engine, path);
      const now = String(JSON.stringify(after));
      if (now !== text) changes.push({ seq: e.seq, before, after });
      before = after;
      text = now;
    },
  });
  for (const batch of batches) {
    const more = replayer.feed(batch);
    yield* changes.splice(0);
    if (!more) return;
  }
}
