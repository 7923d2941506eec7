/** What a probe fetches: fields of the catalogue as expressions for *this* kernel's types. */
import { VfrError } from '../../traces/index.js';
import type { Fetch } from '../catalogue/probe-definition.js';
import { type Btf, type Prototype, resolvePath } from './btf/index.js';
import { impossible } from './impossible-here.js';

export type Fetches = Readonly<Record<string, Fetch>>;

/** Registers that carry arguments on x86-64. arm64 has two more, which no probe needs. */
const REGISTER_ARGUMENTS = 6;

/**
 * Refuses a fetch whose parameter has another type than the catalogue expects: the function's
 * signature has changed, and the value would be misread.
 */
function checkParameter(prototype: Prototype, fetch: Fetch, root: string | undefined): void {
  const parameter = prototype.parameters[fetch.arg - 1];
  const which = `its parameter ${fetch.arg}`;
  if (!parameter || fetch.arg > REGISTER_ARGUMENTS) throw impossible(`${which} does not exist`);
  const byPointer =
    fetch.path !== undefined ||
    fetch.deref !== undefined ||
    fetch.address === true ||
    (fetch.type === 'string' && fetch.user === undefined);
  if (byPointer && parameter.shape.is !== 'pointer') {
    throw impossible(`${which} (${parameter.name}) is no pointer any more`);
  }
  if (!byPointer && fetch.user === undefined && parameter.shape.is !== 'integer') {
    throw impossible(`${which} (${parameter.name}) is no number any more`);
  }
  if (root !== undefined && parameter.pointsTo !== undefined && parameter.pointsTo !== root) {
    throw impossible(`${which} (${parameter.name}) points to a ${parameter.pointsTo} now`);
  }
}

/** The expression that follows pointers through nested offsets. */
function dereference(pointer: string, offsets: readonly number[]): string {
  return offsets.reduce(
    (expression, offset) => `${offset < 0 ? '' : '+'}${offset}(${expression})`,
    pointer,
  );
}

/** The expression that follows pointers through user memory. */
const userDereference = (pointer: string, user: NonNullable<Fetch['user']>): string =>
  [user].flat().reduce<string>((expression, offset) => `+u${offset}(${expression})`, pointer);

/** The first of several alternative paths that this kernel's types have. */
function firstPath(btf: Btf, prototype: Prototype, fetch: Fetch, paths: readonly string[]) {
  let failure: unknown;
  for (const path of paths) {
    try {
      const resolved = resolvePath(btf, path);
      checkParameter(prototype, fetch, path.split('.')[0]);
      return resolved;
    } catch (error) {
      if (!(error instanceof VfrError)) throw error;
      failure ??= error;
    }
  }
  throw failure;
}

function expression(btf: Btf, prototype: Prototype, fetch: Fetch): string {
  if (fetch.arg === 0) return '$retval';
  const argument = `$arg${fetch.arg}`;
  const { path, user, deref, type } = fetch;
  if (path) {
    const { offsets, shape } = firstPath(btf, prototype, fetch, path);
    const value = dereference(argument, offsets);
    if (user !== undefined) return userDereference(value, user);
    return type === 'string' && shape.is === 'pointer' ? `+0(${value})` : value;
  }
  checkParameter(prototype, fetch, undefined);
  if (user !== undefined) return userDereference(argument, user);
  if (deref === undefined && type !== 'string') return argument;
  return `+${typeof deref === 'number' ? deref : 0}(${argument})`;
}

/** Arguments of a definition, and why fields are missing in it. */
interface Fetched {
  readonly text: readonly string[];
  readonly reasons: readonly string[];
}

/**
 * `FIELD=EXPRESSION:TYPE` for each field; a field that cannot be had is left out with its reason.
 */
export function fetchAll(btf: Btf, prototype: Prototype, fetches: Fetches): Fetched {
  const text: string[] = [];
  const reasons: string[] = [];
  for (const [field, fetch] of Object.entries(fetches)) {
    try {
      text.push(`${field}=${expression(btf, prototype, fetch)}:${fetch.type}`);
    } catch (error) {
      if (!(error instanceof VfrError)) throw error;
      reasons.push(`no field ${field}: ${error.what}`);
    }
  }
  return { text, reasons };
}
