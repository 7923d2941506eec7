/**
 * Goal: lanes of a trace that grows come, however often it grows.
 * Method: in place of vfr a script that prints how often it ran.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scratchFolder } from '../../tests/build-trace.js';
import { TraceLanes } from './trace-lanes.js';

/** A program that notes its last argument, and answers with a lane of that name. */
function program(): { readonly file: string; readonly runs: () => string[] } {
  const folder = scratchFolder();
  const [file, log] = [join(folder, 'program.mjs'), join(folder, 'log')];
  writeFileSync(log, '');
  const lane = '{ device, present: [], bars: [], holds: [], overrides: [], marks: [] }';
  writeFileSync(
    file,
    `import { appendFileSync } from 'node:fs';
    const device = process.argv.at(-1);
    appendFileSync(${JSON.stringify(log)}, device + '\\n');
    const races = { races: [] };
    console.log(JSON.stringify({ end: 0, losses: [], devices: [${lane}], races }));`,
  );
  return { file, runs: () => readFileSync(log, 'utf8').trim().split('\n') };
}

test('lanes that are asked for while others are computed come after them, once', async () => {
  const { file, runs } = program();
  const lanes = new TraceLanes(file);
  const refreshed = ['first', 'second', 'last'].map((name) => lanes.refresh(name));
  await Promise.all(refreshed);
  expect(runs()).toEqual(['first', 'last']);
  expect(lanes.facts).toEqual({ generation: 3, devices: ['last'], drivers: [] });
});

test('a failure is a problem until lanes come, and those of before stay', async () => {
  const { file } = program();
  const lanes = new TraceLanes(file);
  await lanes.refresh('good');
  const works = readFileSync(file, 'utf8');
  writeFileSync(file, 'console.error("vfr: it is gone"); process.exitCode = 3;');
  await lanes.refresh('bad');
  expect([lanes.problem, lanes.facts?.devices]).toEqual(['it is gone', ['good']]);
  writeFileSync(file, works);
  await lanes.refresh('better');
  expect([lanes.problem, lanes.facts?.devices]).toEqual([null, ['better']]);
});
