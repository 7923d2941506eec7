/** Which events changed cells of the replayed state. */
import { cellAt, Replayer } from '../../replay/index.js';
import { kindFacts, type TraceReader } from '../../traces/index.js';

/** A value of a cell; the event is null if the cell had it when the recording began. */
export interface CellChange {
  readonly seq: number | null;
  readonly value: string;
  /** Nothing was known of the cell before. */
  readonly isFirst?: true;
}

/** Frequent kinds that change none of the cells that rules read. */
const skips = (kind: string): boolean =>
  kindFacts(kind)?.frequent === true && kind !== 'config.write';

export class CellHistory {
  readonly #changes: ReadonlyMap<string, readonly CellChange[]>;

  /** Replays the recording as a whole, if there is any cell. */
  constructor(reader: TraceReader, paths: readonly string[], kernel = reader.meta.kernel) {
    const changes = new Map(paths.map((path): [string, CellChange[]] => [path, []]));
    this.#changes = changes;
    if (paths.length === 0) return;
    const replayer = new Replayer({
      ...reader.meta,
      kernel,
      observe: (e, _verdict, engine) => {
        if (skips(e.kind)) return;
        for (const [path, list] of changes) {
          const value = cellAt(engine, path) ?? 'unknown';
          if (list.length === 0) list.push({ seq: e.kind === 'snapshot' ? e.seq : null, value });
          else if (list.at(-1)!.value !== value) {
            const isFirst = list.length === 1 && list[0].value === 'unknown';
            list.push({ seq: e.seq, value, ...(isFirst ? { isFirst } : {}) });
          }
        }
      },
    });
    for (const batch of reader.read()) replayer.feed(batch);
  }

  /** The last change of a cell before an event; undefined if nothing is known of the cell. */
  before(path: string, seq: number): CellChange | undefined {
    return this.#changes.get(path)?.findLast((change) => change.seq === null || change.seq < seq);
  }
}
