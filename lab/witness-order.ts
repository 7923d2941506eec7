/** The order that vfr predicts a race by, as orders in which actors of the lab begin operations. */
import { actionText, specOf } from '../replay/index.js';
import type { ProvokedCase } from './provoked-cases.js';

export interface Race {
  readonly device: string;
  readonly class: string;
  readonly deadlock: string | null;
  readonly drivers: { readonly recorded: string | null; readonly other: string | null };
  readonly witness: readonly {
    readonly actor: { readonly task: string };
    readonly what: string;
  }[];
}

/** An operation, and how long the next one waits after this one has begun, instead of for its end. */
export type OrderEntry = readonly [actor: string, operation: number, ...how: readonly unknown[]];

/** More tries than this are not made. */
const TRIES_MAX = 8;
/** How long the next operation waits after one that is interrupted: for it to get far, or not at all. */
const WAITS_MS = [300, 0];

/** What an operation is recognized by: recordings do not have the names of files. */
function keyOf(what: string): string {
  const text = what.replace(/ \((?:until|to its end|continues).*\)$/, '');
  if (text.startsWith('open ')) return text.split(' ').slice(0, 2).join(' ');
  return text.replace(/ on \S+$/, '');
}

/** What a race says of the thread that wrote the number of VFs. */
const MADE = 'the kernel made the device and tried its drivers';

/** A part of an operation in the witness. */
interface Part {
  readonly actor: string;
  readonly operation: number;
  /** It is the last part, and the operation ends with it. */
  readonly ends: boolean;
}

/** Whether an operation, as people would type it, is the one that a race names. */
function isNamed(text: string, what: string): boolean {
  if (what === MADE) return text.endsWith('/sriov_numvfs');
  const [, ofDriver] = /^wrote to (\S+)$/.exec(what) ?? [];
  if (ofDriver !== undefined)
    return text.endsWith(` > drivers/${ofDriver}`) || text.endsWith(` > ${ofDriver}`);
  const [, attribute, value] = /^(\w+)=(\S+)$/.exec(what) ?? [];
  if (attribute === undefined) return keyOf(text) === keyOf(what);
  return text.startsWith(`echo ${value} > devices/`) && text.endsWith(`/${attribute}`);
}

function partsOf({ document }: ProvokedCase, { witness }: Race): Part[] {
  const { actors } = specOf(document);
  return witness.flatMap(({ actor: { task }, what }): Part[] => {
    const actor = actors.find(({ name }) => name.slice(0, 15) === task);
    const texts = actor?.operations.map(({ action }) => actionText(action)) ?? [];
    const at = texts.findIndex((text) => isNamed(text, what));
    if (actor === undefined || at < 0) return [];
    const ends = !/ \((?:continues )?until \S+\)$/.test(what) && what !== MADE;
    return [{ actor: actor.name, operation: at + 1, ends }];
  });
}

/**
 * A witness interrupts operations within the kernel, where nothing outside can steer them. Such an
 * operation begins at any of the places where the witness has a part of it, at the earliest first if
 * it never ends. Operations before and after the witness are done as recorded. If only the kernel decides, the
 * same order is tried again.
 */
export function ordersOf(one: ProvokedCase, race: Race): OrderEntry[][] {
  const parts = partsOf(one, race);
  const before = one.order.filter(([actor, n]) => {
    const first = parts.find((part) => part.actor === actor);
    return first === undefined || n < first.operation;
  });
  const after = one.order.filter(([actor, n]) => {
    const last = parts.findLast((part) => part.actor === actor);
    return last !== undefined && n > last.operation;
  });
  if (race.witness.some(({ what }) => what === MADE)) {
    // A function exists, and can be written to, while its first driver is being tried.
    const makers = parts.filter(({ ends }) => !ends);
    const others = parts.filter(({ ends }) => ends);
    const order = entriesOf([...makers, ...others], [...parts.keys()], 0);
    return Array.from({ length: TRIES_MAX }, () => [...before, ...order, ...after]);
  }
  const keys = [...new Set(parts.map(({ actor, operation }) => `${operation} ${actor}`))];
  const placesOf = keys.map((key) => {
    const places = parts.flatMap((part, i) =>
      `${part.operation} ${part.actor}` === key ? [i] : [],
    );
    return parts[places.at(-1)!]!.ends ? places.reverse() : places;
  });
  const choices = placesOf.reduce<number[][]>(
    (made, places) => made.flatMap((chosen) => places.map((place) => [...chosen, place])),
    [[]],
  );
  const orders = WAITS_MS.flatMap((wait) =>
    choices.map((chosen) => [...before, ...entriesOf(parts, chosen, wait), ...after]),
  );
  const different = new Map(orders.map((order) => [JSON.stringify(order), order]));
  return [...different.values()].slice(0, TRIES_MAX);
}

function entriesOf(parts: readonly Part[], chosen: readonly number[], wait: number): OrderEntry[] {
  return [...chosen]
    .sort((a, b) => a - b)
    .map((place): OrderEntry => {
      const { actor, operation, ends } = parts[place]!;
      return ends ? [actor, operation] : [actor, operation, 'begun', wait];
    });
}
