/**
 * Goal: a mistake in a scenario is told with the line that it stands in.
 * Method: documents with one mistake each, written as people write them.
 */
import Ajv from 'ajv';
import { describe, expect, test } from 'vitest';
import {
  checkScenario,
  publishedSchema,
  readScenario,
  SCENARIO_PARTS,
  SCENARIO_SCHEMA,
  SCENARIOS,
} from './index.js';

const FINE = JSON.stringify(SCENARIOS[0], null, 2);
const lines = FINE.split('\n');

/** The document with the first line that holds a text replaced, and the number of that line. */
function changed(find: string, to: string): { text: string; line: number } {
  const at = lines.findIndex((line) => line.includes(find));
  return { text: lines.with(at, to).join('\n'), line: at + 1 };
}

const published = publishedSchema(SCENARIO_SCHEMA, SCENARIO_PARTS);

test('the schema is published with each part once', async () => {
  await expect(published).toMatchFileSnapshot('../../docs/scenario.schema.json');
});

test('the published schema accepts and refuses what the program does', () => {
  const { $schema: _, ...schema } = JSON.parse(published);
  const accepts = new Ajv().compile(schema);
  for (const scenario of SCENARIOS) expect(accepts(scenario), scenario.name).toBe(true);
  for (const wrong of [{ kernel: 6.12 }, { actors: [{ name: 'a', does: [{ load: 1 }] }] }])
    expect(accepts({ ...SCENARIOS[0], ...wrong })).toBe(false);
});

describe('told with its line', () => {
  test.each([
    ['a text that is no JSON', '"kernel"', '  "kernel" "6.12",', 'a colon is missing'],
    ['a name that stands twice', '"title"', '  "title": "a", "title": "b",', 'occurs twice'],
  ])('a mistake in a scenario is reported with its line: %s', (_, find, to, what) => {
    const { text, line } = changed(find, to);
    expect(() => checkScenario(text, 'my.json')).toThrow(`my.json:${line}: `);
    expect(() => checkScenario(text, 'my.json')).toThrow(what);
  });

  test.each([
    ['a wrong type', '"kernel"', '  "kernel": 6.12,', 'a string'],
    ['a wrong address', '"address"', '        "address": "41:00.0",', 'is not PCI address'],
    [
      'an unknown member',
      '"class"',
      '        "class": "0x030200", "klass": 1,',
      'nothing is called',
    ],
    ['a driver that is not there', '"driver"', '        "driver": "nvidia",', 'no driver'],
    [
      'an attribute that is not there',
      'sriov_numvfs',
      '"write": "/sys/bus/pci/devices/0000:41:00.0/power",',
      'no such attribute',
    ],
    ['a kernel that is too old', '"kernel"', '  "kernel": "5.10",', 'not modelled'],
  ])('a mistake in a scenario is reported with its line: %s', (_, find, to, what) => {
    const { text, line } = changed(find, to);
    const [mistake] = checkScenario(text, 'my.json');
    expect(mistake).toMatchObject({ line });
    expect(mistake.what).toContain(what);
  });

  test('an errno that does not exist', () => {
    const text = FINE.replace('"sriov": "simple"', '"sriov": "simple", "probe": { "vf": "EFOO" }');
    expect(checkScenario(text, 'my.json')[0]?.what).toContain('no errno is called EFOO');
  });

  test.each([
    ['an actor that does not exist', { actor: 'nobody', did: 1 }, 'no actor is called nobody'],
    ['more operations than there are', { actor: 'one', did: 3 }, 'one has 2 operations'],
  ])('a condition that never holds: %s', (_, condition, what) => {
    const read = { read: 'driver', of: SCENARIOS[0].machine.functions[0].address };
    const actors = [
      { name: 'one', does: [read, read] },
      {
        name: 'two',
        does: ['when', 'if', 'unless'].map((member) => ({ ...read, [member]: condition })),
      },
    ];
    const text = JSON.stringify({ ...SCENARIOS[0], actors, outcomes: [{}], never: undefined });
    expect(checkScenario(text, 'my.json').map((mistake) => mistake.what)).toEqual([
      what,
      what,
      what,
    ]);
  });

  test('a member that is missing is told where it is missing', () => {
    const text = FINE.replace(/ *"title".*\n/, '');
    expect(checkScenario(text, 'my.json')).toEqual([
      { line: 1, path: '', what: '"title" is missing' },
    ]);
  });
});

test.each([
  ['unknown driver', { subsystem: 'pci' }, { load: 'nvidia' }, 'no driver of the machine'],
  [
    'unknown attribute',
    { subsystem: 'pci' },
    { write: '/sys/bus/pci/devices/$kernel/power', text: '1' },
    'no such attribute',
  ],
  [
    'name that is not known before the run',
    { subsystem: 'vfio-dev' },
    { read: 'driver', of: '$kernel' },
    '$kernel is not known for vfio-dev',
  ],
  ['device that sends nothing', { subsystem: 'misc' }, { settle: true }, 'no uevents of misc'],
  ['wait of a program', {}, { load: 'vfio-pci', when: { exists: '0000:41:00.4' } }, '"when"'],
  ['file that a program would open', {}, { open: 'container' }, 'missing'],
] as const)('a mistake in a rule of udev is found: %s', (_, match, operation, what) => {
  const { machine, ...rest } = SCENARIOS[0];
  const document = {
    ...rest,
    machine: { ...machine, udev: { rules: [{ match, runs: [operation] }] } },
  };
  const found = checkScenario(JSON.stringify(document), 'my.json').map((one) => one.what);
  expect(found.join()).toContain(what);
});

test('$kernel stands for a device only in rules of udev', () => {
  const rules = [{ match: {}, runs: [{ read: 'driver', of: '$kernel' }] }] as const;
  const { machine, ...rest } = SCENARIOS[0];
  const document = { ...rest, machine: { ...machine, udev: { rules } } };
  expect(checkScenario(JSON.stringify(document), 'my.json')).toEqual([]);
  const actors = [{ name: 'reader', does: rules[0].runs }];
  expect(checkScenario(JSON.stringify({ ...document, actors }), 'my.json')).not.toEqual([]);
});

test('a document without mistakes is read as it is', () => {
  expect(readScenario(FINE, 'my.json')).toEqual(SCENARIOS[0]);
});

test('a hostile document is refused, not run out of stack', () => {
  expect(() => checkScenario('['.repeat(100_000), 'my.json')).toThrow('nested too deeply');
});
