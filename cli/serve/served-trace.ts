/** One trace of the server: what is computed about it, and answers to questions about it. */
import { lastTimeOf, type Span } from '../../analysis/index.js';
import { type TraceReader, zeroOf } from '../../traces/index.js';
import { describeCompleteness } from '../open-trace.js';
import { printable } from '../printable.js';
import { BackgroundWork } from '../tui/background-work.js';
import { EventQueries } from '../tui/event-queries.js';
import { type Explain, explainBy } from '../tui/explain-and-compare.js';
import { EventStore } from '../tui/model/event-store.js';
import { inRank } from '../tui/model/findings.js';
import { fieldText, STATE_FIELDS, setBy } from '../tui/model/state-history.js';
import { doingText } from '../tui/panes/view.js';
import { detailsOf } from '../tui/text/details-text.js';
import { CallRows } from './call-rows.js';
import { flameView } from './flame-view.js';
import type {
  DeviceView,
  EventView,
  FieldView,
  FlameView,
  LaneWindow,
  Place,
  RowWindow,
  StateView,
  TraceStatus,
  WhyView,
} from './page-messages.js';
import type { TraceLanes } from './trace-lanes.js';

/** Results of conditions that are kept. */
const FILTERS_MAX = 4;
const FINDINGS_MAX = 50;
const SEQS_MAX = 1000;

export class ServedTrace {
  readonly #store: EventStore;
  readonly #work: BackgroundWork;
  readonly #queries: EventQueries;
  readonly #explain: Explain;
  /** Ends the explanation that is under way. */
  #explaining = new AbortController();
  #rows: CallRows;
  /** Positions of the rows that satisfy a condition; the latest condition is last. */
  readonly #filters = new Map<string, Promise<Int32Array>>();
  #end = 0;
  #zero = 0n;
  #generation: number;
  #problem: string | null = null;

  /**
   * @param program the file of vfr, which computes explanations in processes of its own
   * @param lanes of the trace, which may be those of when it was shorter
   * @param isGrowing whether the recording goes on, and may have more events later
   */
  constructor(
    reader: TraceReader,
    program: string,
    private readonly lanes: TraceLanes,
    { isGrowing, generation }: { readonly isGrowing: boolean; readonly generation: number },
  ) {
    this.#store = new EventStore(reader);
    this.#work = new BackgroundWork(this.#store, isGrowing, false);
    this.#queries = new EventQueries(reader);
    this.#explain = (seq, signal) => explainBy(program, this.name)(seq, signal);
    this.#generation = generation;
    this.#rows = this.#rowsSinceZero();
    this.#work.begin();
  }

  get reader(): TraceReader {
    return this.#store.reader;
  }

  get name(): string {
    return this.reader.source.name;
  }

  get generation(): number {
    return this.#generation;
  }

  get isGrowing(): boolean {
    return this.#work.isGrowing;
  }

  /** Computes what takes long; resolves when the events and states are known, or it was closed. */
  async compute(): Promise<void> {
    void this.lanes.refresh(this.name);
    await this.#work.run(() => {});
  }

  /**
   * The recording went on; resolves as `compute` does.
   * @param reader of the same trace, with more events
   */
  async grow(reader: TraceReader): Promise<void> {
    this.#store.grow(reader);
    this.#queries.grow(reader);
    this.#filters.clear();
    this.#generation++;
    this.#rows = this.#rowsSinceZero();
    void this.lanes.refresh(this.name);
    await this.#work.continue();
  }

  /** Shows why the work ended early. */
  fail(error: Error): void {
    this.#problem = printable(error.message);
  }

  status(): TraceStatus {
    const { reader } = this;
    return {
      name: printable(this.name),
      events: reader.events,
      completeness: printable(describeCompleteness(reader)),
      isComplete: reader.completeness.complete,
      kernel: reader.meta.kernel === undefined ? null : printable(reader.meta.kernel),
      generation: this.#generation,
      rows: this.#rows.all.length,
      stage: this.#work.stage,
      doing: doingText(this.#work),
      problem: this.#problem ?? this.lanes.problem ?? this.#work.problem,
      end: this.#end,
      lanes: this.lanes.facts,
      findings: inRank([...this.#work.findings(), ...this.lanes.raceFindings])
        .slice(0, FINDINGS_MAX)
        .map(({ what, count, seqs }) => ({
          what: printable(what),
          count,
          seqs: seqs.slice(0, SEQS_MAX),
        })),
    };
  }

  /** Leaves the processor to answers for a moment. */
  rest(): void {
    this.#work.rest();
  }

  /** Null while the lanes are computed. */
  laneWindow(span: Span, columns: number): LaneWindow | null {
    return this.lanes.window(span, columns);
  }

  /** The time of the next mark of a lane, or of the one before; null when there is no other. */
  mark(seq: number, step: 1 | -1): { readonly seq: number; readonly at: number } | null {
    const found = this.lanes.mark(seq, step);
    return found === null ? null : { seq: found.seq, at: found.at };
  }

  /** @throws VfrError when the condition is invalid, or needs more time or memory than allowed */
  async rows(condition: string, first: number, count: number): Promise<RowWindow> {
    return this.#rows.window(await this.#filtered(condition), first, count);
  }

  /** The row of an event, or the first one at a time. @throws as `rows` does */
  async place(
    condition: string,
    where: { readonly seq: number } | { readonly at: number },
  ): Promise<Place> {
    const rows = await this.#filtered(condition);
    if ('seq' in where) return this.#rows.placeOf(rows, where.seq);
    return this.#rows.placeAt(rows, where.at);
  }

  event(seq: number): EventView {
    const position = this.#work.calls.rowOf(this.#store.positionOf(seq));
    const facts = detailsOf(position, this.#store, this.#work.calls, this.#work.registerAt).map(
      printable,
    );
    return { seq: this.#store.seqAt(position), facts, note: this.#rows.noteOf(position) };
  }

  /** @throws an Error when the explanation was cancelled, or the trace cannot be read */
  async why(seq: number): Promise<WhyView> {
    this.#explaining.abort();
    this.#explaining = new AbortController();
    const why = await this.#explain(seq, this.#explaining.signal);
    return { ...why, chain: why.chain.map((link) => ({ ...link, text: printable(link.text) })) };
  }

  state(seq: number): StateView {
    const names = this.#work.eventful();
    const devices = names.length > 0 ? names : this.reader.dictionaries.device.toSorted();
    const views: DeviceView[] = [];
    for (const device of devices) {
      const view = this.#deviceView(device, seq);
      if (view === null) return { seq, devices: null };
      if (view.fields.length > 0) views.push(view);
    }
    return { seq, devices: views };
  }

  flame(seq: number, from: number, to: number): FlameView {
    const position = (at: number) =>
      this.#store.positionAtTime(this.#zero + BigInt(Math.round(at)));
    const center = this.#store.positionOf(seq);
    const range = { first: position(from), last: position(to) + 1, center };
    return flameView(this.#store, this.#work.calls, this.#rows, range);
  }

  /** Ends the search for a condition or a cause that is under way. */
  cancel(): void {
    this.#queries.cancel();
    this.#explaining.abort();
  }

  /** Ends all work; the file of the trace stays open. */
  close(): void {
    this.#explaining.abort();
    this.#work.stop();
    this.#queries.close();
  }

  /** Until there are events, nothing is known of when they begin. */
  #rowsSinceZero(): CallRows {
    this.#zero = zeroOf(this.reader) ?? 0n;
    this.#end = Number((lastTimeOf(this.reader) ?? this.#zero) - this.#zero);
    return new CallRows(this.#store, this.#work, this.lanes, this.#zero);
  }

  /** Null while the trace has not been replayed so far. */
  #deviceView(device: string, seq: number): DeviceView | null {
    const known = this.#work.stateAt(device, seq);
    if (known === undefined) return null;
    const changes = this.#work.changesOf(device);
    const fields = STATE_FIELDS.flatMap(({ name, of }): FieldView[] => {
      const value = fieldText(known, of);
      if (value === null) return [];
      return [{ name, value: printable(value), setBy: setBy(changes, of, seq) }];
    });
    const holder = this.#holder(device, seq);
    const shown = known === 'absent' ? fields.slice(0, 1) : fields;
    return { device: printable(device), fields: [...shown, ...(holder === null ? [] : [holder])] };
  }

  /** The VFIO user that has a device open. */
  #holder(device: string, seq: number): FieldView | null {
    const hold = this.lanes.holdAt(device, seq);
    if (hold === undefined) return null;
    const { from } = hold;
    const value = from === null ? 'unknown' : `${from.task ?? '?'}-${from.tid ?? '?'}`;
    return { name: 'open by', value: printable(value), setBy: from?.seq ?? null };
  }

  async #filtered(condition: string): Promise<Int32Array> {
    if (condition === '') return this.#rows.all;
    // Before all calls are known the rows of a result are others.
    const key = `${this.#work.calls.isComplete} ${condition}`;
    const known = this.#filters.get(key);
    if (known !== undefined) return known;
    this.#queries.cancel();
    const found = this.#queries.where(condition).then((seqs) => this.#rows.of(seqs));
    this.#filters.set(key, found);
    found.catch(() => this.#filters.delete(key));
    if (this.#filters.size > FILTERS_MAX) this.#filters.delete(this.#filters.keys().next().value!);
    return found;
  }
}
