import type { Command } from 'commander';
import type { ScenarioDocument } from '../../replay/index.js';
import { formatKeys } from '../aligned-lists.js';
import { reportFinding } from '../exit-codes.js';
import { print, printJson } from '../output.js';
import { findScenario, readText } from '../scenario-run.js';

interface Options {
  readonly json?: boolean;
}

export function register(program: Command): void {
  const command = program
    .command('scenarios')
    .description('list the situations that a model of the kernel can be recorded in')
    .argument('[name]', 'print this one as a document, to make another of')
    .option('--json', 'print one JSON document')
    .action(list);
  command
    .command('check')
    .description('list all mistakes of a scenario file, with their lines')
    .argument('<file>', 'JSON document, as docs/scenario.schema.json has it')
    .option('--json', 'print one JSON document')
    .action(check);
}

async function list(name: string | undefined, { json }: Options): Promise<void> {
  const { SCENARIOS } = await import('../../replay/index.js');
  if (name === undefined) {
    if (json === true) return printJson({ scenarios: SCENARIOS.map((one) => factsOf(one, 'vfr')) });
    return print(formatKeys(SCENARIOS.map((one) => [one.name, `${one.kernel}  ${one.title}`])));
  }
  const document = await findScenario(name);
  if (json !== true) return printJson(document);
  const source = SCENARIOS.includes(document) ? 'vfr' : name;
  return printJson({ scenarios: [{ ...factsOf(document, source), document }] });
}

const factsOf = ({ name, title, kernel }: ScenarioDocument, source: string) => ({
  name,
  title,
  kernel,
  source,
});

/** The option may come before or after `check`. */
async function check(file: string, _: Options, command: Command): Promise<void> {
  const { checkScenario } = await import('../../replay/index.js');
  const { json } = command.optsWithGlobals<Options>();
  const mistakes = checkScenario(await readText(file), file);
  if (json === true) await printJson({ file, mistakes });
  else if (mistakes.length === 0) await print(`${file}: fine`);
  for (const { line, path, what } of json === true ? [] : mistakes) {
    await print(`${file}:${line}: ${path === '' ? 'the document' : path}: ${what}`);
  }
  if (mistakes.length > 0) reportFinding();
}
