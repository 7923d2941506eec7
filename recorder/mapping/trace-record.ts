import type { Dictionary } from '../../traces/index.js';

/**
 * What every reader of kernel trace records (text, trace.dat, perf, the live ring buffer) hands to
 * the mapper. Both objects are reused for every record, so nothing may keep them.
 */

/**
 * Initial value of numbers that may need more than 31 bits. It is not an integer, because a number
 * that is small at first and large later makes the engine recompile.
 */
export const NOT_SET = 0.5;

/** The common part of a record. */
export interface TraceRecord {
  /** -1 when the input does not say. */
  cpu: number;
  /** Thread id (ftrace and perf call it pid); -1 when the input does not say. */
  tid: number;
  /** Thread group id, or -1 when the input does not say. */
  tgid: number;
  /** Id of the comm in the appender's `task` dictionary, or -1 when unknown (`<...>`). */
  task: number;
  /** Time in nanoseconds as the low and high 32 bits. */
  tsLow: number;
  tsHigh: number;
}

/** The fields of a record, by their place in the rule's `fields`. */
export interface FieldReader {
  /** False when the record has no such field, or when the kernel printed `(fault)` for it. */
  has(field: number): boolean;
  /** Reads an integer into `low` and `high`; false, and nothing read, when `has` is false. */
  number(field: number): boolean;
  /** Words of the integer read last: 64-bit two's complement, sign-extended when it is signed. */
  readonly low: number;
  readonly high: number;
  /** The field as text without quotes; only for fields for which `has` is true. */
  text(field: number): string;
  /**
   * Id of the field's text in a dictionary, -1 when `has` is false; readers cache by bytes, so that
   * no string is made.
   */
  intern(field: number, dictionary: Dictionary): number;
  /** The whole record after the event's name, as text, for events that the catalogue lacks. */
  raw(): string;
}
