/**
 * Goal: docs/errors.md has every error of the program, and no code stands for an error that cannot
 * happen.
 * Method: the page is printed from the list of errors; the source is searched for each code.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EXIT_BY_KIND } from '../cli/exit-codes.js';
import { ERRORS, type ErrorCode, type ErrorFacts, VfrError } from '../traces/index.js';

const LIST = 'error-catalogue.ts';
const ALL: readonly (readonly [string, ErrorFacts])[] = Object.entries(ERRORS);

/** The parts of the page, in their order, with what is said under their rows. */
const PARTS: Record<ErrorFacts['about'], { title: string; after?: string }> = {
  files: {
    title: 'Files',
    after: `Other failures of the system are \`FILE_\` and the name of their errno. A part of a trace that the disk cannot
read (\`FILE_EIO\`) is not an error but damage: commands continue after it, and \`vfr repair\` saves the rest. It is an
error only when nothing else of the file is a trace.
`,
  },
  traces: { title: 'Traces' },
  replay: { title: 'Replay' },
  import: { title: 'Import' },
  record: { title: 'Record' },
  questions: { title: 'Questions' },
};

const HEAD = `# Errors

Each failure is reported once, on stderr: what is wrong and where, then what to do, then a code. The codes
are stable; the texts may get better. This page is printed from \`traces/error-catalogue.ts\`.

| exit code | meaning |
|---|---|
| 0 | fine |
| 1 | something was found: a race, a divergence, a difference, damage |
| 2 | wrong usage: options, arguments, SQL |
| 3 | the input cannot be read, is damaged, or is incomplete where \`--strict\` requires all of it |
| 4 | not possible on this machine: no root, no tracefs, no terminal |
| 70 | internal error: a bug in vfr |
`;

function row([code, { kind, means }]: readonly [string, ErrorFacts]): string {
  return `| \`${code}\` | ${EXIT_BY_KIND[kind]} | ${means.replaceAll('|', '\\|')} |\n`;
}

function page(): string {
  const parts = Object.entries(PARTS).map(([about, { title, after }]) => {
    const rows = ALL.filter(([, facts]) => facts.about === about).map(row);
    const table = `| code | exit | what it means |\n|---|---|---|\n${rows.join('')}`;
    return `\n## ${title}\n\n${table}${after === undefined ? '' : `\n${after}`}`;
  });
  return HEAD + parts.join('');
}

const source = ['traces', 'recorder', 'replay', 'analysis', 'cli']
  .flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.tsx?$/.test(name) && !name.includes('.test.') && !name.endsWith(LIST))
      .map((name) => readFileSync(join(folder, name), 'utf8')),
  )
  .join('\n');

test('docs/errors.md is printed from the list of errors', async () => {
  await expect(page()).toMatchFileSnapshot('../docs/errors.md');
});

test.each(ALL)('%s is reported somewhere', (code, { message }) => {
  const ofSystem = code.startsWith('FILE_E') && message !== undefined;
  expect(ofSystem || source.includes(`'${code}'`)).toBe(true);
});

test('a system call that is not in the list fails because of the input', () => {
  expect(new VfrError('FILE_ELOOP', 'too many links', 'Check the path.').kind).toBe('input');
});

test('an error of the list has the kind that stands there', () => {
  for (const [code, { kind }] of ALL) {
    expect(new VfrError(code as ErrorCode, '', '').kind, code).toBe(kind);
  }
});
