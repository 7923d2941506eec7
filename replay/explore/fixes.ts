/** The known right ways, as changes of a run: each can be explored, and so be verified. */
import {
  type Action,
  type ActorSpec,
  allOf,
  type Condition,
  type OperationSpec,
  type RunSpec,
} from '../kernel/index.js';
import { actionText } from './action-text.js';
import { ADVICE, type RaceClass } from './race-classes.js';

export interface Fix {
  /** What is to be done, for people. */
  readonly advice: string;
  readonly run: RunSpec;
}

/** Two operations in the order that ended badly, by actor and operation; null for a worker. */
export interface OperationPair {
  readonly first: { readonly actor: string; readonly operation: number | null };
  readonly second: { readonly actor: string; readonly operation: number | null };
}

/** The changes to try, the known way of the class first. */
export function fixesOf(run: RunSpec, raceClass: RaceClass, pair: OperationPair): Fix[] {
  const fixes = [
    raceClass === 'R1' || raceClass === 'R10' ? gated(run) : null,
    raceClass === 'R8' ? gatedBus(run) : null,
    overrideBeforeUnbind(run),
    secondFirst(run, pair),
  ];
  return fixes.filter((fix) => fix !== null);
}

type Write = Extract<Action, { readonly type: 'write' }>;

const operation = (action: Action): OperationSpec => ({ action, when: null, onError: 'continue' });

const write = (attribute: string, address: string | null, text: string): Write => ({
  type: 'write',
  attribute,
  address,
  driver: null,
  text,
});

const isWrite = (
  one: OperationSpec,
  attribute: string,
): one is OperationSpec & { readonly action: Write } =>
  one.action.type === 'write' && one.action.attribute === attribute;

const withActors = (
  run: RunSpec,
  change: (actor: ActorSpec) => readonly OperationSpec[],
): RunSpec =>
  renumbered(
    run,
    run.actors.map((actor) => ({ ...actor, operations: change(actor) })),
  );

/** Conditions that count operations of an actor count the same ones after a change. */
function renumbered(run: RunSpec, actors: readonly ActorSpec[]): RunSpec {
  const placeOf = (name: string, count: number): number => {
    const before = run.actors.find((actor) => actor.name === name)?.operations ?? [];
    const after = actors.find((actor) => actor.name === name)?.operations ?? [];
    const last = before[count - 1];
    const place = after.findIndex(({ action }) => action === last?.action);
    return place < 0 ? Math.min(count, after.length) : place + 1;
  };
  const renumber = (when: Condition): Condition => {
    if (when.type === 'all') return { ...when, of: when.of.map(renumber) };
    if (when.type !== 'done') return when;
    return { ...when, operations: placeOf(when.actor, when.operations) };
  };
  const changed = (one: OperationSpec): OperationSpec =>
    one.when === null ? one : { ...one, when: renumber(one.when) };
  return {
    ...run,
    actors: actors.map((actor) => ({ ...actor, operations: actor.operations.map(changed) })),
  };
}

/** No driver is tried on VFs by itself; what has set an override asks for the probe. */
function gated(run: RunSpec): Fix | null {
  let found = false;
  const changed = withActors(run, ({ operations }) =>
    operations.flatMap((one, i) => {
      if (isWrite(one, 'sriov_drivers_autoprobe')) return [];
      if (isWrite(one, 'sriov_numvfs') && Number(one.action.text) > 0) {
        found = true;
        return [operation(write('sriov_drivers_autoprobe', one.action.address, '0')), one];
      }
      return withProbe(operations, i);
    }),
  );
  if (!found) return null;
  return { advice: ADVICE.R1, run: changed };
}

/** The same for functions that are plugged in. */
function gatedBus(run: RunSpec): Fix | null {
  const isArrival = (one: OperationSpec) => one.action.type === 'plug' || isWrite(one, 'rescan');
  if (!run.actors.some(({ operations }) => operations.some(isArrival))) return null;
  const changed = withActors(run, ({ operations }) =>
    operations.flatMap((one, i) => {
      if (isWrite(one, 'drivers_autoprobe')) return [];
      if (isArrival(one)) return [operation(write('drivers_autoprobe', null, '0')), one];
      return withProbe(operations, i);
    }),
  );
  return { advice: ADVICE.R8, run: changed };
}

/** After an override, a probe is requested, unless the actor does so by itself later. */
function withProbe(operations: readonly OperationSpec[], at: number): OperationSpec[] {
  const one = operations[at];
  if (!isWrite(one, 'driver_override')) return [one];
  const { text } = one.action;
  const address = one.action.address ?? '';
  const asks = operations
    .slice(at + 1)
    .some(
      (later) =>
        (isWrite(later, 'drivers_probe') || isWrite(later, 'bind')) &&
        later.action.text.trim() === address,
    );
  if (asks || text.trim() === '') return [one];
  return [one, operation(write('drivers_probe', null, address))];
}

/** An actor that unbinds a function and then sets its override does it the other way round. */
function overrideBeforeUnbind(run: RunSpec): Fix | null {
  let found = false;
  const changed = withActors(run, ({ operations }) => {
    const moved = [...operations];
    for (let at = 0; at < moved.length; at++) {
      const override = moved[at];
      if (!isWrite(override, 'driver_override') || override.when !== null) continue;
      const { text, address } = override.action;
      if (text.trim() === '') continue;
      const to = moved.findIndex(
        (one, i) => i < at && isWrite(one, 'unbind') && one.action.text.trim() === address,
      );
      if (to < 0) continue;
      found = true;
      moved.splice(to, 0, ...moved.splice(at, 1));
    }
    return moved;
  });
  return found ? { advice: ADVICE.R4, run: changed } : null;
}

/** What came first waits until what came second is done. */
function secondFirst(run: RunSpec, { first, second }: OperationPair): Fix | null {
  if (first.operation === null || second.operation === null) return null;
  const { actor: awaited, operation: index } = second;
  const when = { type: 'done', actor: awaited, operations: index + 1 } as const;
  const waits = (actor: ActorSpec): ActorSpec => ({
    ...actor,
    operations: actor.operations.map((one, i) =>
      i === first.operation
        ? { ...one, when: allOf(one.when === null ? [when] : [one.when, when]) }
        : one,
    ),
  });
  const actors = run.actors.map((actor) => (actor.name === first.actor ? waits(actor) : actor));
  const done = operationText(run, awaited, index);
  const advice =
    `Let ${first.actor} wait before ${operationText(run, first.actor, first.operation)} ` +
    `until ${awaited} has done ${done}.`;
  return { advice, run: { ...run, actors } };
}

/** An operation of an actor, with its number from 1 where others read the same. */
function operationText({ actors }: RunSpec, name: string, index: number): string {
  const { operations = [] } = actors.find((actor) => actor.name === name) ?? {};
  const texts = operations.map(({ action }) => actionText(action));
  const text = `"${texts[index]}"`;
  const isOneOfSeveral = texts.filter((one) => one === texts[index]).length > 1;
  return isOneOfSeveral ? `${text} (its operation ${index + 1})` : text;
}
