/**
 * A rolling 64-bit hash (FNV-1a in two 32-bit lanes): the same events and verdicts give the same
 * hash on every machine and version of Node.
 */
export class RollingHash {
  #a: number;
  #b: number;

  constructor(start: readonly [number, number] = [0x811c9dc5, 0x9dc5811c]) {
    [this.#a, this.#b] = start;
  }

  word(n: number): void {
    this.#a = Math.imul(this.#a ^ n, 0x01000193);
    this.#b = Math.imul(this.#b ^ (n >>> 7) ^ (n << 11), 0x01000193) ^ this.#a;
  }

  text(s: string): void {
    for (let i = 0; i < s.length; i++) this.word(s.charCodeAt(i));
    this.word(s.length);
  }

  /** Both lanes, from which a copy continues. */
  get state(): [number, number] {
    return [this.#a, this.#b];
  }

  /** 16 hexadecimal digits. */
  get digest(): string {
    const hex = (n: number) => (n >>> 0).toString(16).padStart(8, '0');
    return hex(this.#a) + hex(this.#b);
  }
}
