/** Protobuf's wire format: iterates over the fields of a message without an object per field. */

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;
const VARINT_BYTES_MAX = 10;
const TWO_32 = 2 ** 32;

export class Wire {
  /** Number of the current field. */
  field = 0;
  /** Its value, when it is a number: 64 bits. */
  low = 0;
  high = 0;
  /** Where its bytes are in the buffer, when it is a message or a string; else the end is -1. */
  start = 0;
  end = -1;
  /** Whether the message did not end where a field ends. */
  isDamaged = false;
  #at: number;

  constructor(
    readonly bytes: Buffer,
    private readonly from = 0,
    private readonly limit = bytes.byteLength,
  ) {
    this.#at = from;
  }

  /** Moves to the next field; false at the end, or where the message is damaged. */
  next(): boolean {
    if (this.#at >= this.limit) return false;
    if (!this.#varint()) return this.#damage();
    const kind = this.low & 7;
    this.field = (this.high * TWO_32 + this.low - kind) / 8;
    this.end = -1;
    if (kind === VARINT) return this.#varint() || this.#damage();
    if (kind === BYTES) {
      if (!this.#varint() || this.number > this.limit - this.#at) return this.#damage();
      this.start = this.#at;
      this.end = this.#at += this.number;
      return true;
    }
    const size = kind === FIXED64 ? 8 : 4;
    if ((kind !== FIXED64 && kind !== FIXED32) || size > this.limit - this.#at)
      return this.#damage();
    this.low = this.bytes.readUInt32LE(this.#at);
    this.high = size === 8 ? this.bytes.readUInt32LE(this.#at + 4) : 0;
    this.#at += size;
    return true;
  }

  /** The number, exact up to 2^53. */
  get number(): number {
    return this.high * TWO_32 + this.low;
  }

  /** The number as 32 bits with a sign. */
  get int(): number {
    return this.low | 0;
  }

  get isBytes(): boolean {
    return this.end >= 0;
  }

  text(): string {
    return this.isBytes ? this.bytes.toString('utf8', this.start, this.end) : '';
  }

  /** The fields of the message that the current field is. */
  message(): Wire {
    return this.isBytes ? new Wire(this.bytes, this.start, this.end) : new Wire(this.bytes, 0, 0);
  }

  /** The same message from its beginning. */
  copy(): Wire {
    return new Wire(this.bytes, this.from, this.limit);
  }

  #varint(): boolean {
    let [low, high, shift] = [0, 0, 0];
    const last = Math.min(this.limit, this.#at + VARINT_BYTES_MAX);
    for (let at = this.#at; at < last; at++, shift += 7) {
      const bits = this.bytes[at] & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >> 4;
      } else high |= bits << (shift - 32);
      if (this.bytes[at] < 0x80) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        this.#at = at + 1;
        return true;
      }
    }
    return false;
  }

  #damage(): false {
    this.isDamaged = true;
    this.#at = this.limit;
    return false;
  }
}
