/**
 * The form of a case, as JSON Schema and as types: a race that was reported in public, as a scenario
 * that has it and one that has not. docs/case.schema.json publishes it.
 */
import {
  publishedSchema,
  SCENARIO_PARTS,
  SCENARIO_SCHEMA,
  type ScenarioDocument,
} from '../../replay/index.js';
import { count, record, type Schema, text } from '../../replay/scenarios/schema-forms.js';

/** What a machine lacks for a case that cannot be written yet, one word each. */
export const CAPABILITIES: Readonly<Record<string, string>> = {
  bridges: 'bridges, their windows, and subtrees of functions',
  dmabuf: 'DMABUFs of a device',
  'driver-data': 'memory of a native driver that its own threads and callbacks share',
  firmware: 'firmware of a device that fails or is reset',
  'group-numbers': 'IOMMU groups that get another number',
  'iommu-probe': 'drivers of IOMMUs that come after functions',
  kvm: 'files of KVM that hold groups and devices',
  mm: 'the memory of a process: its lock, and exec',
  'no-iommu': 'the no-IOMMU mode',
  'set-lock': 'dev_set->lock as VFIO gets a device',
};

const outcomes = SCENARIO_SCHEMA.properties!.outcomes;
const { kernel, bugs, machine, actors } = SCENARIO_SCHEMA.properties!;

const operation = record(
  'an operation of an actor, or what the kernel does by itself',
  {
    actor: text('name of the actor, or of the thread as a witness has it; kworker: any worker'),
    does: count('number of its operation, from 1', 10_000),
    what: text('which step of it, for people'),
  },
  ['actor'],
);

const situation = (description: string, required: readonly string[]): Schema =>
  record(
    description,
    { title: text('one line for people'), kernel, bugs, machine, actors, outcomes },
    required,
  );

/** What every case has, whether it can be written or not. */
const about = {
  $schema: text('where this schema is'),
  case: { description: 'version of the form', const: 1 },
  id: text('a short name, such as BB22', '^[A-Za-z0-9][A-Za-z0-9-]{0,31}$'),
  title: text('one line for people'),
  class: {
    description: 'classes of race that it belongs to; null when it is not a race',
    anyOf: [text('such as R1/R10', '^R\\d{1,2}(?:/R\\d{1,2})*$'), { type: 'null' }],
  },
  sources: {
    description: 'where it was reported, or fixed',
    type: 'array',
    minItems: 1,
    items: text('a URL, an issue as owner/name#number, a commit, or a message id'),
  },
} as const satisfies Record<string, Schema>;

const written = record(
  'a case that is run',
  {
    ...about,
    kind: {
      description:
        'race: an order of it is bad (when left out); legal: several orders differ, and all are ' +
        'right; silent: no order differs, so that no tool may report a race',
      enum: ['race', 'legal', 'silent'],
    },
    inversions: {
      description:
        'pairs of which each decides alone: a bad run has the first before the second, and ends ' +
        'well the other way round; left out when no order ends well',
      type: 'array',
      items: record('one pair', { first: operation, second: operation }, ['first', 'second']),
    },
    bad: {
      ...outcomes,
      minItems: 0,
      description: 'which outcomes are bad; default: faults, deadlocks',
    },
    racy: situation('the situation as it was reported', [
      'kernel',
      'machine',
      'actors',
      'outcomes',
    ]),
    fixed: situation('the same with the fix; what it leaves out is that of racy', [
      'title',
      'outcomes',
    ]),
    kernels: {
      description: 'outcomes of racy on other kernels',
      type: 'array',
      items: record('one kernel', { kernel, outcomes }, ['kernel', 'outcomes']),
    },
  },
  ['case', 'id', 'title', 'class', 'sources', 'racy'],
);

const missing = record(
  'a case that cannot be written',
  {
    ...about,
    needs: {
      description: 'what the machine lacks for it',
      type: 'array',
      minItems: 1,
      items: { enum: Object.keys(CAPABILITIES), description: 'a capability' },
    },
  },
  ['case', 'id', 'title', 'class', 'sources', 'needs'],
);

export const CASE_SCHEMA: Schema & Readonly<Record<string, unknown>> = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'BindBench case',
  anyOf: [written, missing],
};

/** JSON text of the schema, as docs/case.schema.json has it. */
export const publishedCaseSchema = (): string =>
  publishedSchema(CASE_SCHEMA, { ...SCENARIO_PARTS, machine, actors, outcomes, step: operation });

type Outcomes = ScenarioDocument['outcomes'];
type Situation = Pick<ScenarioDocument, 'kernel' | 'bugs' | 'machine' | 'actors' | 'outcomes'>;

export interface OperationPlace {
  readonly actor: string;
  readonly does?: number;
  readonly what?: string;
}

export interface Inversion {
  readonly first: OperationPlace;
  readonly second: OperationPlace;
}

interface About {
  readonly id: string;
  readonly title: string;
  readonly class: string | null;
  readonly sources: readonly string[];
}

export interface WrittenDocument extends About {
  readonly kind?: 'race' | 'legal' | 'silent';
  readonly inversions?: readonly Inversion[];
  readonly bad?: Outcomes;
  readonly racy: Situation & { readonly title?: string };
  readonly fixed?: Partial<Situation> & { readonly title: string; readonly outcomes: Outcomes };
  readonly kernels?: readonly { readonly kernel: string; readonly outcomes: Outcomes }[];
}

export interface MissingDocument extends About {
  readonly needs: readonly string[];
}

export type CaseDocument = WrittenDocument | MissingDocument;
