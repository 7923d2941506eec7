/** Which parts of binding a recording has events of: without them nothing can be told. */
import type { Batch, Kind } from '../../traces/index.js';

/** Without the first nobody knows what drivers did; without the second, who asked for it. */
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

  /** The parts of which there is no event: it did not happen, or was not recorded. */
  missing(): readonly string[] {
    return PARTS.filter(({ kinds }) => !kinds.some((kind) => this.#kinds.has(kind))).map(
      ({ what }) => what,
    );
  }
}
