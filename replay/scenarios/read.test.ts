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

describe('a wrong word', () => {
  const base = SCENARIOS.find(({ name }) => name === 'vfio-unbind-asks-the-user')!;
  const user = base.actors.findIndex(({ does }) => does.some((one) => 'open' in one));
  /** Mistakes of the user of VFIO when it does one more thing. */
  const told = (operation: object) => {
    const actors = base.actors.map((actor, i) =>
      i === user ? { ...actor, does: [...actor.does, operation] } : actor,
    );
    return checkScenario(JSON.stringify({ ...base, actors }), 'my.json').map(({ what }) => what);
  };

  test.each([
    [
      { writ: '/sys/bus/pci/rescan', text: '1' },
      'nothing is called "writ" here; did you mean write?',
    ],
    [
      { ioctl: 'VFIO_DEVICE_RESET', onn: 'device' },
      'nothing is called "onn" here; did you mean on?',
    ],
    [{ ioctl: 'VFIO_DEVICE_RESTE', on: 'device' }, 'did you mean VFIO_DEVICE_RESET?'],
    [{ settle: true, wen: { exists: '0000:42:00.0' } }, 'did you mean when?'],
    [{ exit: true, when: { exist: '0000:42:00.0' } }, 'did you mean exists?'],
    [{ onError: 'stop' }, 'one of these is missing: write, read'],
  ])('a wrong word in a scenario is told with the right one: %j', (operation, what) => {
    expect(told(operation).join('\n')).toContain(what);
  });

  test.each([
    [
      { ioctl: 'VFIO_DEVICE_RESET', on: 'devise' },
      'opens a file called devise; did you mean device?',
    ],
    [{ close: 'contaner' }, 'did you mean container?'],
    [{ ioctl: 'VFIO_DEVICE_SET_IRQS', on: 'device', files: ['lime'] }, 'a file called lime'],
    [{ touch: 'bar0', offset: 0 }, 'makes a mapping bar0'],
    [{ exit: true, when: { signalled: 'nobody' } }, 'a file called nobody'],
  ])('a name of what nobody opens is told: %j', (operation, what) => {
    expect(told(operation).join('\n')).toContain(what);
  });

  test('a descriptor that is not open on purpose is no mistake', () => {
    expect(told({ ioctl: 'VFIO_DEVICE_SET_IRQS', on: 'device', files: ['nothing', null] })).toEqual(
      [],
    );
  });
});

test.each([
  ['driver(0000:41:00.4) == nova_cor', 25, 'no driver is called nova_cor; did you mean nova_core?'],
  ['bound(vfiopci) > 1', 7, 'did you mean vfio-pci?'],
  ['driver(0000:99:00.0) == none', 8, 'the machine has no function 0000:99:00.0'],
  ['error(nobody, 1) == EIO', 7, 'no actor is called nobody'],
  ['error(ACTOR, 99) == EIO', 14, 'and no number 99'],
  ['failed(ACTOR) > 99', 17, 'and no number 99'],
  [
    'override(0000:41:00.0) in [vfio-pic]',
    28,
    'no override is set to vfio-pic; did you mean vfio-pci?',
  ],
])('a name in never that means nothing is told with its column: %s', (text, column, what) => {
  const actor = SCENARIOS[0].actors[0].name;
  const never = [text.replace('ACTOR', actor)];
  const shift = never[0].length - text.length;
  const lines = JSON.stringify({ ...SCENARIOS[0], never }, null, 2).split('\n');
  const [mistake] = checkScenario(lines.join('\n'), 'my.json');
  expect(mistake.line).toBe(lines.findIndex((line) => line.includes('"never"')) + 2);
  expect(mistake.what).toContain(what);
  const at = text.includes('ACTOR') ? column + shift : column;
  expect(mistake.what).toContain(`column ${at} of `);
});
