/** An order that vfr has found, as orders in which actors of the lab begin operations. */
import {
  actionText,
  readSchedule,
  specOf,
  type WitnessStep,
  World,
  witnessOf,
} from '../replay/index.js';
import { taskName } from './lab-scenario.js';
import type { ProvokedCase } from './provoked-cases.js';

/** An operation, and how long the next one waits after this one has begun, instead of for its end. */
export type OrderEntry = readonly [actor: string, operation: number, ...how: readonly unknown[]];

/** More tries than this are not made. */
const TRIES_MAX = 8;
/** How long the next operation waits after one that is interrupted: for it to get far, or not at all. */
const WAITS_MS = [300, 0];

/** What an operation is recognized by: recordings do not have the names of files. */
function keyOf(text: string): string {
  if (text.startsWith('open ')) return text.split(' ').slice(0, 2).join(' ');
  return text.replace(/ on \S+$/, '');
}

/** A part of an operation in the witness. */
interface Part {
  readonly actor: string;
  readonly operation: number;
  /** It is the last part, and the operation ends with it. */
  readonly ends: boolean;
}

type Actors = World['spec']['actors'];

/**
 * The operation of the lab that one of the recording is, by the numbers of both from 1: the first
 * one after those before it that has the same text. Not every operation is recorded.
 */
function operationOf(lab: Actors[number], recorded: Actors[number], number: number): number {
  let found = 0;
  for (const { action } of recorded.operations.slice(0, number)) {
    const key = keyOf(actionText(action));
    const next = lab.operations.findIndex(
      (one, i) => i >= found && keyOf(actionText(one.action)) === key,
    );
    if (next >= 0) found = next + 1;
    else if (action === recorded.operations[number - 1].action) return 0;
  }
  return found;
}

function partsOf(lab: Actors, recorded: Actors, witness: readonly WitnessStep[]): Part[] {
  return witness.flatMap(({ actor: name, what, operation }): Part[] => {
    const own = recorded.find((one) => one.name === name);
    const actor = lab.find((one) => taskName(one.name) === name);
    if (own === undefined || actor === undefined || operation === null) return [];
    const number = operationOf(actor, own, operation);
    const ends = !/ \((?:continues )?until \S+\)$/.test(what);
    return number === 0 ? [] : [{ actor: actor.name, operation: number, ends }];
  });
}

/**
 * The orders to try for a schedule, which is that of a recording of the case. A schedule interrupts
 * operations within the kernel, where nothing outside can steer them. Such an operation begins at
 * any of the places where the schedule has a part of it, at the earliest first if it never ends.
 * Operations that the recording does not have are done as in the case's own order. If only the
 * kernel decides, the same orders are tried again.
 * @param schedule a document as `vfr explore --schedule` writes it, from the file
 */
export function ordersOf(
  { document, order }: Pick<ProvokedCase, 'document' | 'order'>,
  schedule: string,
  file: string,
): OrderEntry[][] {
  const { document: recorded, schedule: steps } = readSchedule(schedule, file);
  const witness = witnessOf(new World(recorded.run), steps);
  const parts = partsOf(specOf(document).actors, recorded.run.actors, witness);
  const before = order.filter(([actor, n]) => {
    const first = parts.find((part) => part.actor === actor);
    return first === undefined || n < first.operation;
  });
  const after = order.filter(([actor, n]) => {
    const last = parts.findLast((part) => part.actor === actor);
    return last !== undefined && n > last.operation;
  });
  const choices = choicesOf(parts);
  const orders = WAITS_MS.flatMap((wait) =>
    choices.map((chosen) => [...before, ...entriesOf(chosen, wait), ...after]),
  );
  const different = new Map(orders.map((one) => [JSON.stringify(one), one]));
  const tries = [...different.values()];
  const count = different.size === 1 ? 1 : TRIES_MAX;
  return Array.from({ length: count }, (_, i) => tries[i % tries.length]);
}

/** A part of an operation at which it begins, and its place in the order. */
interface Begin {
  readonly part: Part;
  readonly at: number;
}

/**
 * For each operation the part at which it begins, in all ways. One that never ends waits for
 * another one: that it begins last gives the others time for what it waits for.
 */
function choicesOf(parts: readonly Part[]): Begin[][] {
  const keyed = new Map<string, Begin[]>();
  for (const [at, part] of parts.entries()) {
    const key = `${part.operation} ${part.actor}`;
    keyed.set(key, [...(keyed.get(key) ?? []), { part, at }]);
  }
  const beginsOf = [...keyed.values()].map((begins): Begin[] => {
    const last = begins.at(-1)!;
    return last.part.ends ? begins.toReversed() : [...begins, { ...last, at: parts.length }];
  });
  return beginsOf.reduce<Begin[][]>(
    (made, begins) => made.flatMap((chosen) => begins.map((begin) => [...chosen, begin])),
    [[]],
  );
}

const entriesOf = (chosen: readonly Begin[], wait: number): OrderEntry[] =>
  chosen
    .toSorted((a, b) => a.at - b.at)
    .map(({ part: { actor, operation, ends } }) =>
      ends ? [actor, operation] : [actor, operation, 'begun', wait],
    );
