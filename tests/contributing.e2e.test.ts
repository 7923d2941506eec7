/**
 * Goal: what docs/contributing says to do works, all of it, as it stands there.
 * Method: every page's blocks are added to a copy of the repository, which is built; then the
 * commands of the pages are run there, and what they print is compared with the pages.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { scratchFolder } from './scratch.js';

const PAGES = 'docs/contributing';

interface Block {
  readonly info: string;
  readonly text: string;
}

/** The fenced blocks of a page, with what stands behind the fence. */
function blocksOf(page: string): Block[] {
  const text = readFileSync(join(PAGES, page), 'utf8');
  return [...text.matchAll(/^```(.+)\n([\s\S]*?)^```$/gm)].map(([, info, block]) => ({
    info,
    text: block,
  }));
}

/** Puts a block into the copy: a new file, or lines behind one that is there. */
function apply(root: string, { info, text }: Block): void {
  const [, file, after] = /file=(\S+)(?: after="(.*)")?$/.exec(info) ?? [];
  if (file === undefined) return;
  const path = join(root, file);
  if (after === undefined) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { flag: 'wx' });
    return;
  }
  const lines = readFileSync(path, 'utf8').split('\n');
  const at = lines.findIndex((line) => line.trim() === after);
  expect(at, `${file} has no line ${after}`).toBeGreaterThanOrEqual(0);
  lines.splice(at + 1, 0, text.trimEnd());
  writeFileSync(path, lines.join('\n'));
}

/** Commands of a block, each with the lines that it prints. */
const commandsOf = ({ text }: Block) =>
  text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command, ...lines] = part.trimEnd().split('\n');
      return { command, printed: lines.join('\n') };
    });

const pages = readdirSync(PAGES).filter((name) => name !== 'README.md' && name.endsWith('.md'));
const root = join(scratchFolder(), 'copy');

function run(command: string): string {
  const { status, stdout, stderr } = spawnSync('bash', ['-o', 'pipefail', '-c', command], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', TMPDIR: tmpdir() },
  });
  if (status !== 0) throw new Error(`${command} ended with ${status}:\n${stdout}${stderr}`);
  return stdout.trimEnd();
}

beforeAll(() => {
  const files = execFileSync('git', [
    'ls-files',
    '-z',
    '--cached',
    '--others',
    '--exclude-standard',
  ])
    .toString()
    .split('\0')
    .filter(
      (name) => name !== '' && (!name.startsWith('tests/data/') || name.includes('sriov-on-r1')),
    );
  for (const file of files) cpSync(file, join(root, file));
  symlinkSync(join(process.cwd(), 'node_modules'), join(root, 'node_modules'));
  for (const page of pages) for (const block of blocksOf(page)) apply(root, block);
  run('node_modules/.bin/tsc -p tsconfig.json --noEmit && npm run --silent build');
}, 300_000);

test.each(pages)('the list of pages for contributors has %s', (page) => {
  expect(readFileSync(join(PAGES, 'README.md'), 'utf8')).toContain(`(${page})`);
});

describe.each(pages)('%s', (page) => {
  const commands = blocksOf(page)
    .filter(({ info }) => info === 'console')
    .flatMap(commandsOf);

  test('a page for contributors has commands that show that it works', () => {
    expect(commands.length).toBeGreaterThan(0);
  });

  test.each(commands)('a command of a page prints what the page says: $command', ({
    command,
    printed,
  }) => {
    expect(run(command)).toBe(printed);
  }, 60_000);
});
