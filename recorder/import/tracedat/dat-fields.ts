import {
  BinaryFields,
  type BoundFields,
  type EventFormat,
  fieldOf,
  type Payload,
  readField,
  readInteger,
} from '../../ring-buffer/index.js';
import { formatBinary, type Layout } from './binary-printf.js';
import type { KernelSymbols } from './kernel-symbols.js';

const EMPTY: Payload = { view: new DataView(new ArrayBuffer(0)), offset: 0, length: 0 };

const hex = (value: bigint) => `0x${value.toString(16)}`;

/** Fields of records in a trace.dat, which brings the names of addresses along. */
export class DatFields extends BinaryFields {
  #payload: Payload = EMPTY;
  #format: EventFormat | null = null;

  constructor(
    private readonly layout: Layout,
    private readonly symbols: KernelSymbols,
    private readonly strings: ReadonlyMap<bigint, string>,
  ) {
    super(layout.littleEndian);
  }

  override load(record: Payload, format: EventFormat, fields: BoundFields): void {
    super.load(record, format, fields);
    this.#payload = record;
    this.#format = format;
  }

  /** With the names of functions, and the texts of trace_printk. */
  override raw(): string {
    const format = this.#format;
    if (format === null) return '';
    switch (format.name) {
      case 'kernel_stack':
        return this.#stack(format, (address) => this.symbols.name(address));
      case 'user_stack':
        return this.#stack(format, hex);
      case 'bputs':
        return this.#puts(format);
      case 'bprint':
        return this.#printk(format);
      case 'raw_data':
        return this.#bytes(format);
    }
    return super.raw();
  }

  #number(format: EventFormat, name: string): bigint | undefined {
    const field = fieldOf(format, name);
    const value = field && readField(this.#payload, field, this.littleEndian);
    return value === undefined ? undefined : BigInt.asUintN(field!.size * 8, value);
  }

  /** The kernel stores only as many addresses as there are, whatever array the format declares. */
  #stack(format: EventFormat, show: (address: bigint) => string): string {
    const { view, offset, length } = this.#payload;
    const { longBytes } = this.layout;
    const first = fieldOf(format, 'caller')?.offset ?? length;
    const shown: string[] = [];
    for (let at = first; at + longBytes <= length; at += longBytes) {
      const address = readInteger(view, offset + at, longBytes, false, this.littleEndian) ?? 0n;
      // Places that a user's stack does not use are 0; the kernel's stack ends with all ones.
      if (address === 0n || address === BigInt.asUintN(longBytes * 8, -1n)) break;
      shown.push(`=> ${show(address)}`);
    }
    return shown.join('\n ');
  }

  /** trace_puts: the caller and the string. */
  #puts(format: EventFormat): string {
    const address = this.#number(format, 'str') ?? 0n;
    return `${this.#caller(format)}: ${this.strings.get(address) ?? hex(address)}`;
  }

  /** trace_printk: the caller, and the format with its arguments. */
  #printk(format: EventFormat): string {
    const address = this.#number(format, 'fmt') ?? 0n;
    const template = this.strings.get(address);
    const start = fieldOf(format, 'buf')?.offset;
    const caller = this.#caller(format);
    if (template === undefined || start === undefined) {
      return `${caller}: (no format at ${hex(address)})`;
    }
    const text = formatBinary(template, this.#payload, start, this.layout, this.symbols);
    return `${caller}: ${text}`;
  }

  #caller(format: EventFormat): string {
    return this.symbols.name(this.#number(format, 'ip') ?? 0n);
  }

  /** What was written to trace_marker_raw, in the form in which the kernel shows it. */
  #bytes(format: EventFormat): string {
    const { view, offset, length } = this.#payload;
    const start = fieldOf(format, 'buf')?.offset ?? length;
    const bytes = Array.from({ length: Math.max(0, length - start) }, (_, i) =>
      view
        .getUint8(offset + start + i)
        .toString(16)
        .padStart(2, '0'),
    );
    return `# ${(this.#number(format, 'id') ?? 0n).toString(16)} buf: ${bytes.join(' ')}`;
  }
}
