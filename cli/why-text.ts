/** Prints explanations as text. */
import type { Link, Why } from '../analysis/index.js';
import { paint } from './output.js';
import { printable } from './row-formats.js';

const LABEL_WIDTH = 8;

/** The event in the first line, one line for each step after it. */
export function formatWhy({ chain }: Why): string {
  const width = Math.max(...chain.map(({ seq }) => String(seq ?? '').length));
  return chain.map((link, i) => formatLink(link, i === 0, width)).join('\n');
}

function formatLink({ seq, relation, text }: Link, isFirst: boolean, width: number): string {
  const number = String(seq ?? '').padStart(width);
  const line = `${relation.padEnd(LABEL_WIDTH)} ${number}  ${printable(text)}`;
  if (isFirst) return paint('bold', line);
  return relation === 'unknown' ? `  ${paint('yellow', line)}` : `  ${line}`;
}
