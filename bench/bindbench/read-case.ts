/** Reads cases: their text, their form, and the scenarios that they consist of. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ScenarioDocument } from '../../replay/index.js';
import { type Json, parseJson } from '../../replay/scenarios/json.js';
import { lineOf, mistakesInScenario } from '../../replay/scenarios/read.js';
import { type Mistake, mistakesOf } from '../../replay/scenarios/validate.js';
import { fileError, VfrError } from '../../traces/index.js';
import {
  CASE_SCHEMA,
  type CaseDocument,
  type MissingDocument,
  type OperationPlace,
  type WrittenDocument,
} from './case-form.js';

type Outcomes = ScenarioDocument['outcomes'];

/** A case with its scenarios in full. */
export interface Case extends Omit<WrittenDocument, 'racy' | 'fixed' | 'kernels' | 'kind'> {
  readonly kind: 'race' | 'legal' | 'silent';
  readonly racy: ScenarioDocument;
  readonly fixed: ScenarioDocument | null;
  /** The racy scenario on other kernels. */
  readonly kernels: readonly ScenarioDocument[];
}

export type ReadCase = Case | MissingDocument;

export const isWritten = (one: ReadCase): one is Case => 'racy' in one;

/** All cases of a folder, in the order of their file names. */
export function readCases(folder: string): ReadCase[] {
  return filesOf(folder).map((name) => readCase(textOf(join(folder, name)), join(folder, name)));
}

function filesOf(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
    return names.sort();
  } catch (error) {
    throw fileError(error, folder, 'reading');
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw fileError(error, file, 'reading');
  }
}

/** @throws VfrError `SCENARIO_INVALID` with all mistakes and their lines, `JSON_INVALID` */
export function readCase(text: string, file: string): ReadCase {
  const { value, lines } = parseJson(text, file);
  const [first, ...others] = mistakesInCase(value);
  if (first === undefined) return caseOf(value as unknown as CaseDocument);
  const said = ({ path, what }: Mistake) => `${path === '' ? 'the document' : path}: ${what}`;
  const lineIn = ({ path }: Mistake) => lineOf(lines, path);
  const more = others.map((one) => `\n${file}:${lineIn(one)}: ${said(one)}`).join('');
  const place = { file, line: lineIn(first) };
  const next = 'docs/bindbench.md describes a case.';
  throw new VfrError('SCENARIO_INVALID', `${said(first)}${more}`, next, place);
}

function mistakesInCase(value: Json): Mistake[] {
  const inForm = mistakesOf(value, CASE_SCHEMA);
  if (inForm.length > 0) return inForm;
  const document = value as unknown as CaseDocument;
  if (!('racy' in document)) return [];
  const { racy, fixed, kernels } = caseOf(document) as Case;
  const inFixed = fixed === null ? [] : mistakesInScenario(fixed);
  const own = new Set(Object.keys(document.fixed ?? {}));
  return [
    ...under('/racy', mistakesInScenario(racy)),
    // What is wrong in a part that it has from racy was said there.
    ...under(
      '/fixed',
      inFixed.filter(({ path }) => own.has(path.split('/')[1])),
    ),
    ...kernels.flatMap((one, i) => under(`/kernels/${i}`, mistakesInScenario(one))),
    ...mistakesInPlaces(document, racy),
    ...(fixed === null && document.kind !== 'silent' && document.kind !== 'legal'
      ? [{ path: '', what: '"fixed" is missing' }]
      : []),
  ];
}

const under = (path: string, mistakes: readonly Mistake[]): Mistake[] =>
  mistakes.map((mistake) => ({ ...mistake, path: `${path}${mistake.path}` }));

function* mistakesInPlaces(
  { inversions = [] }: WrittenDocument,
  { actors }: ScenarioDocument,
): Generator<Mistake> {
  for (const [i, pair] of inversions.entries()) {
    for (const [side, { actor, does }] of Object.entries<OperationPlace>({ ...pair })) {
      const path = `/inversions/${i}/${side}`;
      const found = actors.find(({ name }) => name === actor);
      if (found === undefined && actor !== 'kworker') {
        yield { path: `${path}/actor`, what: `no actor is called ${actor}` };
      } else if (does !== undefined && (does < 1 || does > (found?.does.length ?? 0))) {
        yield { path: `${path}/does`, what: `${actor} has no operation ${does}` };
      }
    }
  }
}

function caseOf(document: CaseDocument): ReadCase {
  if (!('racy' in document)) return document;
  const { racy, fixed, kernels = [], kind = 'race', ...rest } = document;
  const name = document.id.toLowerCase();
  const whole = { scenario: 1, name: `${name}-racy`, title: document.title, ...racy } as const;
  const on = (kernel: string, outcomes: Outcomes): ScenarioDocument => ({
    ...whole,
    name: `${name}-${kernel.replaceAll('.', '-')}`,
    kernel,
    outcomes,
  });
  return {
    ...rest,
    kind,
    racy: whole,
    fixed: fixed === undefined ? null : { ...whole, ...fixed, name: `${name}-fixed` },
    kernels: kernels.map((one) => on(one.kernel, one.outcomes)),
  };
}
