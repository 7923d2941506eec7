/** Reads the lanes of a trace. */
import { type TraceReader, zeroOf } from '../../traces/index.js';
import { type RaceReport, type RaceSide, races } from '../races/index.js';
import type { SqlSession } from '../sql-session.js';
import type { DriverStretch, Edge, Lane, Lanes, Mark, MarkKind, Stretch } from './lane.js';
import * as queries from './lane-queries.js';
import { lastTimeOf } from './last-time.js';
import { lossBands } from './losses.js';
import { rowsOf } from './session-rows.js';

interface EdgeRow {
  readonly seq: bigint | null;
  readonly ts: bigint | null;
  readonly task: string | null;
  readonly tid: number | null;
  readonly why?: string | null;
  readonly store?: bigint | null;
}

type Prefixed<P extends string> = { readonly [K in keyof EdgeRow as `${P}_${K}`]: EdgeRow[K] };
interface StretchRow extends Prefixed<'from'>, Prefixed<'to'> {
  readonly device: string;
  readonly driver: string;
}

interface PresenceRow extends EdgeRow {
  readonly device: string;
  readonly was: boolean;
  readonly exists: boolean;
}

interface MarkRow extends EdgeRow {
  readonly device: string;
  readonly driver: string | null;
  readonly name: string | null;
  readonly error: string | null;
}

type Building<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] };

/**
 * The lanes of every device of a trace.
 * @param session has this trace only
 * @throws VfrError when the trace cannot be read
 */
export async function readLanes(session: SqlSession, reader: TraceReader): Promise<Lanes> {
  const lanes = new LaneBuilder(zeroOf(reader) ?? 0n);
  lanes.addPresence(await rowsOf(session, queries.PRESENCE));
  for (const row of await rowsOf<StretchRow>(session, queries.BARS)) lanes.addBar(row);
  for (const row of await rowsOf<StretchRow>(session, queries.HOLDS)) lanes.addHold(row);
  lanes.addOverrides(await rowsOf(session, queries.OVERRIDES));
  for (const row of await rowsOf<MarkRow>(session, queries.FAILED_PROBES))
    lanes.addMark('failed probe', row, `probe of ${row.driver ?? row.name} failed: ${row.error}`);
  for (const row of await rowsOf<MarkRow>(session, queries.RESETS))
    lanes.addMark(
      'reset',
      row,
      `${row.name ?? 'reset'}${row.error === null ? '' : `: ${row.error}`}`,
    );
  const report = races(reader);
  lanes.addRaces(report);
  const { zero } = lanes;
  return {
    zero,
    end: Number((lastTimeOf(reader) ?? zero) - zero),
    devices: lanes.finish(),
    losses: lossBands(reader, zero),
    races: report,
  };
}

class LaneBuilder {
  readonly #lanes = new Map<string, Building<Lane>>();

  constructor(readonly zero: bigint) {}

  addPresence(rows: readonly PresenceRow[]): void {
    for (const row of rows) {
      const { present } = this.#lane(row.device);
      const open = present.at(-1)?.to === null;
      const edge = this.#edge(row);
      if (row.exists && !open) present.push({ from: row.was ? null : edge, to: null });
      if (row.exists) continue;
      // A device that is named first when it is removed had existed since before the recording.
      if (present.length === 0) present.push({ from: null, to: edge });
      else if (open) present.push({ ...present.pop()!, to: edge });
    }
  }

  addBar(row: StretchRow): void {
    const { device, driver } = row;
    this.#lane(device).bars.push({ driver, ...this.#stretch(row) });
  }

  addHold(row: StretchRow): void {
    this.#lane(row.device).holds.push(this.#stretch(row));
  }

  /** @param rows in order by device; an empty driver clears the override */
  addOverrides(rows: readonly MarkRow[]): void {
    for (const row of rows) {
      const lane = this.#lane(row.device);
      const driver = row.driver ?? '';
      const edge = this.#edge(row);
      const last = lane.overrides.at(-1);
      if (last !== undefined && last.to === null)
        lane.overrides[lane.overrides.length - 1] = { ...last, to: edge };
      const fromSnapshot = row.task === null && row.tid === null;
      if (driver !== '')
        lane.overrides.push({ driver, from: fromSnapshot ? null : edge, to: null });
      if (fromSnapshot) continue;
      const what = driver === '' ? 'driver_override cleared' : `driver_override=${driver}`;
      this.addMark('override', row, what);
    }
  }

  addMark(kind: MarkKind, row: MarkRow, what: string): void {
    const { seq, at, task, tid } = this.#edge(row);
    this.#lane(row.device).marks.push({ kind, seq, at, task, tid, what });
  }

  addRaces({ races: found }: RaceReport): void {
    for (const { device, class: name, first, second } of found) {
      const { marks } = this.#lane(device);
      marks.push(this.#side(first, second.seq, `race ${name}, first: ${first.what}`));
      marks.push(this.#side(second, first.seq, `race ${name}, second: ${second.what}`));
    }
  }

  finish(): Lane[] {
    for (const lane of this.#lanes.values()) {
      lane.marks.sort((a, b) => a.seq - b.seq);
      lane.overrides = lane.overrides.map((stretch) => endedWith(stretch, lane.present));
      if (lane.present.length === 0) lane.present.push({ from: null, to: null });
    }
    return [...this.#lanes.values()].sort((a, b) => (a.device < b.device ? -1 : 1));
  }

  #lane(device: string): Building<Lane> {
    let lane = this.#lanes.get(device);
    if (lane === undefined) {
      lane = { device, present: [], bars: [], holds: [], overrides: [], marks: [] };
      this.#lanes.set(device, lane);
    }
    return lane;
  }

  #stretch(row: StretchRow): Stretch {
    const edge = (name: 'from' | 'to') =>
      row[`${name}_seq`] === null
        ? null
        : this.#edge({
            seq: row[`${name}_seq`],
            ts: row[`${name}_ts`],
            task: row[`${name}_task`],
            tid: row[`${name}_tid`],
            why: row[`${name}_why`] ?? null,
            store: row[`${name}_store`] ?? null,
          });
    return { from: edge('from'), to: edge('to') };
  }

  #edge({ seq, ts, task, tid, why = null, store = null }: EdgeRow): Edge {
    const at = Number((ts ?? this.zero) - this.zero);
    return { seq: Number(seq), at, task, tid, why, store: store === null ? null : Number(store) };
  }

  #side({ seq, ts, actor }: RaceSide, other: number, what: string): Mark {
    const at = Number(ts - this.zero);
    return { kind: 'race', seq, at, task: actor.task, tid: actor.tid, what, other };
  }
}

/** An override is a part of its device, and is gone with it. */
function endedWith(stretch: DriverStretch, present: readonly Stretch[]): DriverStretch {
  const begin = stretch.from?.seq ?? -1;
  const gone = present.find(({ to }) => to !== null && to.seq > begin)?.to ?? null;
  if (gone === null || (stretch.to !== null && stretch.to.seq < gone.seq)) return stretch;
  return { ...stretch, to: gone };
}
