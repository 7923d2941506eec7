/** What is written instead of a secret: the same each time, and nothing that is derived from it. */

const SECRET_KINDS = [
  'serialNumber',
  'macAddress',
  'kernelAddress',
  'hostName',
  'commandLine',
  'path',
  'task',
] as const;
export type SecretKind = (typeof SECRET_KINDS)[number];

/** Numbers secrets of each kind in the order in which they come, and counts their places. */
export class SecretNumbers {
  readonly counts = Object.fromEntries(SECRET_KINDS.map((kind) => [kind, 0])) as Record<
    SecretKind,
    number
  >;
  readonly #numbers = new Map<string, number>();

  /** A word such as `redacted-hostName-1`. */
  word(kind: SecretKind, secret: string): string {
    return `${MARK}${kind}-${this.#number(kind, secret)}`;
  }

  /** Counts a secret that something else was written instead of. */
  count(kind: SecretKind): void {
    this.counts[kind]++;
  }

  /**
   * An address instead of a kernel address. It is not canonical: no processor with addresses of at
   * most 57 bits can have it.
   */
  address(address: bigint): bigint {
    return FIRST + BigInt(this.#number('kernelAddress', String(address))) * PAGE;
  }

  #number(kind: SecretKind, secret: string): number {
    this.counts[kind]++;
    const key = `${kind} ${secret}`;
    const number = this.#numbers.get(key) ?? this.#numbers.size + 1;
    this.#numbers.set(key, number);
    return number;
  }
}

/** How each word begins that was written instead of a secret. */
export const MARK = 'redacted-';

const FIRST = 1n << 63n;
const PAGE = 0x1000n;

/**
 * Whether the high and low word of a number are a kernel address: the upper half of the address
 * space, up to the errnos (include/linux/err.h 6.12: MAX_ERRNO is 4095). Of the last 4 GiB only the
 * half with the kernel and its modules is used; the other is what -1 next to a small number looks
 * like.
 */
export function isKernelAddress(high: number, low: number): boolean {
  if (high >>> 0 !== 0xffff_ffff) return high >>> 24 === 0xff;
  return low >>> 0 >= 0x8000_0000 && low >>> 0 < 0xffff_f000;
}
