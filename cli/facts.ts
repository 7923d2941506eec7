/** Aligned lists of facts, for people. */

/** `key  value` lines, the values under each other. */
export function formatKeys(facts: readonly (readonly [key: string, value: string])[]): string {
  const width = Math.max(...facts.map(([key]) => key.length));
  return facts.map(([key, value]) => `${key.padEnd(width)}  ${value}`).join('\n');
}

/** Indented `number  name` lines, the numbers aligned. */
export function formatCounts(counts: Readonly<Record<string, number>>): string[] {
  const entries = Object.entries(counts);
  const width = Math.max(0, ...entries.map(([, n]) => String(n).length));
  return entries.map(([name, n]) => `  ${String(n).padStart(width)}  ${name}`);
}
