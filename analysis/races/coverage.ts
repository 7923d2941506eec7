/** Which parts of binding a recording has events of. Without them nothing is known about races. */
import type { Batch, Kind } from '../../traces/index.js';

/** Without the first, what drivers did is not known; without the second, what users requested. */
const PARTS: readonly { readonly what: string; readonly kinds: readonly Kind[] }[] = [
  { what: 'which drivers were tried', kinds: ['match', 'probe'] },
  { what: 'what was written to binding attributes', kinds: ['sysfs.write'] },
];

export class BindingSeen {
  readonly #kinds = new Set<string>();

  add(batch: Batch): void {
    const { ids, entries } = batch.column('kind');
    const found = new Set<number>(ids);
    for (const id of found) this.#kinds.add(entries[id]);
  }

  /** The parts without any event: they did not happen, or were not recorded. */
  missing(): readonly string[] {
    return PARTS.filter(({ kinds }) => !kinds.some((kind) => this.#kinds.has(kind))).map(
      ({ what }) => what,
    );
  }
}
