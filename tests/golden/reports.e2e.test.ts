/**
 * Goal: what people read is reviewed as text: a change of a report is a diff of its file here.
 * Method: commands on recordings of real kernels and on runs of the model; `npm run golden -- --update`
 * renews the files. What depends on the release, the machine or the day is replaced by its name.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createProgram } from '../../cli/program.js';
import { importedCapturePath } from '../captures.js';
import { scratchFolder } from '../scratch.js';
import { vfr } from '../vfr.js';
import { vfrInProcess } from '../vfr-in-process.js';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const scratch = scratchFolder();

/** `@name` in a command: the trace of a capture, or the file of that name that a command wrote. */
function pathOf(word: string): string {
  if (!word.startsWith('@')) return word;
  const name = word.slice(1);
  return name.endsWith('.arrows') ? join(scratch, name) : importedCapturePath(name);
}

/** An output without what differs from machine to machine; lines do not end with blanks. */
const stable = (text: string): string =>
  text
    .replaceAll(/\S*\/([\w.-]+\.arrows)/g, '$1')
    .replaceAll(`vfr ${version}`, 'vfr VERSION')
    // The hashes are pinned by tests/state-hash.test.ts.
    .replaceAll(/(state hash +)[0-9a-f]{16}/g, '$1HASH')
    // The id and the size of a trace are those of its writer's version, too.
    .replaceAll(/^(id +)[0-9a-f]{16}$/gm, '$1ID')
    .replaceAll(/^(size +).*$/gm, '$1SIZE')
    .replaceAll(/\d+ bytes$/gm, 'N bytes')
    .replaceAll(/ +$/gm, '');

const shown = (args: readonly string[]): string =>
  `$ vfr ${args.map((word) => (/[ ']/.test(word) ? `"${word}"` : word.replace(/^@/, ''))).join(' ')}\n`;

/** What the commands print, one after the other, each after the line that starts it. */
async function session(...commands: readonly (readonly string[])[]): Promise<string> {
  let text = '';
  for (const args of commands) {
    const { code, stdout, stderr } = await vfrInProcess(args.map(pathOf));
    text += `${shown(args)}${stable(stdout + stderr)}${code === 0 ? '' : `exit code ${code}\n`}\n`;
  }
  return text;
}

/** A report that is compared with the file of its name. */
const golden = (name: string, what: string, ...commands: readonly (readonly string[])[]) =>
  test(`${what} is printed as ${name}.txt shows`, async () => {
    await expect(await session(...commands)).toMatchFileSnapshot(`${name}.txt`);
  });

golden('info', 'what a trace holds', ['info', '@sriov-on-r1'], ['info', '@iommufd-cdev-r1']);

golden('events', 'a list of events', [
  ...['events', '@sriov-on-r1', '--where'],
  "device = '0000:01:00.2' AND kind IN ('sysfs.write', 'bind', 'unbind', 'override')",
  ...['--limit', '40'],
]);

golden(
  'replay',
  'the verdict on a recording',
  ['replay', '@sriov-on-r1'],
  ['replay', '@aer-bus-r1'],
  ['replay', '@deferral-r1'],
);

golden(
  'replay-state',
  'the state at an event, and its changes',
  ['replay', '@sriov-off-r1', '--state', '0000:01:00.1'],
  ['replay', '@sriov-off-r1', '--watch', '0000:01:00.1/driver'],
);

golden('races', 'the races of a recording', ['races', '@sriov-on-r1'], ['races', '@sriov-off-r1']);

golden(
  'timeline',
  'the lanes of devices over time',
  ['timeline', '@sriov-on-r1'],
  ['timeline', '@sriov-off-r1', '--device', '01:00.1'],
  ['timeline', '@vfio-client-r1'],
  ['timeline', '@dma-fault-r1'],
);

const view = (trace: string, sql: string) => ['sql', trace, sql];
golden(
  'views',
  'the first rows of the views that people start from',
  view('@sriov-on-r1', 'FROM bindings LIMIT 8'),
  view('@sriov-on-r1', 'FROM stores LIMIT 8'),
  view('@vfio-client-r1', 'FROM holders LIMIT 8'),
  view('@vfio-client-r1', 'FROM ioctls LIMIT 8'),
  view('@vfio-client-r1', 'FROM config_accesses LIMIT 8'),
  view('@dma-fault-r1', 'FROM faults LIMIT 8'),
);

golden('scenarios', 'the list of scenarios', ['scenarios']);

golden(
  'explore',
  'every way in which a scenario can end',
  ['explore', 'unbind-hits-the-next'],
  ['explore', 'pf-removed-with-vfs-6-18'],
  ['explore', 'vf-removed-twice', '--kernel', '6.12,6.18,6.19'],
);

golden(
  'run',
  'the run of a scenario, and its repetition',
  ['record', '--scenario', 'two-binders', '-o', '@two-binders.arrows'],
  ['events', '@two-binders.arrows'],
  ['enact', '@two-binders.arrows'],
);

golden('enact', 'the repetition of what a kernel did', ['enact', '@sriov-off-r1']);

golden('verify', 'the check of a trace', ['verify', '@sriov-on-r1']);

golden(
  'help',
  'the help of every command',
  ['--help'],
  ...createProgram().commands.map((command) => [command.name(), '--help']),
);

test('a session of the debugger is printed as debug.txt shows', async () => {
  const lines = [
    'help',
    "break kind = 'bind'",
    'continue',
    'where',
    'holders 0000:01:00.1',
    'print 0000:01:00.1',
    'delete',
    'watch 0000:01:00.1/driver',
    'continue',
    'reverse-continue',
    'no such command',
    'quit',
  ];
  const input = `${lines.join('\n')}\n`;
  const { stdout, stderr } = vfr(['debug', importedCapturePath('sriov-on-r1')], { input });
  const text = `$ vfr debug sriov-on-r1 <<END\n${input}END\n${stable(stdout + stderr)}`;
  await expect(text).toMatchFileSnapshot('debug.txt');
});
