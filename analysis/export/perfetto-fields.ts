/**
 * Fields of Perfetto's messages that exports write, from protos/perfetto/trace of its repository:
 * trace.proto, trace_packet.proto, clock_snapshot.proto, interned_data/interned_data.proto and
 * track_event/*.proto.
 */
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;

/** The tag of a field: its number, and how it is encoded. */
const tag = (field: number, encoding: number): number => (field << 3) | encoding;

export const TRACE = { packet: tag(1, BYTES) };

export const PACKET = {
  clockSnapshot: tag(6, BYTES),
  timestamp: tag(8, VARINT),
  sequenceId: tag(10, VARINT),
  trackEvent: tag(11, BYTES),
  internedData: tag(12, BYTES),
  sequenceFlags: tag(13, VARINT),
  trackDescriptor: tag(60, BYTES),
};

/** SequenceFlags: interned names begin here, or come from before. */
export const SEQUENCE = { cleared: 1, needed: 2 };

export const CLOCK_SNAPSHOT = { clocks: tag(1, BYTES) };
export const CLOCK = { id: tag(1, VARINT), timestamp: tag(2, VARINT) };
export const CLOCK_ID = { realtime: 1, boottime: 6 };

export const DESCRIPTOR = {
  uuid: tag(1, VARINT),
  name: tag(2, BYTES),
  process: tag(3, BYTES),
  thread: tag(4, BYTES),
  parentUuid: tag(5, VARINT),
  counter: tag(8, BYTES),
  childOrdering: tag(11, VARINT),
  siblingOrderRank: tag(12, VARINT),
};
export const CHILD_ORDERING = { lexicographic: 1, explicit: 3 };
export const PROCESS = { pid: tag(1, VARINT), name: tag(6, BYTES) };
export const THREAD = { pid: tag(1, VARINT), tid: tag(2, VARINT), name: tag(5, BYTES) };
export const COUNTER = { unit: tag(3, VARINT) };
export const COUNTER_UNIT = { count: 2, bytes: 3 };

export const EVENT = {
  categoryIids: tag(3, VARINT),
  annotations: tag(4, BYTES),
  type: tag(9, VARINT),
  nameIid: tag(10, VARINT),
  trackUuid: tag(11, VARINT),
  counterValue: tag(30, VARINT),
  flowIds: tag(47, FIXED64),
  terminatingFlowIds: tag(48, FIXED64),
};
export const EVENT_TYPE = { begin: 1, end: 2, instant: 3, counter: 4 };

export const ANNOTATION = {
  nameIid: tag(1, VARINT),
  unsigned: tag(3, VARINT),
  signed: tag(4, VARINT),
  text: tag(6, BYTES),
  textIid: tag(17, VARINT),
};

export const INTERNED = {
  categories: tag(1, BYTES),
  names: tag(2, BYTES),
  annotationNames: tag(3, BYTES),
  annotationTexts: tag(29, BYTES),
};
export const INTERNED_STRING = { iid: tag(1, VARINT), text: tag(2, BYTES) };
