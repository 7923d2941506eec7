import {
  BinaryFields,
  type BoundFields,
  type EventFormat,
  fieldOf,
  type Payload,
  readField,
  readText,
} from '../../live/ring-buffer/index.js';
import type { KernelSymbols } from './kernel-text.js';
import { compilePrint, type Printer } from './print-format.js';

const EMPTY: Payload = { view: new DataView(new ArrayBuffer(0)), offset: 0, length: 0 };
const END_OF_STACK = 0xffff_ffff_ffff_ffffn;

/** Fields of records in a trace.dat, which brings the names of addresses along. */
export class DatFields extends BinaryFields {
  #payload: Payload = EMPTY;
  #format: EventFormat | null = null;
  readonly #printers = new Map<EventFormat, Printer | null>();

  constructor(
    littleEndian: boolean,
    private readonly symbols: KernelSymbols,
    private readonly strings: ReadonlyMap<bigint, string>,
  ) {
    super(littleEndian);
  }

  override load(record: Payload, format: EventFormat, fields: BoundFields): void {
    super.load(record, format, fields);
    this.#payload = record;
    this.#format = format;
  }

  /** Marks end with a newline that belongs to their line. */
  override text(field: number): string {
    const text = super.text(field);
    return this.#format?.name === 'print' ? text.replace(/\n$/, '') : text;
  }

  /** The record as ftrace would print it, as far as its format can be followed. */
  override raw(): string {
    const format = this.#format;
    if (format === null) return '';
    if (format.name === 'kernel_stack') return this.#stack(format);
    if (format.name === 'bputs' || format.name === 'bprint') return this.#printk(format);
    if (format.name.startsWith('sys_enter_')) return this.#arguments(format);
    let printer = this.#printers.get(format);
    if (printer === undefined) {
      printer = compilePrint(format);
      this.#printers.set(format, printer);
    }
    return printer === null ? super.raw() : printer(this.#payload, this.littleEndian);
  }

  #number(format: EventFormat, name: string): bigint | undefined {
    const field = fieldOf(format, name);
    const value = field && readField(this.#payload, field, this.littleEndian);
    return value === undefined ? undefined : BigInt.asUintN(64, value);
  }

  /** The kernel stores as many addresses as there are, whatever the format's array says. */
  #stack(format: EventFormat): string {
    const { view, offset, length } = this.#payload;
    const first = fieldOf(format, 'caller')?.offset ?? length;
    const names: string[] = [];
    for (let at = first; at + 8 <= length; at += 8) {
      const address = view.getBigUint64(offset + at, this.littleEndian);
      if (address === END_OF_STACK) break;
      names.push(this.symbols.name(address));
    }
    return names.map((name) => `=> ${name}`).join('\n ');
  }

  /** trace_printk: the caller, and the text or the format that it printed. */
  #printk(format: EventFormat): string {
    const ip = this.#number(format, 'ip') ?? 0n;
    const address = this.#number(format, format.name === 'bputs' ? 'str' : 'fmt') ?? 0n;
    return `${this.symbols.name(ip)}: ${this.strings.get(address) ?? `0x${address.toString(16)}`}`;
  }

  /** The arguments of a system call, in the form that all importers give them. */
  #arguments(format: EventFormat): string {
    const shown = format.fields
      .filter(({ name }) => !name.startsWith('common_') && name !== '__syscall_nr')
      .map((field) => {
        if (field.text)
          return `${field.name}: ${readText(this.#payload, field, this.littleEndian)}`;
        return `${field.name}: 0x${(this.#number(format, field.name) ?? 0n).toString(16)}`;
      });
    return shown.join(', ');
  }
}
