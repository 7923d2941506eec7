/** Values of a query result as text, and what a format is. */
import { toJson } from './output.js';

export type Rows = readonly (readonly unknown[])[];

/** Turns rows into text, while they come. */
export interface Formatter {
  readonly head: string;
  rows(rows: Rows): string;
  tail(): string;
}

/**
 * Bytes become hexadecimal text, since JSON and terminals cannot show them; other values are
 * unchanged.
 */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return value instanceof Date ? value.toISOString() : value;
}

export function cell(value: unknown): string {
  const v = plain(value);
  return typeof v === 'object' && v !== null ? toJson(v, null) : String(v);
}

export const isNumber = (value: unknown): boolean =>
  typeof value === 'number' || typeof value === 'bigint';
