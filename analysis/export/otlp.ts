/**
 * Exports calls as spans of OpenTelemetry in OTLP's JSON encoding: one TracesData a line, as its
 * file exporter writes them. A point is a span without a duration.
 */
import { createHash } from 'node:crypto';
import type { Sink, TraceReader } from '../../traces/index.js';
import { JsonAnnotations } from './annotations.js';
import {
  type Moment,
  type MomentVisitor,
  type OpenCall,
  type Thread,
  visitMoments,
} from './moments.js';
import { TextSink } from './text-sink.js';

/** Spans of a line. */
const SPANS_PER_LINE = 1000;
const KIND_INTERNAL = 1;
const STATUS_ERROR = 2;

export function exportOtlp(reader: TraceReader, zero: bigint, sink: Sink): void {
  const out = new TextSink(sink);
  const spans = new OtlpSpans(reader, zero, out);
  visitMoments(reader, zero, spans);
  spans.finish();
  out.finish();
}

class OtlpSpans implements MomentVisitor {
  readonly #traceId: string;
  readonly #wall: bigint;
  readonly #resource: object;
  readonly #args = new JsonAnnotations();
  #spans: object[] = [];

  constructor(
    reader: TraceReader,
    zero: bigint,
    private readonly out: TextSink,
  ) {
    const { meta, id } = reader;
    const name = `${id ?? reader.source.name}`;
    this.#traceId = createHash('sha256').update(name).digest('hex').slice(0, 32);
    // Without a wall clock the times are those of the trace's clock.
    this.#wall = zero + (meta.wallOffsetNs ?? 0n);
    const facts = { 'service.name': 'vfr', 'vfr.clock': meta.clock, 'vfr.kernel': meta.kernel };
    this.#resource = { attributes: attributes(facts) };
  }

  thread(): void {}

  begin(): void {}

  counter(): void {}

  end(moment: Moment, call: OpenCall): void {
    this.#add(moment, call.seq, call.at, moment.at);
  }

  point(moment: Moment): void {
    this.#add(moment, moment.seq, moment.at, moment.at);
  }

  cut(thread: Thread, call: OpenCall, at: number, within: OpenCall | null): void {
    const facts = { seq: call.seq, 'vfr.unfinished': true };
    this.#push(call.name, thread, call.seq, call.at, at, within, facts, 0);
  }

  finish(): void {
    if (this.#spans.length === 0) return;
    const scopeSpans = [{ scope: { name: 'vfr' }, spans: this.#spans }];
    const resourceSpans = [{ resource: this.#resource, scopeSpans }];
    this.out.write(`${JSON.stringify({ resourceSpans })}\n`);
    this.#spans = [];
  }

  #add(moment: Moment, seq: number, from: number, to: number): void {
    const facts = { ...this.#args.of(moment), seq, 'vfr.kind': moment.kind };
    const { ret = 0 } = facts as { ret?: number };
    this.#push(moment.name, moment.thread, seq, from, to, moment.within, facts, Number(ret));
  }

  #push(
    name: string,
    { tid, pid, task }: Thread,
    seq: number,
    from: number,
    to: number,
    within: OpenCall | null,
    facts: Readonly<Record<string, unknown>>,
    ret: number,
  ): void {
    const thread = { 'thread.id': tid, 'thread.name': task, 'process.pid': pid };
    this.#spans.push({
      traceId: this.#traceId,
      spanId: spanId(seq),
      ...(within !== null && { parentSpanId: spanId(within.seq) }),
      name,
      kind: KIND_INTERNAL,
      startTimeUnixNano: String(this.#wall + BigInt(from)),
      endTimeUnixNano: String(this.#wall + BigInt(to)),
      attributes: attributes({ ...thread, ...facts }),
      ...(ret < 0 && { status: { code: STATUS_ERROR } }),
    });
    if (this.#spans.length === SPANS_PER_LINE) this.finish();
  }
}

/** A span id must not be zero. */
const spanId = (seq: number): string => (seq + 1).toString(16).padStart(16, '0');

function attributes(facts: Readonly<Record<string, unknown>>): object[] {
  return Object.entries(facts)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ({ key, value: anyValue(value) }));
}

/** OTLP's JSON has 64-bit integers as texts. */
function anyValue(value: unknown): object {
  if (typeof value === 'boolean') return { boolValue: value };
  return typeof value === 'number' ? { intValue: String(value) } : { stringValue: String(value) };
}
