/**
 * What has to be so before an actor does something: the recorded order satisfies it, and another
 * one in which it does not hold could not have come. Nothing records that one program waited for
 * another.
 */
import {
  boot,
  functionOfWrite,
  isVfioDriver,
  type KernelAction,
  type RecordedRun,
  type RunSpec,
  World,
} from '../../replay/index.js';

type Condition = NonNullable<RunSpec['actors'][number]['operations'][number]['when']>;

/** What was seen of an operation's function when it began. */
interface Seen {
  readonly exists: boolean;
  readonly driver: string | null;
}

/** @returns null when the recorded order does not satisfy the conditions */
export function withConditions(run: RecordedRun): RunSpec | null {
  const seen = seenAt(run);
  const actors = run.spec.actors.map((actor, a) => ({
    ...actor,
    operations: actor.operations.map((operation, i) => ({
      ...operation,
      when: conditionOf(run, a, i, seen[a]?.[i] ?? null),
    })),
  }));
  const spec = { ...run.spec, actors };
  return isPossible(spec, run.schedule) ? spec : null;
}

/** The function that an operation names. */
export function addressOf(action: KernelAction): string | null {
  if (action.type === 'write') return functionOfWrite(action);
  return 'address' in action ? action.address : null;
}

function seenAt({ spec, schedule }: RecordedRun): Seen[][] {
  const k = boot(new World(spec));
  const seen = spec.actors.map((): Seen[] => []);
  for (const thread of schedule) {
    const actor = spec.actors[thread];
    const operation = actor === undefined ? 0 : k.get(k.progressOf(thread));
    const action = actor?.operations[operation]?.action;
    if (action !== undefined && seen[thread][operation] === undefined) {
      const address = addressOf(action);
      const dev = address === null ? 0 : k.findDevice(k.world.place(address));
      seen[thread][operation] = {
        exists: dev !== 0,
        driver: dev === 0 ? null : k.boundDriverOf(dev),
      };
    }
    k.step(thread);
    k.cells.forgetUndo();
  }
  return seen;
}

function isPossible(spec: RunSpec, schedule: readonly number[]): boolean {
  const k = boot(new World(spec));
  for (const thread of schedule) {
    if (!k.canRun(thread)) return false;
    k.step(thread);
    k.cells.forgetUndo();
  }
  return true;
}

function conditionOf(
  run: RecordedRun,
  actor: number,
  index: number,
  seen: Seen | null,
): Condition | null {
  const { operations } = run.spec.actors[actor];
  const { action } = operations[index];
  const address = addressOf(action);
  const ended = index === 0 ? endedBefore(run, actor) : null;
  if (ended !== null) return ended;
  if (isClear(action)) {
    const setter = setterOf(run, actor, index);
    if (setter !== null) return setter;
  }
  if (address === null || seen?.exists !== true) return null;
  const before = operations[index - 1]?.action;
  const isFirst = before === undefined || addressOf(before) !== address;
  if (!isFirst) return null;
  const { driver } = seen;
  // An actor that unbinds a function, or opens it, has seen the driver that it has.
  const isOpen = action.type === 'open' && driver !== null && isVfioDriver(driver);
  const looks = isUnbind(action) || action.type === 'release' || isOpen;
  if (looks && driver !== null) return { type: 'driver', address, driver };
  return isThere(run.spec, address) ? null : { type: 'exists', address };
}

const isUnbind = (action: KernelAction): boolean =>
  action.type === 'write' && action.attribute === 'unbind';

const isClear = (action: KernelAction): boolean =>
  action.type === 'write' && action.attribute === 'driver_override' && action.text.trim() === '';

/** Whether a function was there when the recording began, and needs not to come. */
const isThere = ({ machine }: RunSpec, address: string): boolean =>
  machine.functions.some((one) => one.address === address && one.present);

/** A thread that begins after a user of VFIO has ended may have waited for that. */
function endedBefore({ spec, threads }: RecordedRun, actor: number): Condition | null {
  const begin = threads[actor].operations[0].from;
  const ended = threads.filter(
    ({ operations }, i) =>
      i !== actor &&
      spec.actors[i].operations.some(({ action }) => action.type === 'open') &&
      operations[operations.length - 1].to < begin,
  );
  const conditions = ended.map(
    ({ name, operations }): Condition => ({
      type: 'done',
      actor: name,
      operations: operations.length,
    }),
  );
  return conditions.length === 0 ? null : { type: 'all', of: conditions };
}

/** An actor that clears an override waits for what the one that set it did before. */
function setterOf({ spec, threads }: RecordedRun, actor: number, index: number): Condition | null {
  const own = spec.actors[actor].operations[index].action;
  const { from } = threads[actor].operations[index];
  const sets = spec.actors.flatMap(({ operations }, a) =>
    operations.flatMap(({ action }, i) => {
      const isOf = addressOf(action) === addressOf(own) && !isClear(action);
      const isSet = isOf && action.type === 'write' && action.attribute === 'driver_override';
      const at = threads[a].operations[i];
      return isSet && at.from < from ? [{ a, at }] : [];
    }),
  );
  const last = sets.sort((x, y) => x.at.from - y.at.from).at(-1);
  if (last === undefined || last.a === actor) return null;
  const { name, operations } = threads[last.a];
  const count = operations.filter((one) => one.from < from).length;
  return { type: 'done', actor: name, operations: count };
}
