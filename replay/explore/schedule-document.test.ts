/** Goal: a schedule of another model is refused, and never leads to another end than it had. */
import { expect, test } from 'vitest';
import type { VfrError } from '../../traces/index.js';
import { World } from '../kernel/index.js';
import { SCENARIOS, specOf } from '../scenarios/index.js';
import {
  exploreOrders,
  readSchedule,
  type ScheduleDocument,
  scheduleDocument,
  scheduleText,
} from './index.js';
import { textHash } from './text-hash.js';

const OPTIONS = { states: 50_000, exact: false, reduce: 'ifNeeded', samples: 0 } as const;

function documentsOf(name: string): ScheduleDocument[] {
  const run = specOf(SCENARIOS.find((one) => one.name === name)!);
  const { outcomes } = exploreOrders(new World(run), { ...OPTIONS, isBad: () => false });
  const from = { named: null, seed: null };
  return outcomes.map(({ schedule }) => scheduleDocument(run, schedule, from));
}

/** The document with a change, and a check that fits. */
function changed(change: Partial<ScheduleDocument>): string {
  const { check: _, ...body } = { ...documentsOf('two-binders')[0], ...change };
  return JSON.stringify({ ...body, check: textHash(JSON.stringify(body)) });
}

const refusal = (text: string): string => {
  try {
    readSchedule(text, 'x.json');
    return 'accepted';
  } catch (error) {
    return (error as VfrError).code;
  }
};

test('a schedule is read to the same order, with structs of ioctls in it', () => {
  for (const name of ['two-binders', 'cdev-two-users', 'async-probe-against-bind']) {
    for (const document of documentsOf(name)) {
      const again = readSchedule(scheduleText(document), 'x.json');
      expect(scheduleText(again.document)).toBe(scheduleText(document));
    }
  }
});

test.each([
  ['another form', { schedule: 2 as unknown as 1 }],
  ['other steps of procedures', { tables: '0123456789abcdef' }],
  ['another state at the end', { hash: '0123456789abcdef' }],
  ['an actor that there is not', { steps: [{ actor: 'three', operation: 1, steps: 1 }] }],
  ['more steps than an actor has', { steps: [{ actor: 'one', operation: 1, steps: 99 }] }],
])('a schedule with %s is refused as one of another version', (_, change) => {
  expect(refusal(changed(change))).toBe('SCHEDULE_VERSION');
});

test.each([
  '',
  '[]',
  'null',
  '{"scenario": 1}',
  '{"schedule": 1}',
])('the text %j is no schedule', (text) => {
  expect(refusal(text)).toBe('SCHEDULE_INVALID');
});
