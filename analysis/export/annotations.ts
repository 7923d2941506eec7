/** The columns of an event that viewers show beside its name. */
import { type Batch, type DictColumn, fromWords, type WordColumn } from '../../traces/index.js';
import type { Moment } from './moments.js';

const STRINGS = ['device', 'driver', 'path'] as const satisfies readonly DictColumn[];
const UNSIGNED = ['offset', 'length', 'value'] as const satisfies readonly WordColumn[];

/** Receives the columns of an event that are not null. */
export interface AnnotationVisitor {
  /** A string of a dictionary, which comes again and again. */
  string(name: string, value: string): void;
  text(name: string, value: string): void;
  /** An unsigned 64-bit number, as words. */
  unsigned(name: string, low: number, high: number): void;
  /** A signed 64-bit number. */
  signed(name: string, value: bigint): void;
}

export function visitAnnotations({ batch, row, seq }: Moment, visitor: AnnotationVisitor): void {
  visitor.unsigned('seq', seq >>> 0, Math.floor(seq / 2 ** 32));
  for (const name of STRINGS) {
    const value = batch.column(name).at(row);
    if (value !== null) visitor.string(name, value);
  }
  for (const name of UNSIGNED) {
    const view = batch.column(name);
    if (view.has(row)) visitor.unsigned(name, view.low(row), view.high(row));
  }
  const ret = batch.column('ret');
  if (ret.has(row)) visitor.signed('ret', ret.big(row));
  const text = textOf(batch, row);
  if (text !== null) visitor.text('text', text);
}

/** A longer text is cut: viewers show a line. */
const TEXT_MAX = 1000;

const textOf = (batch: Batch, row: number): string | null =>
  batch.column('text').text(row)?.slice(0, TEXT_MAX).trimEnd() ?? null;

/** The annotations of an event as members of a JSON object, a number beyond 2^53 as a text. */
export class JsonAnnotations implements AnnotationVisitor {
  #members: Record<string, string | number> = {};

  of(moment: Moment): Readonly<Record<string, string | number>> {
    this.#members = {};
    visitAnnotations(moment, this);
    return this.#members;
  }

  string(name: string, value: string): void {
    this.#members[name] = value;
  }

  text(name: string, value: string): void {
    this.#members[name] = value;
  }

  unsigned(name: string, low: number, high: number): void {
    const value = high * 2 ** 32 + low;
    this.#members[name] = Number.isSafeInteger(value) ? value : String(fromWords(low, high));
  }

  signed(name: string, value: bigint): void {
    const number = Number(value);
    this.#members[name] = Number.isSafeInteger(number) ? number : String(value);
  }
}
