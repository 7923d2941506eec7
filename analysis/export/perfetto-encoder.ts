/** Encodes packets of Perfetto. The only file that imports protobufjs. */
import protobuf from 'protobufjs/minimal.js';
import type { Sink } from '../../traces/index.js';
import type { AnnotationVisitor } from './annotations.js';
import {
  ANNOTATION,
  CLOCK,
  CLOCK_ID,
  CLOCK_SNAPSHOT,
  EVENT,
  EVENT_TYPE,
  INTERNED,
  INTERNED_STRING,
  PACKET,
  SEQUENCE,
  TRACE,
} from './perfetto-fields.js';

type Writer = protobuf.Writer;
type Interned = keyof typeof INTERNED;
type Long = { readonly low: number; readonly high: number; readonly unsigned: boolean };

/** A 64-bit integer as protobufjs wants it. */
const long = (value: bigint): Long => ({
  low: Number(BigInt.asIntN(32, value)),
  high: Number(BigInt.asIntN(32, value >> 32n)),
  unsigned: true,
});

/** All packets are of one sequence. */
const SEQUENCE_ID = 1;
const FLUSH_BYTES = 1 << 18;
const PACKETS_PER_CHECK = 64;

export interface Event {
  readonly type: keyof typeof EVENT_TYPE;
  readonly track: number;
  readonly name?: string;
  readonly category?: string;
  readonly value?: number;
  readonly flows?: readonly { readonly id: number; readonly last: boolean }[];
  /** Writes the annotations. */
  readonly annotate?: (annotations: AnnotationVisitor) => void;
}

/** Writes packets to a sink; names are interned. */
export class PerfettoEncoder {
  #writer: Writer = protobuf.Writer.create();
  #packets = 0;
  readonly #iids: Record<Interned, Map<string, number>> = {
    categories: new Map(),
    names: new Map(),
    annotationNames: new Map(),
    annotationTexts: new Map(),
  };
  /** Names that the packet in progress uses first. */
  #fresh: { readonly kind: Interned; readonly iid: number; readonly text: string }[] = [];

  constructor(
    private readonly sink: Sink,
    private readonly zero: bigint,
  ) {}

  /** @param at nanoseconds after zero */
  event(at: number, event: Event): void {
    // Interned names go before the event in the packet's bytes, so they must be known first.
    const body = this.#encoded(event);
    this.#packet((w) => {
      this.#timestamp(w, at);
      this.#internedData(w);
      w.uint32(PACKET.trackEvent).bytes(body);
    });
  }

  /** @param fill writes the fields of the descriptor */
  descriptor(fill: (writer: Writer) => void): void {
    this.#packet((w) => {
      w.uint32(PACKET.trackDescriptor).fork();
      fill(w);
      w.ldelim();
    });
  }

  /** Says which wall-clock time zero was. */
  wallClock(wall: bigint): void {
    this.#packet((w) => {
      w.uint32(PACKET.clockSnapshot).fork();
      for (const [id, time] of [
        [CLOCK_ID.boottime, this.zero],
        [CLOCK_ID.realtime, wall],
      ] as const) {
        w.uint32(CLOCK_SNAPSHOT.clocks).fork();
        w.uint32(CLOCK.id).uint32(id).uint32(CLOCK.timestamp).uint64(long(time)).ldelim();
      }
      w.ldelim();
    });
  }

  finish(): void {
    if (this.#writer.len > 0) this.sink.write(this.#writer.finish());
    this.#writer = protobuf.Writer.create();
  }

  #packet(fill: (writer: Writer) => void): void {
    const w = this.#writer;
    w.uint32(TRACE.packet).fork();
    fill(w);
    w.uint32(PACKET.sequenceId).uint32(SEQUENCE_ID);
    const flags = this.#packets === 0 ? SEQUENCE.cleared : SEQUENCE.needed;
    w.uint32(PACKET.sequenceFlags).uint32(flags);
    w.ldelim();
    if (++this.#packets % PACKETS_PER_CHECK === 0 && w.len > FLUSH_BYTES) this.finish();
  }

  #timestamp(w: Writer, at: number): void {
    w.uint32(PACKET.timestamp).uint64(long(this.zero + BigInt(at)));
  }

  #encoded({ type, track, name, category, value, flows, annotate }: Event): Uint8Array {
    const w = protobuf.Writer.create();
    w.uint32(EVENT.type).uint32(EVENT_TYPE[type]).uint32(EVENT.trackUuid).uint64(track);
    if (name !== undefined) w.uint32(EVENT.nameIid).uint32(this.#iid('names', name));
    if (category !== undefined)
      w.uint32(EVENT.categoryIids).uint32(this.#iid('categories', category));
    if (value !== undefined) w.uint32(EVENT.counterValue).int64(value);
    for (const { id, last } of flows ?? [])
      w.uint32(last ? EVENT.terminatingFlowIds : EVENT.flowIds).fixed64(id);
    annotate?.(this.#annotations(w));
    return w.finish();
  }

  #annotations(w: Writer): AnnotationVisitor {
    const open = (name: string) => {
      const iid = this.#iid('annotationNames', name);
      return w.uint32(EVENT.annotations).fork().uint32(ANNOTATION.nameIid).uint32(iid);
    };
    return {
      string: (name, value) => {
        const iid = this.#iid('annotationTexts', value);
        open(name).uint32(ANNOTATION.textIid).uint32(iid).ldelim();
      },
      text: (name, value) => {
        open(name).uint32(ANNOTATION.text).string(value).ldelim();
      },
      unsigned: (name, low, high) => {
        open(name).uint32(ANNOTATION.unsigned).uint64({ low, high, unsigned: true }).ldelim();
      },
      signed: (name, value) => {
        open(name).uint32(ANNOTATION.signed).int64(long(value)).ldelim();
      },
    };
  }

  #iid(kind: Interned, text: string): number {
    const iids = this.#iids[kind];
    let iid = iids.get(text);
    if (iid === undefined) {
      iid = iids.size + 1;
      iids.set(text, iid);
      this.#fresh.push({ kind, iid, text });
    }
    return iid;
  }

  #internedData(w: Writer): void {
    if (this.#fresh.length === 0) return;
    w.uint32(PACKET.internedData).fork();
    for (const { kind, iid, text } of this.#fresh) {
      w.uint32(INTERNED[kind]).fork().uint32(INTERNED_STRING.iid).uint32(iid);
      w.uint32(INTERNED_STRING.text).string(text).ldelim();
    }
    w.ldelim();
    this.#fresh = [];
  }
}
