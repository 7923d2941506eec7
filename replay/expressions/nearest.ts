/** How many letters have to be changed, put in or taken out to make one word of another. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = row[j - 1] + Number(a[i - 1] !== b[j - 1]);
      next.push(Math.min(same, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}

/**
 * The word that somebody may have meant: two letters of it are wrong at most, and a third of it.
 * Null: no word is near.
 */
export function nearest(word: string, words: Iterable<string>): string | null {
  let best: string | null = null;
  let least = Math.max(1, Math.min(2, Math.floor(word.length / 3))) + 1;
  for (const one of words) {
    const changes = distance(word.toLowerCase(), one.toLowerCase());
    if (changes < least) [best, least] = [one, changes];
  }
  return best;
}

/** The end of a message about a wrong word: what was meant, or else what there is. */
export function meant(word: string, words: readonly string[]): string {
  const best = nearest(word, words);
  if (best !== null) return `; did you mean ${best}?`;
  return words.length === 0 ? '; there is none' : `; there are ${words.join(', ')}`;
}
