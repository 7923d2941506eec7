import type { Command } from 'commander';
import type { Explainer, Why } from '../../analysis/index.js';
import type { TraceReader } from '../../traces/index.js';
import { kernelOption } from '../kernel-release.js';
import { parseSeq } from '../number-options.js';
import { openTrace, type StrictOption, strictOption } from '../open-trace.js';
import { print, printJson } from '../output.js';
import { formatWhy } from '../why-text.js';

interface Options extends StrictOption {
  readonly json?: boolean;
  readonly kernel?: string;
  readonly device?: string;
  readonly errno?: true;
}

export function register(program: Command): void {
  const command = program
    .command('why')
    .description('explain an event: from it back to its first cause, each step an event')
    .argument('<trace>', 'trace file')
    .argument('[seq]', 'the event', parseSeq)
    .option('--device <device>', 'every bind, release, failed call and refused fault of a device')
    .option('--errno', 'every failed call and refused fault')
    .option('--json', 'print one JSON document');
  strictOption(kernelOption(command)).action(run);
}

async function run(file: string, seq: number | undefined, options: Options): Promise<void> {
  await requireOneChoice(seq, options);
  const { Explainer } = await import('../../analysis/index.js');
  const reader = await openTrace(file, options);
  try {
    if (seq !== undefined) await requireEvent(reader, seq);
    const explainer = new Explainer(reader, options.kernel ?? reader.meta.kernel);
    const whys = explainer.explain(await chosen(reader, explainer, seq, options));
    if (options.json === true) await printJson(seq === undefined ? { whys } : whys[0]);
    else await print(formatAll(whys));
  } finally {
    reader.close();
  }
}

const formatAll = (whys: readonly Why[]): string =>
  whys.length === 0 ? 'nothing to explain' : whys.map(formatWhy).join('\n\n');

async function chosen(
  reader: TraceReader,
  { links }: Explainer,
  seq: number | undefined,
  { device, errno }: Options,
): Promise<readonly number[]> {
  if (seq !== undefined) return [seq];
  const failed = [...links.failures, ...links.faults];
  const all = errno === true ? failed : [...failed, ...links.releases, ...links.bindings];
  all.sort((a, b) => a - b);
  if (device === undefined) return all;
  const { devicesNamed } = await import('../device-names.js');
  const [wanted] = devicesNamed(reader, [device]);
  return links.of(wanted, all);
}

async function requireOneChoice(seq: number | undefined, options: Options): Promise<void> {
  const several = options.device !== undefined || options.errno === true;
  if ((seq !== undefined) !== several) return;
  const { VfrError } = await import('../../traces/index.js');
  const what = several
    ? 'an event and --device or --errno exclude each other'
    : 'no event is named';
  throw new VfrError('WHY_WHICH', what, 'Name an event by its seq, or use --device or --errno.');
}

async function requireEvent(reader: TraceReader, seq: number): Promise<void> {
  const has = reader.batches.some(({ seqFirst, rows }) => seq >= seqFirst && seq < seqFirst + rows);
  if (has) return;
  const { VfrError } = await import('../../traces/index.js');
  const last = reader.batches.at(-1);
  const next =
    last === undefined ? 'It has no events.' : `The last is ${last.seqFirst + last.rows - 1}.`;
  const what = `the trace has no readable event ${seq}`;
  throw new VfrError('SEQ_UNKNOWN', what, next, { file: reader.source.name });
}
