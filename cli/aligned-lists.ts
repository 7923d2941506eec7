/** Aligned lists of facts, for people. Each fact is one line, whatever text a trace contains. */
import { printable } from './printable.js';

/** `key  value` lines, the values under each other. */
export function formatKeys(facts: readonly (readonly [key: string, value: string])[]): string {
  const keys = facts.map(([key]) => printable(key));
  const width = Math.max(...keys.map((key) => key.length));
  return facts.map(([, value], i) => `${keys[i].padEnd(width)}  ${printable(value)}`).join('\n');
}

/** Indented `number  name` lines, the numbers aligned. */
export function formatCounts(counts: Readonly<Record<string, number>>): string[] {
  const entries = Object.entries(counts);
  const width = Math.max(0, ...entries.map(([, n]) => String(n).length));
  return entries.map(([name, n]) => `  ${String(n).padStart(width)}  ${printable(name)}`);
}
