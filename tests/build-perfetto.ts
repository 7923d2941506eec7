/** Writes traces of Perfetto for tests: protobuf messages by the numbers of the published schema. */

/** A field: its number, and a number, a text, or the fields of a message. */
export type ProtoField = readonly [number: number, value: bigint | number | string | Buffer];

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}

/** A message of these fields. */
export function message(...fields: readonly ProtoField[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([number, value]) => {
      if (typeof value === 'bigint' || typeof value === 'number')
        return [varint(BigInt(number) << 3n), varint(BigInt(value))];
      const bytes = Buffer.from(value);
      return [varint((BigInt(number) << 3n) | 2n), varint(BigInt(bytes.byteLength)), bytes];
    }),
  );
}

/** A trace of packets, each the fields of a TracePacket. */
export const trace = (...packets: readonly (readonly ProtoField[])[]): Buffer =>
  message(...packets.map((fields): ProtoField => [1, message(...fields)]));

/** FtraceEventBundle: the events of one CPU. */
export const bundle = (cpu: number, events: readonly Buffer[], ...more: ProtoField[]): Buffer =>
  message([1, cpu], ...events.map((event): ProtoField => [2, event]), ...more);

/** FtraceEvent with a GenericFtraceEvent. */
export function genericEvent(
  time: bigint,
  tid: number,
  name: string,
  fields: readonly (readonly [name: string, value: bigint | string])[],
): Buffer {
  const values = fields.map(([field, value]): ProtoField => {
    const number = typeof value === 'string' ? 3 : value < 0n ? 4 : 5;
    return [2, message([1, field], [number, value])];
  });
  return message([1, time], [2, tid], [327, message([1, name], ...values)]);
}
