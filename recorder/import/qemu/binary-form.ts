/**
 * Prints the arguments of a simpletrace record as QEMU's log backend prints them. The form of the
 * event determines which argument is a string (32-bit length, bytes) and which a number (64 bits).
 */
import type { Template, TemplatePart } from '../line-template.js';

const STRING_SLOTS: readonly (string | null)[] = ['device', 'driver', 'text', 'error', '$'];
/** Numbers that are signed; QEMU stores an int as the same number in 64 bits. */
const SIGNED_SLOTS: readonly (string | null)[] = ['ret', '#', 'region'];

/** The text of the arguments, or null when they do not fill the payload exactly in this form. */
export function formatArguments(template: Template, payload: Buffer): string | null {
  const reader = new ArgumentReader(payload);
  let text = '';
  for (const part of template.parts) {
    text += part.literal.toString();
    if (part.slot === null) break;
    const argument = reader.take(part);
    if (argument === null) return null;
    text += argument;
  }
  return reader.isAtEnd ? text : null;
}

const hex = (value: bigint, width: number) => value.toString(16).padStart(width, '0');

class ArgumentReader {
  #at = 0;

  constructor(private readonly payload: Buffer) {}

  get isAtEnd(): boolean {
    return this.#at === this.payload.byteLength;
  }

  take({ slot, radix }: TemplatePart): string | null {
    if (STRING_SLOTS.includes(slot)) return this.#string();
    if (slot === 'bdf') return this.#bdf();
    if (slot === 'address') return this.#address();
    const value = this.#word();
    if (value === null) return null;
    if (slot === 'char') return String.fromCharCode(Number(value & 0xffn));
    if (slot === 'pointer' || radix === 'x') return `0x${value.toString(16)}`;
    if (radix === 'h') return value.toString(16);
    return (SIGNED_SLOTS.includes(slot) ? BigInt.asIntN(64, value) : value).toString();
  }

  #string(): string | null {
    if (this.#at + 4 > this.payload.byteLength) return null;
    const start = this.#at + 4;
    const end = start + this.payload.readUInt32LE(this.#at);
    if (end > this.payload.byteLength) return null;
    this.#at = end;
    return this.payload.toString('utf8', start, end);
  }

  #bdf(): string | null {
    const [bus, slot, func] = [this.#word(), this.#word(), this.#word()];
    if (bus === null || slot === null || func === null) return null;
    return `${hex(bus, 2)}:${hex(slot, 2)}.${func.toString(16)}`;
  }

  /** A PCI address with its domain. */
  #address(): string | null {
    const domain = this.#word();
    const rest = domain === null ? null : this.#bdf();
    return domain === null || rest === null ? null : `${hex(domain, 4)}:${rest}`;
  }

  #word(): bigint | null {
    if (this.#at + 8 > this.payload.byteLength) return null;
    const value = this.payload.readBigUInt64LE(this.#at);
    this.#at += 8;
    return value;
  }
}
