/**
 * Formats a `bprint` record. The kernel stores the arguments of trace_printk in binary after the
 * address of the format (vbin_printf in the kernel's lib/vsprintf.c): numbers aligned to their size
 * but at most to 4, strings with their NUL, and pointers that must be dereferenced immediately as
 * the string that they print.
 */
import { type Payload, readInteger } from '../../ring-buffer/index.js';
import type { KernelSymbols } from './kernel-symbols.js';

/** How the recorded kernel keeps numbers. */
export interface Layout {
  readonly littleEndian: boolean;
  /** Bytes of a C long. */
  readonly longBytes: 4 | 8;
}

/** `%`, flags, width, precision, length, conversion; `%p` may be followed by letters. */
const CONVERSION =
  /%([-+ #0]*)(\*|\d*)(?:\.(\*|-?\d*))?(hh|h|ll|l|L|z|Z|t)?(?:([diouxXcs%])|p([A-Za-z0-9]*))/g;
/** Shown where the record has no bytes left for an argument. */
const MISSING = '(missing)';
/** No kernel makes a longer record; a damaged width must not decide what is allocated. */
const WIDTH_MAX = 4096;
/** Error pointers are the negatives of numbers up to this one (include/linux/err.h). */
const ERRNO_MAX = 4095n;

/** How one argument is to look. */
interface Style {
  readonly flags: string;
  readonly width: number;
  /** -1 when it is absent. */
  readonly precision: number;
}

/**
 * Expands a format with the arguments that start at `start` of the record's payload.
 * @param format as `printk_formats` has it, its escapes undone
 */
export function formatBinary(
  format: string,
  record: Payload,
  start: number,
  layout: Layout,
  symbols: KernelSymbols,
): string {
  const args = new Arguments(record, start, layout);
  return format.replace(
    CONVERSION,
    (_, flags: string, width: string, precision: string | undefined, length, plain, suffix) => {
      if (plain === '%') return '%';
      const style = styleOf(flags, width, precision, args);
      if (suffix !== undefined) return pointer(args, suffix, style, symbols);
      if (plain === 's') return pad(cut(args.string(), style), style);
      if (plain === 'c') return pad(character(args.integer(1, false)), style);
      const signed = plain === 'd' || plain === 'i';
      return number(args.integer(sizeOf(length, layout), signed), plain, style);
    },
  );
}

function styleOf(
  flags: string,
  width: string,
  precision: string | undefined,
  args: Arguments,
): Style {
  const wide = width === '*' ? Number(args.integer(4, true) ?? 0n) : Number(width);
  const exact = precision === '*' ? Number(args.integer(4, true) ?? -1n) : Number(precision ?? -1);
  return {
    flags: wide < 0 ? `${flags}-` : flags,
    width: Math.min(Math.abs(wide), WIDTH_MAX),
    precision: Math.min(Math.max(exact, -1), WIDTH_MAX),
  };
}

function sizeOf(length: string | undefined, { longBytes }: Layout): number {
  if (length === 'hh') return 1;
  if (length === 'h') return 2;
  if (length === 'll' || length === 'L') return 8;
  return length === undefined ? 4 : longBytes;
}

function pad(text: string, { flags, width }: Style): string {
  return flags.includes('-') ? text.padEnd(width) : text.padStart(width);
}

const cut = (text: string, { precision }: Style) =>
  precision < 0 ? text : text.slice(0, precision);

const character = (value: bigint | undefined) =>
  value === undefined ? MISSING : String.fromCharCode(Number(value));

function number(value: bigint | undefined, conversion: string, style: Style): string {
  if (value === undefined) return MISSING;
  const { flags, width, precision } = style;
  const base = conversion === 'o' ? 8 : conversion === 'x' || conversion === 'X' ? 16 : 10;
  let digits = (value < 0n ? -value : value).toString(base).padStart(precision, '0');
  let sign = value < 0n ? '-' : '';
  if (value >= 0n && (conversion === 'd' || conversion === 'i')) {
    sign = flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  }
  if (flags.includes('#')) sign += base === 16 ? '0x' : base === 8 ? '0' : '';
  const hasZeros = flags.includes('0') && !flags.includes('-') && precision < 0;
  if (hasZeros) digits = digits.padStart(width - sign.length, '0');
  const text = sign + digits;
  return pad(conversion === 'X' ? text.toUpperCase() : text, style);
}

function pointer(args: Arguments, suffix: string, style: Style, symbols: KernelSymbols): string {
  const kind = suffix[0] ?? '';
  // What other letters print was put into the record as text when it was made; kernels before 4.16
  // put the pointer there.
  if (kind !== '' && !'sSfFBxKe'.includes(kind) && args.isText) return pad(args.string(), style);
  const value = args.pointer();
  if (value === undefined) return MISSING;
  return pad(pointerText(value, kind, args.layout, symbols), style);
}

function pointerText(
  value: bigint,
  kind: string,
  { longBytes }: Layout,
  symbols: KernelSymbols,
): string {
  switch (kind) {
    case 's':
    case 'f':
      return symbols.name(value);
    case 'S':
    case 'F':
    case 'B':
      return symbols.place(value);
    case 'x':
      return value.toString(16);
    case 'e': {
      const error = -BigInt.asIntN(longBytes * 8, value);
      return error > 0n && error <= ERRNO_MAX ? `-${error}` : `0x${value.toString(16)}`;
    }
    default:
      return `0x${value.toString(16)}`;
  }
}

/** Reads the binary arguments in sequence. */
class Arguments {
  #at: number;
  readonly #end: number;

  constructor(
    private readonly record: Payload,
    start: number,
    readonly layout: Layout,
  ) {
    this.#at = record.offset + start;
    this.#end = record.offset + record.length;
  }

  /** An integer of 1, 2, 4 or 8 bytes. */
  integer(size: number, signed: boolean): bigint | undefined {
    const alignment = Math.min(size, 4);
    const within = this.#at - this.record.offset;
    this.#at += (alignment - (within % alignment)) % alignment;
    if (this.#at + size > this.#end) return undefined;
    const value = readInteger(this.record.view, this.#at, size, signed, this.layout.littleEndian);
    this.#at += size;
    return value;
  }

  pointer(): bigint | undefined {
    return this.integer(this.layout.longBytes, false);
  }

  /** Whether text starts here, rather than a pointer of the kernel. */
  get isText(): boolean {
    if (this.#at >= this.#end) return false;
    const byte = this.record.view.getUint8(this.#at);
    return byte === 0 || (byte >= 0x20 && byte < 0x7f);
  }

  string(): string {
    if (this.#at >= this.#end) return MISSING;
    const { buffer, byteOffset } = this.record.view;
    const bytes = Buffer.from(buffer, byteOffset + this.#at, this.#end - this.#at);
    const nul = bytes.indexOf(0);
    const length = nul < 0 ? bytes.byteLength : nul;
    this.#at += length + 1;
    return bytes.toString('utf8', 0, length);
  }
}
