/** A lane as rectangles and signs for drawing. */
import {
  type DriverStretch,
  type Lane,
  type Mark,
  partsWithin,
  partWords,
  type Span,
  type Stretch,
  signsWithin,
  signWords,
} from '../lanes/index.js';

/** A rectangle of a lane. Times are seconds after zero. */
export interface Bar {
  readonly row: number;
  readonly x1: number;
  readonly x2: number;
  readonly driver: string;
  readonly title: string;
}

export interface Sign {
  readonly row: number;
  readonly x: number;
  readonly kind: Mark['kind'];
  readonly title: string;
}

/** Columns that a lane is divided into when it has more parts than that. */
const COLUMNS = 600;

export const seconds = (at: number): number => at / 1e9;

/** The stretches of a lane within a time, each as one rectangle; short neighbours become one. */
export const barsOf = (row: number, stretches: readonly DriverStretch[], span: Span): Bar[] =>
  partsWithin(stretches, span, COLUMNS).map((part) => ({
    row,
    x1: seconds(part.from),
    x2: seconds(part.to),
    driver: part.driver,
    title: partWords(part),
  }));

/** The times when a lane was held through VFIO, or existed. */
export const partsOf = (row: number, stretches: readonly Stretch[], what: string, span: Span) =>
  barsOf(
    row,
    stretches.map((stretch) => ({ ...stretch, driver: what })),
    span,
  );

/** The marks of a lane; those of one kind in one column are one sign. */
export const signsOf = (row: number, marks: readonly Mark[], span: Span): Sign[] =>
  signsWithin(marks, span, COLUMNS).map((sign) => ({
    row,
    x: seconds(sign.mark.at),
    kind: sign.kind,
    title: signWords(sign),
  }));

/** The lanes of devices to which something happened. */
export const shownLanes = (lanes: readonly Lane[], most: number): readonly Lane[] =>
  lanes
    .toSorted((a, b) => weight(b) - weight(a))
    .slice(0, most)
    .sort((a, b) => (a.device < b.device ? -1 : 1));

const weight = ({ bars, marks, holds }: Lane): number => bars.length + marks.length + holds.length;
