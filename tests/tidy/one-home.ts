/** Facts that are written in one place: what may be written there alone, and what to use elsewhere. */
import type { Source } from './sources.js';

interface Fact {
  readonly what: string;
  /** How the fact is written when somebody writes it again. */
  readonly pattern: RegExp;
  readonly home: string;
  /** Files that need it in another form, and why. */
  readonly exceptions?: Readonly<Record<string, string>>;
}

const FACTS: readonly Fact[] = [
  {
    what: 'the form of a PCI address',
    pattern: /\{4(?:,\d*)?\}.*\{2\}:.*\.\[0-7\]/,
    home: 'traces/base/bdf.ts',
    exceptions: {
      'recorder/import/qemu/qemu-messages.ts': 'the domain is a group of its own',
      'replay/scenarios/schema-forms.ts': 'a JSON schema, which others read',
      'replay/scenarios/schema.ts': 'a JSON schema, which others read',
    },
  },
  {
    what: 'how a 64-bit integer is made of words',
    pattern: /0xffff_?ffffn/,
    home: 'traces/base/words.ts',
  },
  {
    what: 'the numbers of errors',
    pattern: /\b(?:ENOENT|EBUSY|EINVAL|ENODEV): *-?\d/,
    home: 'traces/base/errno.ts',
  },
];

const COMMENT = /^\s*(?:\*|\/\/|\/\*)/;

/** Lines that write again what has one home. */
export function factsHaveOneHome(sources: readonly Source[]): string[] {
  const broken: string[] = [];
  for (const { file, text } of sources.filter(({ test }) => !test))
    for (const { what, pattern, home, exceptions } of FACTS) {
      if (file === home || exceptions?.[file] !== undefined) continue;
      for (const line of text.split('\n'))
        if (pattern.test(line) && !COMMENT.test(line))
          broken.push(`${file}: ${what} is in ${home}`);
    }
  return broken;
}
