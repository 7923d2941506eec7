import type { Dictionary } from '../../../traces/index.js';
import type { MappingRule } from '../../mapping/projection.js';
import { type FieldReader, NOT_SET } from '../../mapping/trace-record.js';
import { SYS_ENTER, SYS_EXIT, type TypedEvent } from './field-numbers.js';
import type { Wire } from './wire.js';

/** Numbers of GenericFtraceEvent and of its fields. */
const FIELD = 2;
const [NAME, STRING, INT, UINT] = [1, 3, 4, 5];

/** The fields of one event by their names. One object serves all events. */
export class EventFields implements FieldReader {
  low = NOT_SET;
  high = NOT_SET;
  #rule: MappingRule | null = null;
  #event = 0;
  #names: string[] = [];
  #texts: (string | null)[] = [];
  #lows: number[] = [];
  #highs: number[] = [];

  /** Begins an event of this number in the schema. */
  begin(event: number): void {
    this.#event = event;
    this.#names = [];
    this.#texts = [];
    this.#lows = [];
    this.#highs = [];
  }

  /** Reads a generic event: each field has its name with it. */
  generic(event: Wire): void {
    while (event.next()) if (event.field === FIELD && event.isBytes) this.#genericField(event);
  }

  /** Reads an event whose fields the schema names. */
  typed(event: Wire, { fields }: Pick<TypedEvent, 'fields'>): void {
    while (event.next()) {
      const name = fields[event.field];
      if (name === undefined) continue;
      this.#add(name, event.isBytes ? event.text() : null, event.low, event.high);
    }
  }

  use(rule: MappingRule): void {
    this.#rule = rule;
  }

  has(field: number): boolean {
    return this.#find(field) >= 0;
  }

  number(field: number): boolean {
    const at = this.#find(field);
    if (at < 0 || this.#texts[at] !== null) return false;
    this.low = this.#lows[at];
    this.high = this.#highs[at];
    return true;
  }

  text(field: number): string {
    const at = this.#find(field);
    if (at < 0) return '';
    const text = this.#texts[at] ?? this.#shown(at);
    // Marks end with a newline that belongs to their line.
    return this.#rule?.event === 'print' ? text.replace(/\n$/, '') : text;
  }

  intern(field: number, dictionary: Dictionary): number {
    const at = this.#find(field);
    const text = at < 0 ? null : this.#texts[at];
    return text === null || text === undefined || text === '' ? -1 : dictionary.id(text);
  }

  raw(): string {
    const value = (at: number) => this.#texts[at] ?? this.#shown(at);
    const all = this.#names.map((_, at) => at);
    if (this.#event === SYS_ENTER) {
      const [number, ...rest] = all.map(value);
      return `NR ${number ?? '?'} (${rest.join(', ')})`;
    }
    if (this.#event === SYS_EXIT) return `NR ${all.map(value).join(' = ')}`;
    return all.map((at) => `${this.#names[at]}=${value(at)}`).join(' ');
  }

  #genericField(event: Wire): void {
    const field = event.message();
    let [name, text, low, high]: [string, string | null, number, number] = ['', null, 0, 0];
    while (field.next()) {
      if (field.field === NAME) name = field.text();
      else if (field.field === STRING && field.isBytes) text = field.text();
      else if (field.field === INT || field.field === UINT) [low, high] = [field.low, field.high];
    }
    this.#add(name, text, low, high);
  }

  #add(name: string, text: string | null, low: number, high: number): void {
    this.#names.push(name);
    this.#texts.push(text);
    this.#lows.push(low);
    this.#highs.push(high);
  }

  #find(field: number): number {
    const name = this.#rule?.fields[field];
    return name === undefined ? -1 : this.#names.indexOf(name);
  }

  #shown(at: number): string {
    const value = (BigInt(this.#highs[at]) << 32n) | BigInt(this.#lows[at]);
    // A negative number has all of its upper bits set.
    return this.#highs[at] === 0xffff_ffff ? `${BigInt.asIntN(64, value)}` : `${value}`;
  }
}
