/** The bytes of kernel trace text, and the classes of bytes that the parsers need. */
export const TAB = 0x09;
export const NEWLINE = 0x0a;
export const RETURN = 0x0d;
export const SPACE = 0x20;
export const QUOTE = 0x22;
export const HASH = 0x23;
export const OPEN = 0x28;
export const CLOSE = 0x29;
export const DASH = 0x2d;
export const DOT = 0x2e;
export const SLASH = 0x2f;
export const ZERO = 0x30;
export const COLON = 0x3a;
export const LESS = 0x3c;
export const EQUALS = 0x3d;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
export const LETTER_X = 0x78;

const classOf = (pattern: RegExp) =>
  Uint8Array.from({ length: 256 }, (_, byte) => (pattern.test(String.fromCharCode(byte)) ? 1 : 0));

/** Letters, digits and `_`, the characters of event and field names. */
export const WORD = classOf(/[A-Za-z0-9_]/);

/** Value of a hexadecimal digit; 255 for other bytes. */
export const HEX = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(digit) ? 255 : digit;
});

export const isDigit = (byte: number): boolean => byte >= ZERO && byte <= ZERO + 9;

/** The first place at or after `at` that is not a space, at most `end`. */
export function skipSpaces(bytes: Uint8Array, at: number, end: number): number {
  let p = at;
  while (p < end && bytes[p] === SPACE) p++;
  return p;
}

/** The first place at or after `at` that is not a digit, at most `end`. */
export function skipDigits(bytes: Uint8Array, at: number, end: number): number {
  let p = at;
  while (p < end && isDigit(bytes[p])) p++;
  return p;
}

/** The first place at or after `at` that is a space or a newline, at most `end`. */
export function skipWord(bytes: Uint8Array, at: number, end: number): number {
  let p = at;
  while (p < end && bytes[p] !== SPACE && bytes[p] !== NEWLINE) p++;
  return p;
}

export function startsWith(bytes: Buffer, at: number, end: number, text: string): boolean {
  if (end - at < text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}
