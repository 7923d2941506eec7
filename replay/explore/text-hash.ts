/**
 * 64 bits of a text, as 16 hexadecimal digits: FNV-1a with 32 bits, twice, from two beginnings. It
 * recognizes changes by mistake, not by intent.
 */
export function textHash(text: string): string {
  return word(text, 0x811c_9dc5) + word(text, 0x9e37_79b1);
}

function word(text: string, beginning: number): string {
  let h = beginning;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x0100_0193);
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h ^= h >>> 13;
  return (h >>> 0).toString(16).padStart(8, '0');
}
