/**
 * What makes the times of a trace.dat those that `trace-cmd report` shows: cycles become
 * nanoseconds (option TSC2NSEC), and a guest's times those of its host (option TIME_SHIFT, which
 * trace-cmd's agent puts into the guest's file).
 */

/** Nanoseconds are `(cycles * mult) >> shift`. */
export interface TscRate {
  readonly mult: bigint;
  readonly shift: bigint;
  /** What more makes them times of the clock of perf. */
  readonly offset: bigint;
}

/** How far the clock of the host was from the guest's at one moment. */
interface Sample {
  /** When, by the guest's clock. */
  readonly time: bigint;
  readonly offset: bigint;
  readonly scaling: bigint;
  /** Bits of `scaling` after the binary point. */
  readonly fraction: bigint;
}

export interface TimeShift {
  /** Id of the host's recording. */
  readonly peer: bigint;
  readonly interpolates: boolean;
  /** Per CPU of the guest, in the order of their times. */
  readonly cpus: readonly (readonly Sample[])[];
}

/** Applies to times as 64-bit numbers. */
export type Correction = (time: bigint) => bigint;

const INTERPOLATE = 1;
/** More samples than this no recording has. */
const SAMPLES_MAX = 1 << 16;
const CLOCKS_OF_CYCLES: readonly string[] = ['x86-tsc', 'tsc2nsec'];

/** Reads numbers from an option in sequence; past its end they are 0. */
class OptionReader {
  at = 0;

  constructor(
    private readonly data: Buffer,
    private readonly littleEndian: boolean,
  ) {}

  get left(): number {
    return this.data.byteLength - this.at;
  }

  u32(): number {
    this.at += 4;
    if (this.left < 0) return 0;
    const at = this.at - 4;
    return this.littleEndian ? this.data.readUInt32LE(at) : this.data.readUInt32BE(at);
  }

  i64(): bigint {
    this.at += 8;
    if (this.left < 0) return 0n;
    const at = this.at - 8;
    return this.littleEndian ? this.data.readBigInt64LE(at) : this.data.readBigInt64BE(at);
  }
}

/** Reads the option TSC2NSEC; null when it has no rate. */
export function parseTscRate(data: Buffer, littleEndian: boolean): TscRate | null {
  const reader = new OptionReader(data, littleEndian);
  const mult = BigInt(reader.u32());
  const shift = BigInt(reader.u32());
  return mult === 0n || shift > 63n ? null : { mult, shift, offset: reader.i64() };
}

/** Reads the option TIME_SHIFT; null when it has no samples or is damaged. */
export function parseTimeShift(data: Buffer, littleEndian: boolean): TimeShift | null {
  const reader = new OptionReader(data, littleEndian);
  const peer = BigInt.asUintN(64, reader.i64());
  const flags = reader.u32();
  const count = reader.u32();
  const cpus: Omit<Sample, 'fraction'>[][] = [];
  for (let cpu = 0; cpu < count && reader.left > 0; cpu++) {
    const samples = reader.u32();
    if (samples > SAMPLES_MAX) return null;
    const [times, offsets, scalings] = [0, 1, 2].map(() => take(reader, samples));
    if (reader.left < 0) return null;
    cpus.push(times.map((time, i) => ({ time, offset: offsets[i], scaling: scalings[i] })));
  }
  if (cpus.every((samples) => samples.length === 0)) return null;
  // trace-cmd from 3.0 on has the fractions after all CPUs; earlier versions have no fractions.
  const whole = cpus.map((samples) => {
    const fractions = reader.left >= samples.length * 8 ? take(reader, samples.length) : [];
    return samples.map((sample, i) => ({ ...sample, fraction: fractions[i] ?? 0n }));
  });
  return { peer, interpolates: (flags & INTERPOLATE) !== 0, cpus: whole };
}

const take = (reader: OptionReader, count: number) =>
  Array.from({ length: count }, () => reader.i64());

/** The name of a buffer's clock once its times are corrected. */
export const correctedClock = (clock: string, rate: TscRate | null): string =>
  rate !== null && CLOCKS_OF_CYCLES.includes(clock) ? 'tsc2nsec' : clock;

/** What corrects the times of a CPU whose buffer has this clock; null when nothing does. */
export function correctionOf(
  cpu: number,
  clock: string,
  rate: TscRate | null,
  shift: TimeShift | null,
): Correction | null {
  const samples = shift?.cpus[cpu] ?? [];
  const ofCycles = rate !== null && CLOCKS_OF_CYCLES.includes(clock);
  if (samples.length === 0 && !ofCycles) return null;
  return (time) => {
    const ofHost = samples.length === 0 ? time : shifted(time, samples, shift!.interpolates);
    const ns = ofCycles ? (BigInt.asUintN(64, ofHost) * rate.mult) >> rate.shift : ofHost;
    return BigInt.asUintN(64, ns);
  };
}

function shifted(time: bigint, samples: readonly Sample[], interpolates: boolean): bigint {
  if (samples.length === 1) return time + samples[0].offset;
  const after = samples.findIndex((sample) => sample.time > time);
  const last = after < 0 ? samples.length : after;
  const at = Math.min(Math.max(last - 1, 0), samples.length - 2);
  const [from, to] = [samples[at], samples[at + 1]];
  const scaled = (time * from.scaling) >> BigInt.asUintN(6, from.fraction);
  const delta = to.time - from.time;
  if (!interpolates || delta <= 0n) return scaled + from.offset;
  const moved = (time - from.time) * (to.offset - from.offset);
  return scaled + from.offset + (moved + delta / 2n) / delta;
}
