import type { Command } from 'commander';
import type { BundleNote, TraceVerdict } from '../../analysis/index.js';
import { formatKeys } from '../aligned-lists.js';
import { reportFinding } from '../exit-codes.js';
import { openTrace } from '../open-trace.js';
import { note, paint, print, printJson } from '../output.js';
import { version } from '../package.js';
import { printable } from '../row-formats.js';
import { SCHEDULE_NOTE } from '../scenario-run.js';

interface Options {
  readonly json?: boolean;
}

export function register(program: Command): void {
  program
    .command('run')
    .description('repeat the verdict of a bundle, and compare it with the one it has')
    .argument('<bundle>', 'file that `vfr bundle` wrote')
    .option('--json', 'print one JSON document')
    .action(run);
}

async function run(file: string, { json }: Options): Promise<void> {
  const { differingKeys, readBundle, verdictOf } = await import('../../analysis/index.js');
  const { modelVersion } = await import('../../replay/index.js');
  const reader = await openTrace(file, {});
  try {
    const bundle = readBundle(reader);
    const { vfr, model, seed, redacted, expected } = bundle;
    const here = { vfr: version(), model: modelVersion(reader.meta.kernel) };
    warnOfVersions(bundle, here);
    const verdict = verdictOf(reader, reader.meta.notes[SCHEDULE_NOTE]);
    const differing = differingKeys(expected, verdict);
    const equal = differing.length === 0;
    const made = { vfr, model };
    if (json === true) {
      await printJson({ verdict, expected, equal, made, here, seed, redacted });
    } else await print(formatRun(verdict, expected, differing));
    if (!equal) reportFinding();
  } finally {
    reader.close();
  }
}

/** A verdict of another model may differ without a mistake of anybody. */
function warnOfVersions(made: BundleNote, here: Pick<BundleNote, 'vfr' | 'model'>): void {
  if (made.model !== here.model) {
    const [there, own] = [made, here].map(({ vfr, model }) => `vfr ${vfr}, model ${model}`);
    note(`WARNING: made by another version of the model: ${there}; here ${own}`, 'red');
  } else if (made.vfr !== here.vfr) {
    note(`made by vfr ${made.vfr}; here vfr ${here.vfr}, with the same rules`, 'yellow');
  }
}

function formatRun(
  verdict: TraceVerdict,
  expected: TraceVerdict,
  differing: readonly (keyof TraceVerdict)[],
): string {
  if (differing.length > 0) {
    const facts = differing.map((key): [string, string] => {
      const [there, here] = [expected, verdict].map((one) => JSON.stringify(one[key]));
      return [key, printable(`expected ${there}, here ${here}`)];
    });
    return `${paint('red', 'the verdict differs')}\n${formatKeys(facts)}`;
  }
  const { matched, diverged, unmodelled, unknown, stateHash } = verdict;
  const judged = `${matched} matched, ${diverged} diverged`;
  const open = `${unmodelled} unmodelled, ${unknown} unknown`;
  const facts: [string, string][] = [
    ['responses', `${judged}, ${open}`],
    ['state hash', stateHash],
  ];
  return `${paint('green', 'the verdict is the same')}\n${formatKeys(facts)}`;
}
