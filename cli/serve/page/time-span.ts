/** The time that is shown, in nanoseconds after the zero of the traces. */

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The shortest time that is shown: shorter ones would be below the resolution of the clocks. */
const SHORTEST = 100;

export const lengthOf = ({ from, to }: Span): number => to - from;

/** A span of the same length inside of another, or that other one. */
export function within(span: Span, whole: Span): Span {
  const most = lengthOf(whole);
  const length = Math.max(Math.min(SHORTEST, most), Math.min(lengthOf(span), most));
  const middle = (span.from + span.to) / 2;
  const from = Math.max(whole.from, Math.min(middle - length / 2, whole.to - length));
  return { from, to: from + length };
}

/** @param factor below 1 shows less time @param at the time that stays where it is */
export const zoomed = ({ from, to }: Span, factor: number, at: number): Span => ({
  from: at - (at - from) * factor,
  to: at + (to - at) * factor,
});

/** @param share of its length, negative for earlier times */
export function panned(span: Span, share: number): Span {
  const by = lengthOf(span) * share;
  return { from: span.from + by, to: span.to + by };
}

/** Times for an axis: round numbers, at most `most` of them. */
export function ticksOf({ from, to }: Span, most: number): number[] {
  const rough = (to - from) / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((size) => size >= rough) ?? rough;
  const first = Math.ceil(from / step);
  const count = Math.floor(to / step) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, i) => (first + i) * step);
}

/** A time in seconds, with the digits that matter in a span of that length. */
export function secondsText(at: number, length: number): string {
  const digits = Math.max(0, Math.min(9, Math.ceil(1 - Math.log10(length / 1e9))));
  return `${(at / 1e9).toFixed(digits)} s`;
}

const UNITS = [
  ['s', 1e9],
  ['ms', 1e6],
  ['µs', 1e3],
] as const;

/** A duration with the unit that suits it. */
export function durationText(nanoseconds: number): string {
  for (const [unit, size] of UNITS)
    if (nanoseconds >= size) return `${Number((nanoseconds / size).toPrecision(3))} ${unit}`;
  return `${Math.round(nanoseconds)} ns`;
}
