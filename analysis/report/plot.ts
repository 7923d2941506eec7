/**
 * The adapter to Observable Plot and linkedom. Plot draws into a document; linkedom is one without
 * a browser.
 */
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

export { Plot };

const { document } = parseHTML('<!doctype html><html><body></body></html>');

/** Columns of pixels of a figure; the page scales it to its own width. */
const FIGURE_WIDTH = 960;

export interface FigureOptions {
  /** What the figure shows, for those who cannot see it. */
  readonly label: string;
  readonly height: number;
  readonly marginLeft?: number;
  readonly marginRight?: number;
  readonly x?: object;
  readonly y?: object;
  readonly color?: object;
  readonly symbol?: object;
}

/** A figure as SVG that scales, in the colours of the page around it. */
export function draw(options: FigureOptions, marks: readonly unknown[]): string {
  const { label, ...rest } = options;
  const plot = {
    ...rest,
    width: FIGURE_WIDTH,
    ariaLabel: label,
    document,
    marks,
    style: { background: 'none' },
  };
  const svg = Plot.plot(plot as never) as unknown as SvgElement;
  svg.setAttribute('role', 'img');
  svg.removeAttribute('width');
  svg.removeAttribute('height');
  // The page has these rules once.
  for (const style of [...svg.querySelectorAll('style')]) style.remove();
  // The label is that of the whole figure; a group has no role that may have one.
  for (const group of svg.querySelectorAll('g[aria-label]')) group.removeAttribute('aria-label');
  return svg.outerHTML.replace(GEOMETRY, (attribute) =>
    attribute.replace(/\d+\.\d{3,}/g, (number) => String(Number(Number(number).toFixed(2)))),
  );
}

/** Attributes whose further decimals nobody sees; they are most of a figure's size. */
const GEOMETRY = / (?:x|y|d|cx|cy|x1|x2|y1|y2|width|height|transform|fill-opacity)="[^"]*"/g;

interface SvgPart {
  remove(): void;
  removeAttribute(name: string): void;
}

interface SvgElement {
  readonly outerHTML: string;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  querySelectorAll(selector: string): Iterable<SvgPart>;
}
