import type { Command } from 'commander';
import type { Model } from '../../replay/index.js';
import { formatKeys } from '../aligned-lists.js';
import { print, printJson } from '../output.js';

interface Options {
  readonly json?: boolean;
}

export function register(program: Command): void {
  program
    .command('models')
    .description('list the drivers that have a model, and what is missing of each')
    .option('--json', 'print one JSON document')
    .action(list);
}

async function list({ json }: Options): Promise<void> {
  const { MODELS } = await import('../../replay/index.js');
  const models = MODELS.map(coverageOf);
  if (json === true) return printJson({ models });
  const lines = models.map(({ name, kernels, covered, total }): [string, string] => [
    name,
    `${covered} of ${total} facts  ${kernels}`,
  ]);
  return print(formatKeys(lines));
}

/** A row that is missing says why. */
function coverageOf({ name, kernels, rows }: Model) {
  const missing = rows.flatMap(({ missing: why, ...row }) =>
    why === undefined ? [] : [{ ...row, why }],
  );
  return { name, kernels, covered: rows.length - missing.length, total: rows.length, missing };
}
