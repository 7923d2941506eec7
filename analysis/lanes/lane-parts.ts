/** A lane within a time, aggregated to the columns of a screen if it has more parts than that. */
import type { DriverStretch, Mark, MarkKind, Stretch } from './lane.js';
import { columnOf, type Span } from './lane-cells.js';

/** One stretch, or several short ones of one driver that begin in the same column. */
export interface LanePart {
  readonly from: number;
  readonly to: number;
  readonly driver: string;
  readonly count: number;
  /** The first of them. */
  readonly stretch: DriverStretch;
}

/** One mark, or several of one kind in the same column. */
export interface LaneSign {
  readonly kind: MarkKind;
  readonly count: number;
  /** The first of them. */
  readonly mark: Mark;
}

/** The stretches of a lane within a time. @param columns of the screen, at least 1 */
export function partsWithin(
  stretches: readonly DriverStretch[],
  span: Span,
  columns: number,
): LanePart[] {
  const shown = stretches.filter((stretch) => isWithin(stretch, span));
  const parts = shown.map((stretch): LanePart => {
    const from = Math.max(span.from, stretch.from?.at ?? span.from);
    const to = Math.max(from, Math.min(span.to, stretch.to?.at ?? span.to));
    return { from, to, driver: stretch.driver, count: 1, stretch };
  });
  return parts.length <= columns ? parts : joined(parts, span, columns);
}

const isWithin = ({ from, to }: Stretch, span: Span): boolean =>
  (from?.at ?? span.from) <= span.to && (to?.at ?? span.to) >= span.from;

/** @param parts in the order of their beginnings */
function joined(parts: readonly LanePart[], span: Span, columns: number): LanePart[] {
  const found: LanePart[] = [];
  /** Where the last part of each driver is, and its column. */
  const last = new Map<string, { readonly index: number; readonly column: number }>();
  for (const part of parts) {
    const column = columnOf(part.from, span, columns);
    const known = last.get(part.driver);
    if (known?.column !== column) {
      last.set(part.driver, { index: found.length, column });
      found.push(part);
      continue;
    }
    const before = found[known.index];
    found[known.index] = {
      ...before,
      to: Math.max(before.to, part.to),
      count: before.count + 1,
    };
  }
  return found;
}

/** The marks of a lane within a time, in the order of their first ones. */
export function signsWithin(marks: readonly Mark[], span: Span, columns: number): LaneSign[] {
  const found: LaneSign[] = [];
  const places = new Map<string, number>();
  for (const mark of marks) {
    if (mark.at < span.from || mark.at > span.to) continue;
    const key = `${columnOf(mark.at, span, columns)} ${mark.kind}`;
    const known = places.get(key);
    if (known === undefined) {
      places.set(key, found.length);
      found.push({ kind: mark.kind, count: 1, mark });
    } else found[known] = { ...found[known], count: found[known].count + 1 };
  }
  return found;
}
