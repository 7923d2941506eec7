/**
 * The form of a scenario document, as JSON Schema (draft 2020-12). It is published as
 * docs/scenario.schema.json, and documents are held against this very object.
 */

import { READ_ATTRIBUTES } from '../kernel/index.js';
import { FAULT } from '../model/kernel-faults.js';
import { PAST_BUGS } from '../model/past-bugs.js';
import type { Parts } from './published-schema.js';
import {
  address,
  count,
  device,
  driver,
  flag,
  id,
  name,
  nullable,
  readable,
  record,
  type Schema,
  text,
} from './schema-forms.js';
import { gids, nodeCondition, udevForms, udevSchema, uid } from './udev-schema.js';
import { number, userForms } from './user-schema.js';

const result: Schema = {
  description: 'what a probe function returns: 0, or the name of an errno such as ENODEV',
  anyOf: [
    { type: 'integer', minimum: 0, maximum: 1 },
    { type: 'string', pattern: '^E[A-Z0-9_]+$' },
  ],
};

const sriov = record(
  'the SR-IOV capability of a PF',
  {
    totalVfs: count('the most VFs', 256),
    offset: count('routing id of the first VF, less that of the PF', 65_535),
    stride: count('routing ids from one VF to the next', 65_535),
    vfDevice: id,
    autoprobe: flag('sriov_drivers_autoprobe; on when left out'),
    vfs: {
      description: 'VFs that are there at the start, in the order of their index',
      type: 'array',
      items: record('a VF', { driver, override: text('driver_override') }, []),
    },
  },
  ['totalVfs', 'offset', 'stride', 'vfDevice'],
);

const hardware = record(
  'what a user of VFIO sees of a function',
  {
    bars: {
      description: 'bytes of BAR 0 to 5, which are memory: powers of 2, or 0 for none',
      type: 'array',
      items: count('bytes', 0x10_0000),
    },
    pin: flag('it has a pin for INTx'),
    msi: count('vectors of MSI; 0 without the capability', 32),
    msix: count('vectors of MSI-X; 0 without the capability', 2048),
    express: flag('it has a PCI Express capability'),
    reset: { ...result, description: 'what a reset of the function returns' },
    d3cold: flag('the platform can cut its power: it sleeps in D3cold'),
    registers: {
      description: 'read-only dwords of configuration space, by offset, such as 0xfc',
      type: 'object',
      propertyNames: { type: 'string', pattern: '^0x[0-9a-f]{0,2}[048c]$' },
      additionalProperties: number,
    },
    properties: {
      description: 'what a variant of vfio-pci finds as it probes: firmware, PF, registers',
      type: 'object',
      propertyNames: { type: 'string' },
      additionalProperties: number,
    },
    dvsec: record(
      'a designated vendor-specific capability',
      { vendor: id, id: count('its id', 0xffff), word: count('the word at 0xA', 0xffff) },
      ['vendor', 'id', 'word'],
    ),
  },
  [],
);

const pciFunction = record(
  'a PCI function',
  {
    address,
    vendor: id,
    device: id,
    subvendor: id,
    subdevice: id,
    class: text('base class, subclass, interface, such as 0x030200', '^0x[0-9a-f]{6}$'),
    present: flag('false for one that is plugged in later'),
    group: count('number of its IOMMU group; a group of its own when left out', 511),
    driver,
    override: text('driver_override'),
    interface: text(
      'name of the network interface that its native driver makes, for paths in sysfs',
      '^[^/ ]{1,15}$',
    ),
    sriov,
    hardware,
  },
  ['address', 'vendor', 'device', 'class'],
);

const idEntry = record(
  'an entry of an id table; what is left out matches any',
  {
    vendor: id,
    device: id,
    subvendor: id,
    subdevice: id,
    class: text('class, such as 0x030000', '^0x[0-9a-f]{6}$'),
    classMask: text('which bits of the class count, such as 0xffff00', '^0x[0-9a-f]{6}$'),
  },
  [],
);

const variable = text('name of a variable', '^[A-Za-z0-9_.:-]{1,64}$');
const remembered = nullable({ type: 'string', maxLength: 256 });

/** Conditions that hold for everybody. */
const shared: readonly Schema[] = [
  record('a device is there', { exists: device }, ['exists']),
  record('a device is not there', { gone: device }, ['gone']),
  record('a device has a driver, or none', { driver: nullable(driver), of: device }, [
    'driver',
    'of',
  ]),
  nodeCondition,
  record(
    'another actor has done its first so many operations',
    { actor: text('name of the actor'), did: count('operations', 1_000_000) },
    ['actor', 'did'],
  ),
  record('a variable has a text; null: it is not set', { variable, is: remembered }, [
    'variable',
    'is',
  ]),
];

const condition: Schema = {
  description: 'the operation waits until this holds',
  anyOf: [
    ...shared,
    record('an eventfd of the process was signalled', { signalled: name }, ['signalled']),
  ],
};

const pciDriver = record(
  'a driver of functions, or of mediated devices; loaded ones registered in the order of the list',
  {
    name: driver,
    loaded: flag('false: its module is loaded later, or never'),
    ids: {
      description: 'its id table; when left out, that of the model of the driver',
      type: 'array',
      items: idEntry,
    },
    probeType: {
      description: 'async: it prefers to be probed asynchronously',
      enum: ['sync', 'async'],
    },
    sriov: {
      description: "its sriov_configure: none, the core's simple one, or one of its own",
      enum: ['none', 'simple', 'own'],
    },
    probe: {
      description:
        'what its probe function returns, by pf, vf or an address: one result, or one ' +
        'per attempt; the last one repeats. By default 0.',
      type: 'object',
      propertyNames: {
        type: 'string',
        pattern: '^(?:pf|vf|[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\\.[0-7])$',
      },
      additionalProperties: { anyOf: [result, { type: 'array', items: result, minItems: 1 }] },
    },
    defersUntil: { ...address, description: 'its probe is put off until this function is bound' },
    removeWaits: { ...condition, description: 'its remove function waits until this holds' },
    parameters: {
      description: 'of its module: true or false, or a text such as 8086:10fb,10de:2342 for ids',
      type: 'object',
      propertyNames: { type: 'string' },
      additionalProperties: { anyOf: [{ type: 'boolean' }, { type: 'string', maxLength: 4096 }] },
    },
    loads: { ...driver, description: 'its probe function loads the module of this driver' },
  },
  ['name'],
);

const onError: Schema = {
  description: 'what is done after an error: go on (when left out), or nothing more',
  enum: ['continue', 'stop'],
};

const common = {
  when: condition,
  if: { ...condition, description: 'the actor leaves the operation out unless this holds' },
  unless: { ...condition, description: 'the actor leaves the operation out if this holds' },
  onError,
} as const satisfies Record<string, Schema>;

const conditionOfRules: Schema = { description: 'holds for everybody', anyOf: shared };

/** A program that udev runs waits for nothing by itself. */
const ofRules = {
  if: { ...conditionOfRules, description: 'the operation is left out unless this holds' },
  unless: { ...conditionOfRules, description: 'the operation is left out if this holds' },
  onError,
} as const satisfies Record<string, Schema>;

/** @param common members that every operation has */
const anybodysForms = (common: Readonly<Record<string, Schema>>): readonly Schema[] => [
  record(
    'writes a text to an attribute in sysfs',
    {
      write: text('path of the attribute', '^/sys/(?:bus|class|devices|kernel)/'),
      text: { type: 'string', maxLength: 8192, description: 'what is written' },
      ...common,
    },
    ['write', 'text'],
  ),
  record(
    'reads an attribute of a function; driver is the name of the driver that the link leads to',
    {
      read: { enum: READ_ATTRIBUTES, description: 'name of the attribute' },
      of: readable,
      as: { ...variable, description: 'the variable that remembers what it shows' },
      ...common,
    },
    ['read', 'of'],
  ),
  record(
    'sets a variable, which all actors see',
    { set: variable, to: { ...remembered, description: 'null: it is not set' }, ...common },
    ['set', 'to'],
  ),
  record('loads the module of a driver', { load: driver, ...common }, ['load']),
  record('unloads the module of a driver', { unload: driver, ...common }, ['unload']),
  ...udevForms(common),
];

const operation: Schema = {
  description: 'what an actor does',
  anyOf: [
    ...anybodysForms(common),
    record('a slot reports that a function was plugged in', { plug: address, ...common }, ['plug']),
    record('a slot reports that its function is to be removed', { unplug: address, ...common }, [
      'unplug',
    ]),
    ...userForms(common),
  ],
};

const outcome = record(
  'one way in which it may end',
  {
    drivers: {
      description: 'driver of devices that are there, by address or UUID; null for none',
      type: 'object',
      propertyNames: device,
      additionalProperties: nullable(driver),
    },
    gone: { description: 'devices that are not there', type: 'array', items: device },
    errors: {
      description: 'by the name of an actor: errors of its operations, in their order',
      type: 'object',
      additionalProperties: { type: 'array', items: { type: 'string', pattern: '^E[A-Z0-9_]+$' } },
    },
    deadlock: flag('threads wait for each other'),
    faults: {
      description: 'bugs of the kernel that were hit',
      type: 'array',
      items: { enum: Object.keys(FAULT) },
    },
    variables: {
      description: 'texts of variables; null for one that is not set',
      type: 'object',
      additionalProperties: remembered,
    },
  },
  [],
);

const outcomes: Schema = {
  description: 'every run ends in one of them, and each of them can come',
  type: 'array',
  items: outcome,
  minItems: 1,
};

export const SCENARIO_SCHEMA: Schema & Readonly<Record<string, unknown>> = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'vfr scenario',
  ...record(
    'a machine, its drivers, what actors do, and what may come out',
    {
      $schema: text('where this schema is'),
      scenario: { description: 'version of the form', const: 1 },
      name: text('name by which vfr knows it', '^[a-z0-9][a-z0-9-]{0,63}$'),
      title: text('one line for people'),
      kernel: text('kernel release, such as 6.12', '^[5-9]\\.\\d+'),
      bugs: {
        description:
          'bugs that kernels had and that this one has, too; by default those of its release',
        type: 'array',
        items: { enum: Object.keys(PAST_BUGS) },
      },
      machine: record(
        'what is there when the run begins',
        {
          requests: {
            description:
              'how often at most unbinding requests a device of its users; once by default',
            type: 'integer',
            minimum: 1,
            maximum: 100,
          },
          runtimePm: flag(
            'runtime power management is followed; when left out, if an actor uses an attribute ' +
              'of it, or a driver has disable_idle_d3',
          ),
          functions: { type: 'array', items: pciFunction },
          drivers: { type: 'array', items: pciDriver },
          udev: udevSchema(anybodysForms(ofRules), ofRules),
        },
        ['functions', 'drivers'],
      ),
      actors: {
        description: 'tasks that run at the same time',
        type: 'array',
        items: record(
          'a task of user space, or a slot',
          {
            name: text('comm of the task, up to 15 bytes', '^[ -~]{1,15}$'),
            process: text('tasks of one process share its files and mappings'),
            uid,
            gids,
            does: { description: 'one after the other', type: 'array', items: operation },
          },
          ['name', 'does'],
        ),
      },
      outcomes,
      never: {
        description: 'conditions that no end of a run may fulfil (docs/expressions.md)',
        type: 'array',
        items: text('an expression, such as deadlock or driver(0000:41:00.1) == none'),
      },
    },
    ['scenario', 'name', 'title', 'kernel', 'machine', 'actors', 'outcomes'],
  ),
};

/** What has several places in the schema, by the names that it is published with. */
export const SCENARIO_PARTS: Parts = {
  address,
  device,
  driver,
  condition,
  conditionOfRules,
  result,
  function: pciFunction,
  pciDriver,
  idEntry,
  operation,
  outcome,
};
