/**
 * The form of a scenario document, as JSON Schema (draft 2020-12). It is published as
 * docs/scenario.schema.json, and documents are held against this very object.
 */

/** As much of JSON Schema as the form needs. */
export interface Schema {
  readonly description?: string;
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'boolean' | 'null';
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  /** False: no other members; else what all others are. */
  readonly additionalProperties?: false | Schema;
  readonly propertyNames?: Schema;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly maxLength?: number;
  readonly const?: string | number | boolean | null;
  readonly enum?: readonly (string | number | boolean | null)[];
  readonly anyOf?: readonly Schema[];
  readonly maxProperties?: number;
  readonly minProperties?: number;
}

const text = (description: string, pattern?: string): Schema => ({
  description,
  type: 'string',
  maxLength: 4096,
  ...(pattern === undefined ? {} : { pattern }),
});
const flag = (description: string): Schema => ({ description, type: 'boolean' });
const address: Schema = text(
  'PCI address dddd:bb:dd.f',
  '^[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\\.[0-7]$',
);
const driver = text('name of a driver on the bus', '^[A-Za-z0-9_.-]{1,64}$');
const nullable = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
const id = text('16 bits in hexadecimal, such as 0x10de', '^0x[0-9a-f]{4}$');
const count = (description: string, maximum: number): Schema => ({
  description,
  type: 'integer',
  minimum: 0,
  maximum,
});
const record = (
  description: string,
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[],
): Schema => ({ description, type: 'object', properties, required, additionalProperties: false });

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
  },
  ['totalVfs', 'offset', 'stride', 'vfDevice'],
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
    driver,
    override: text('driver_override'),
    sriov,
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

const pciDriver = record(
  'a driver of the PCI bus; drivers that are loaded registered in the order of the list',
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
        'what its probe function returns, by pf, vf or an address: one result, or the results of ' +
        'one attempt after the other, of which the last stays. 0 when left out.',
      type: 'object',
      propertyNames: {
        type: 'string',
        pattern: '^(?:pf|vf|[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\\.[0-7])$',
      },
      additionalProperties: { anyOf: [result, { type: 'array', items: result, minItems: 1 }] },
    },
    defersUntil: { ...address, description: 'its probe is put off until this function is bound' },
  },
  ['name'],
);

const condition: Schema = {
  description: 'the operation waits until this holds',
  anyOf: [
    record('a function is there', { exists: address }, ['exists']),
    record('a function is not there', { gone: address }, ['gone']),
    record('a function has a driver, or none', { driver: nullable(driver), of: address }, [
      'driver',
      'of',
    ]),
    record(
      'another actor has done its first so many operations',
      { actor: text('name of the actor'), did: count('operations', 1_000_000) },
      ['actor', 'did'],
    ),
  ],
};

const common = {
  when: condition,
  onError: {
    description: 'what the actor does after an error: go on (when left out), or nothing more',
    enum: ['continue', 'stop'],
  },
} as const satisfies Record<string, Schema>;

const operation: Schema = {
  description: 'what an actor does',
  anyOf: [
    record(
      'writes a text to an attribute in sysfs',
      {
        write: text('path of the attribute', '^/sys/bus/pci/'),
        text: { type: 'string', maxLength: 8192, description: 'what is written' },
        ...common,
      },
      ['write', 'text'],
    ),
    record('loads the module of a driver', { load: driver, ...common }, ['load']),
    record('unloads the module of a driver', { unload: driver, ...common }, ['unload']),
    record('a slot tells that a function came', { plug: address, ...common }, ['plug']),
    record('a slot tells that its function goes', { unplug: address, ...common }, ['unplug']),
  ],
};

const outcome = record(
  'one way in which it may end',
  {
    drivers: {
      description: 'driver of functions that are there, by address; null for none',
      type: 'object',
      propertyNames: address,
      additionalProperties: nullable(driver),
    },
    gone: { description: 'functions that are not there', type: 'array', items: address },
    deadlock: flag('threads wait for each other'),
    faults: {
      description: 'bugs of the kernel that were hit',
      type: 'array',
      items: { enum: ['overrideUseAfterFree', 'removedTwice'] },
    },
  },
  [],
);

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
      machine: record(
        'what is there when the run begins',
        {
          functions: { type: 'array', items: pciFunction, minItems: 1 },
          drivers: { type: 'array', items: pciDriver },
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
            does: { description: 'one after the other', type: 'array', items: operation },
          },
          ['name', 'does'],
        ),
      },
      outcomes: {
        description: 'every run ends in one of them, and each of them can come',
        type: 'array',
        items: outcome,
        minItems: 1,
      },
    },
    ['scenario', 'name', 'title', 'kernel', 'machine', 'actors', 'outcomes'],
  ),
};
