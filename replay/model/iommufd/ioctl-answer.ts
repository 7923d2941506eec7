/** What an ioctl returns, and what becomes of the context then. */
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
  /** Takes a call that returned 0 or more into the context. */
  readonly done?: (done: Done) => void;
  /** Takes in a call that failed, where that changes something. */
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
 * Goes on with the object of a number, which has to be of a type (`iommufd_get_object`).
 * @param missing what the call returns when there is none
 */
export function withObject<T extends Type>(
  { context }: Call,
  id: number,
  type: T,
  go: (object: OfType<T>) => Answer,
  missing = ERRNO.ENOENT,
): Answer {
  const object = find(context, id);
  if (object === undefined) return UNKNOWN_ANSWER;
  return object?.type === type ? go(object as OfType<T>) : refused(missing);
}

/** The same answer, with results that may come as well. */
export function orElse({ results, ...rest }: Answer, more: readonly number[]): Answer {
  return { ...rest, results: results === null ? null : [...new Set([...results, ...more])] };
}
