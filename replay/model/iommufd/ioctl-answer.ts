/** The result of an ioctl, and its effect on the context. */
import { ERRNO } from '../../../traces/index.js';
import { hex } from '../hex.js';
import { anyOf, because, type Results } from '../reason.js';
import type { Argument, Written } from './ioctl-argument.js';
import { type Context, find, type IommufdObject } from './iommufd-objects.js';
import type { IommufdRules } from './iommufd-versions.js';

/** A call that returned without an error. */
export interface Done {
  readonly ret: number;
  readonly written: Written;
  /** When, in ns of the recording's clock. */
  readonly at: bigint;
}

export interface Answer {
  /** Possible results; null when what decides is not known. */
  readonly results: Results | null;
  /** Applies a call that returned 0 or more to the context. */
  readonly done?: (done: Done) => void;
  /** Applies a failed call, where that changes something. */
  readonly failed?: () => void;
}

export interface Call {
  readonly context: Context;
  readonly argument: Argument;
  readonly rules: IommufdRules;
}

export type Handler = (call: Call) => Answer;

/**
 * The call can only end with an error.
 * @param text why
 * @param cells of the state that the rule read
 */
export const refused = (errno: number, text: string, ...cells: readonly string[]): Answer => ({
  results: because(errno, text, ...cells),
});

/** A member of the argument that has to be 0 and is not, or has bits that the kernel lacks. */
export const unsupported = (member: string, value: number | bigint): Answer =>
  refused(ERRNO.EOPNOTSUPP, `${member} is ${hex(value)}, which this kernel does not have`);

/** There is no object of a number, or one of another type. */
export function noObject(id: number, object: IommufdObject | null, wanted: string): Answer {
  const found = object === null ? 'does not exist' : `is of type ${object.type}, not ${wanted}`;
  return refused(ERRNO.ENOENT, `object ${id} ${found}`, `iommufd/${id}`);
}

/** Memory that was mapped before is pinned when a page table of the IOAS is made or attached. */
export const NOT_PINNED = because(ERRNO.EFAULT, 'memory that is mapped cannot be pinned now');

export const UNKNOWN_ANSWER: Answer = { results: null };

export const OK: Answer = { results: [0] };

type Type = IommufdObject['type'];
type OfType<T extends Type> = Extract<IommufdObject, { type: T }>;

/** Continues with the object of a number, which must have a type (`iommufd_get_object`). */
export function withObject<T extends Type>(
  { context }: Call,
  id: number,
  type: T,
  go: (object: OfType<T>) => Answer,
): Answer {
  const object = find(context, id);
  if (object === 'unknown') return UNKNOWN_ANSWER;
  return object?.type === type ? go(object as OfType<T>) : noObject(id, object, type);
}

/** The same answer, with results that may come as well. */
export function orElse({ results, ...rest }: Answer, more: Results): Answer {
  return { ...rest, results: results === null ? null : anyOf(results, more) };
}
