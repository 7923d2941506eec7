/** The driver of a device over time, one character for each part of the time. */
import type { Known } from '../../../analysis/index.js';
import type { EventStore } from '../model/event-store.js';

/**
 * The last event of each of `width` equal parts of the recording's time. The first part has the
 * snapshots, which are older.
 */
export function columnSeqs(
  store: EventStore,
  { start, span }: { readonly start: bigint; readonly span: bigint },
  width: number,
): Float64Array {
  const seqs = new Float64Array(width);
  for (let i = 0; i < width; i++) {
    const ts = start + (span * BigInt(i + 1)) / BigInt(width);
    seqs[i] = store.seqAt(store.positionAtTime(ts));
  }
  return seqs;
}

/** The column of an event. */
export function columnOf(seqs: Float64Array, seq: number): number {
  const index = seqs.findIndex((last) => seq <= last);
  return index < 0 ? seqs.length - 1 : index;
}

/** One letter for each driver: its first one that no other driver has. */
export class DriverLetters {
  readonly #letters = new Map<string, string>();

  /** `-` without a driver, a space where the device does not exist, `·` where nothing is known. */
  letterOf(known: Known | undefined): string {
    if (known === undefined || known === null) return '·';
    if (known === 'absent') return ' ';
    return known.driver === null ? '-' : this.#letterFor(known.driver);
  }

  /** As `n nvme  v vfio-pci`. */
  get legend(): string {
    return [...this.#letters].map(([driver, letter]) => `${letter} ${driver}`).join('  ');
  }

  #letterFor(driver: string): string {
    const had = this.#letters.get(driver);
    if (had !== undefined) return had;
    const used = new Set(this.#letters.values());
    const both = `${driver}${driver.toUpperCase()}`.replace(/[^a-zA-Z0-9]/g, '');
    const letter = [...both].find((one) => !used.has(one)) ?? '*';
    this.#letters.set(driver, letter);
    return letter;
  }
}
