import type { Command } from 'commander';
import type { Model } from '../../replay/index.js';
import { formatKeys } from '../aligned-lists.js';
import { print, printJson } from '../output.js';
import { printable } from '../printable.js';

interface Options {
  readonly json?: boolean;
}

export function register(program: Command): void {
  program
    .command('models')
    .description('list the drivers that have a model, and what is missing of each')
    .argument('[name]', 'print the facts of this one, each with its source')
    .option('--json', 'print one JSON document')
    .action(list);
}

async function list(name: string | undefined, { json }: Options): Promise<void> {
  const { MODELS } = await import('../../replay/index.js');
  if (name !== undefined) return printModel(await modelCalled(name), json === true);
  const models = MODELS.map(coverageOf);
  if (json === true) return printJson({ models });
  const lines = models.map((model): [string, string] => [model.name, shareOf(model)]);
  return print(formatKeys(lines));
}

async function modelCalled(name: string): Promise<Model> {
  const { MODELS, meant } = await import('../../replay/index.js');
  // The kernel writes - and _ alike in names of modules.
  const bare = (text: string) => text.replaceAll('_', '-');
  const found = MODELS.find((model) => bare(model.name) === bare(name));
  if (found !== undefined) return found;
  const names = MODELS.map((model) => model.name);
  const what = `no model is called ${name}${meant(name, names)}`;
  const { VfrError } = await import('../../traces/index.js');
  throw new VfrError('MODEL_UNKNOWN', what, '`vfr models` lists them.');
}

async function printModel(model: Model, json: boolean): Promise<void> {
  const { missing, ...counts } = coverageOf(model);
  const rows = model.rows.map(({ missing: why, ...row }) => ({ ...row, why: why ?? null }));
  if (json) return printJson({ ...counts, rows });
  const lines = rows.flatMap(({ id, text, source, why }) => [
    `${why === null ? 'covered' : 'missing'}  ${id}  ${text}`,
    ...(why === null ? [] : [`         because: ${why}`]),
    `         source: ${source}`,
  ]);
  const head = `${model.name}: ${shareOf(counts)}`;
  return print([head, ...lines].map((line) => printable(line)).join('\n'));
}

const shareOf = ({ kernels, covered, total }: Omit<ReturnType<typeof coverageOf>, 'missing'>) =>
  `${covered} of ${total} facts  ${kernels}`;

/** A row that is missing says why. */
function coverageOf({ name, kernels, rows }: Model) {
  const missing = rows.flatMap(({ missing: why, ...row }) =>
    why === undefined ? [] : [{ ...row, why }],
  );
  return { name, kernels, covered: rows.length - missing.length, total: rows.length, missing };
}
