/**
 * What a VFIO user received from a read of configuration space, assembled from the hardware reads
 * made for it.
 */
import { CELL, type EventRow } from '../../traces/index.js';

const BYTES_MAX = 4;

/**
 * Bytes of a header that vfio-pci passes on unchanged. It emulates a part of the ids, command,
 * status, BARs, the first capability, interrupt line and pin (init_pci_cap_basic_perm,
 * drivers/vfio/pci/vfio_pci_config.c), and of capabilities: there the user did not get the
 * hardware's value.
 */
const PLAIN: readonly (readonly [from: number, to: number])[] = [
  [0x08, 0x10],
  [0x28, 0x30],
];

const isPlain = (offset: number, length: number): boolean =>
  PLAIN.some(([from, to]) => offset >= from && offset + length <= to);

/** A number of a column when it is small, else -1. */
function small(row: EventRow, cell: typeof CELL.offset | typeof CELL.length): number {
  return row.has(cell) && row.cells[cell + 1] === 0 && row.cells[cell] >= 0 ? row.cells[cell] : -1;
}

/** The bytes of one user's read, as they become known. */
export class GivenBytes {
  #value = 0;
  /** Bit N is 1 when byte N is known. */
  #known = 0;

  clear(): void {
    this.#value = this.#known = 0;
  }

  /** Adds the result of a hardware read within the user's read. */
  add(user: EventRow, read: EventRow): void {
    const [from, offset] = [small(user, CELL.offset), small(read, CELL.offset)];
    const length = small(read, CELL.length);
    if (from < 0 || offset < 0 || !read.has(CELL.value)) return;
    for (let i = 0; i < length && i < BYTES_MAX; i++) {
      const byte = offset + i - from;
      if (byte < 0 || byte >= BYTES_MAX) continue;
      const shift = byte * 8;
      this.#value =
        (this.#value & ~(0xff << shift)) | (((read.cells[CELL.value] >>> (i * 8)) & 0xff) << shift);
      this.#known |= 1 << byte;
    }
  }

  /** Sets the value of a read that has returned, if all its bytes are known and the hardware's. */
  setValue(user: EventRow): void {
    const [offset, length] = [small(user, CELL.offset), small(user, CELL.length)];
    if (length < 1 || length > BYTES_MAX || user.has(CELL.value)) return;
    if (this.#known !== (1 << length) - 1 || !isPlain(offset, length)) return;
    user.setWords(CELL.value, this.#value, 0);
  }
}
