/** What an expression can name, and what is wrong with a name. */
import type { ArgumentType, FactName } from './facts.js';
import { meant } from './nearest.js';

/** Names that there are where an expression is used. */
export interface Names {
  readonly functions: readonly string[];
  readonly drivers: readonly string[];
  /** Texts that an override can have. */
  readonly overrides: readonly string[];
  /** Operations that each actor has. */
  readonly actors: ReadonlyMap<string, number>;
}

/** Why a function, a driver or an actor is unknown; null for one that there is. */
export function wrongName(names: Names, type: ArgumentType, name: string): string | null {
  switch (type) {
    case 'function':
      if (names.functions.includes(name)) return null;
      return `the machine has no function ${name}, and makes none${meant(name, names.functions)}`;
    case 'driver':
      if (names.drivers.includes(name)) return null;
      return `no driver is called ${name}${meant(name, names.drivers)}`;
    case 'actor': {
      const actors = [...names.actors.keys()];
      if (actors.includes(name)) return null;
      return `no actor is called ${name}${meant(name, actors)}`;
    }
    // The language has the numbers and the bugs.
    case 'number':
    case 'fault':
      return null;
  }
}

/** The same for a name that the driver or the override of a function is compared with. */
export function wrongDriver(names: Names, fact: FactName | null, name: string): string | null {
  if (fact !== 'override') return wrongName(names, 'driver', name);
  if (names.overrides.includes(name)) return null;
  return `no override is set to ${name}${meant(name, names.overrides)}`;
}

/** Why an actor can never have done so many operations; null when it can. */
export function wrongCount(names: Names, actor: string, count: number): string | null {
  const most = names.actors.get(actor) ?? 0;
  if (count <= most) return null;
  return `${actor} has ${most} operation${most === 1 ? '' : 's'}, and no number ${count}`;
}
