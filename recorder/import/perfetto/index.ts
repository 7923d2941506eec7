/** A trace of Perfetto (traced, tracebox): its events of ftrace. */
import type { Importer, InputMeta } from '../importer.js';
import { BUNDLE, CLOCKS, PACKET } from './field-numbers.js';
import { beginsWithPackets, packetsOf } from './packets.js';
import { PerfettoReader } from './perfetto-reader.js';
import type { Wire } from './wire.js';

/** Numbers of SystemInfo, Utsname, ClockSnapshot and its clocks. */
const [UTSNAME, RELEASE] = [1, 3];
const [SNAPSHOT_CLOCK, CLOCK_ID, CLOCK_TIME] = [1, 1, 2];
const [REALTIME, BOOTTIME] = [1, 6];

export const perfetto: Importer = {
  format: 'perfetto',
  describe: 'trace of Perfetto with events of ftrace',
  clock: '`boot`, or as the trace says',
  needs: 'stream',
  sample: 'perfetto/probes.pftrace.zst',
  detect: (head) => (beginsWithPackets(head) ? 0.9 : 0),
  meta({ head }): InputMeta {
    let [clock, kernel]: [string | null, string | null] = [null, null];
    let boot: bigint | null = null;
    for (const packet of packetsOf(head)) {
      while (packet.next()) {
        if (packet.field === PACKET.ftraceEvents) clock ??= clockOf(packet.message());
        else if (packet.field === PACKET.systemInfo) kernel ??= releaseOf(packet.message());
        else if (packet.field === PACKET.clockSnapshot) boot ??= wallOffset(packet.message());
      }
    }
    clock ??= CLOCKS[0];
    return {
      clock,
      ...(kernel !== null && { kernel }),
      ...(boot !== null && clock === CLOCKS[0] && { wallOffsetNs: boot }),
    };
  },
  read: (input, events) => new PerfettoReader(input, events).read(),
};

function clockOf(bundle: Wire): string {
  while (bundle.next())
    if (bundle.field === BUNDLE.clock) return CLOCKS[bundle.number] ?? 'unknown';
  return CLOCKS[0];
}

function releaseOf(info: Wire): string | null {
  while (info.next()) {
    if (info.field !== UTSNAME) continue;
    const name = info.message();
    while (name.next()) if (name.field === RELEASE) return name.text();
  }
  return null;
}

/** Wall clock minus boot clock. */
function wallOffset(snapshot: Wire): bigint | null {
  const times = new Map<number, bigint>();
  while (snapshot.next()) {
    if (snapshot.field !== SNAPSHOT_CLOCK) continue;
    const clock = snapshot.message();
    let [id, time] = [-1, 0n];
    while (clock.next()) {
      if (clock.field === CLOCK_ID) id = clock.number;
      else if (clock.field === CLOCK_TIME) time = (BigInt(clock.high) << 32n) | BigInt(clock.low);
    }
    times.set(id, time);
  }
  const [wall, boot] = [times.get(REALTIME), times.get(BOOTTIME)];
  return wall === undefined || boot === undefined ? null : wall - boot;
}
