/** The result of an ioctl, and its effect on the context. */
import { ERRNO } from '../../../traces/index.js';
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
  readonly results: readonly number[] | null;
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

/** The call can only end with these errors. */
export const refused = (...errors: readonly number[]): Answer => ({
  results: errors.map((error) => -error),
});

export const UNKNOWN_ANSWER: Answer = { results: null };

export const OK: Answer = { results: [0] };

type Type = IommufdObject['type'];
type OfType<T extends Type> = Extract<IommufdObject, { type: T }>;

/**
 * Continues with the object of a number, which must have a type (`iommufd_get_object`).
 * @param missing the result when there is no such object
 */
export function withObject<T extends Type>(
  { context }: Call,
  id: number,
  type: T,
  go: (object: OfType<T>) => Answer,
  missing = ERRNO.ENOENT,
): Answer {
  const object = find(context, id);
  if (object === 'unknown') return UNKNOWN_ANSWER;
  return object?.type === type ? go(object as OfType<T>) : refused(missing);
}

/** The same answer, with results that may come as well. */
export function orElse({ results, ...rest }: Answer, more: readonly number[]): Answer {
  return { ...rest, results: results === null ? null : [...new Set([...results, ...more])] };
}
