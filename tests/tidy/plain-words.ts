/**
 * The law of plain English over comments and pages. It bans turns of phrase that hide who does what
 * (`is asked`, `untold`) or that mean something else in English than was meant (`behind` for after).
 */
import { bare, type Source } from './sources.js';

/** A banned turn of phrase, and what to write instead. */
const BANNED: readonly (readonly [RegExp, string])[] = [
  [/\bbehind\b/, 'after; behind only in space: a bridge, an IOMMU'],
  [/\b(?:hardly|for ever|at last|as far as|of which|anew|untold)\b/, 'a plainer phrase'],
  [/\b(?<!there )(?:is|are) none\b/, 'is not, there is no …'],
  [/\bno text\b/, 'binary, not text'],
  [/\blet(?:s|ting)? go\b/, 'releases, closes'],
  [/\btak(?:es?|en|ing) (?:in|over|apart)\b/, 'processes, copies, parses'],
  [/\b(?:tells?|told|telling)\b/, 'says, reports, shows, knows, distinguishes'],
  [/\bwhoever\b/, 'the actor: a caller, a user, a process'],
  [/(?:^|[.;:(] |, |\b(?:to|for|of|by|from|with|but|and) )who\b/, 'the actor as the subject'],
  [/\b(?:is|are|was|were) asked\b/, 'is called, is requested'],
  [/\bstands?\b(?! for\b)/, 'is, appears'],
  [/\b(?:nobody's|somebody's|meanwhile|such a one)\b/, 'a plainer phrase'],
];

/** Literal senses of banned words. */
const ALLOWED: readonly RegExp[] = [
  // A place in the topology of buses, not an order.
  /\bbehind (?:an? |the |another )?(?:IOMMU|bridge|port|switch|root port)s?\b/g,
  // A question: which file of which device.
  /\bwhich \w+ of which\b/g,
];

/** A comment or a paragraph as one line of text, and the line where it begins. */
interface Passage {
  readonly line: number;
  readonly text: string;
}

/** Names of code are not prose, such as the key `untold` of a report. */
const withoutCode = (text: string): string => text.replace(/`[^`]*`/g, '`');

const COMMENT = /\/\*[\s\S]*?\*\/|(?:^|\s)\/\/ .*(?:\n\s*\/\/ .*)*/gm;

function commentsOf(code: string): Passage[] {
  return [...code.matchAll(COMMENT)].map(({ 0: comment, index }) => ({
    line: code.slice(0, index).split('\n').length,
    text: withoutCode(comment)
      .replace(/\s*\n\s*(?:\*|\/\/)?\s*|^\s*\/[*/]+\s*|\s*\*\/$/g, ' ')
      .trim(),
  }));
}

function paragraphsOf(page: string): Passage[] {
  const out: Passage[] = [];
  let [line, inCode] = [1, false];
  for (const paragraph of page.split(/\n(?=\s*\n|```|[|*-] )/)) {
    const fences = paragraph.match(/^```/gm)?.length ?? 0;
    if (fences % 2 === 1) inCode = !inCode;
    else if (!inCode) out.push({ line, text: withoutCode(paragraph).replace(/\s+/g, ' ') });
    line += paragraph.split('\n').length;
  }
  return out;
}

/** Comments of sources, and paragraphs of Markdown pages, that have a banned phrase. */
export function wordsArePlain(texts: readonly Pick<Source, 'file' | 'text'>[]): string[] {
  return texts.flatMap(({ file, text }) => {
    const passages = bare(file) === file ? paragraphsOf(text) : commentsOf(text);
    return passages.flatMap((passage) => {
      const literal = ALLOWED.reduce((words, phrase) => words.replace(phrase, ''), passage.text);
      return BANNED.flatMap(([phrase, instead]) => {
        const found = new RegExp(phrase, 'i').exec(literal);
        return found === null ? [] : [`${file}:${passage.line}: "${found[0]}": ${instead}`];
      });
    });
  });
}
