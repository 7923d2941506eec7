import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { Explainer, Why } from '../../analysis/index.js';
import type { TraceReader } from '../../traces/index.js';
import { kernelOption } from '../kernel-release.js';
import { type StrictOption, strictOption } from '../open-trace.js';
import { print, printJson } from '../output.js';
import { answerEach, printDocuments, titled } from '../several-traces.js';
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
    .argument('[seq-or-more...]', 'the event; with --device or --errno more traces')
    .option('--device <device>', 'every bind, release, failed call and refused fault of a device')
    .option('--errno', 'every failed call and refused fault')
    .option('--json', 'print one JSON document');
  strictOption(kernelOption(command)).action(run);
}

async function run(trace: string, rest: readonly string[], options: Options): Promise<void> {
  const isOfAll = options.device !== undefined || options.errno === true;
  const last = rest.at(-1);
  const named = last !== undefined && /^\d+$/.test(last) && !(isOfAll && existsSync(last));
  const seq = named || !isOfAll ? await seqOf(rest, isOfAll) : undefined;
  const files = seq === undefined ? [trace, ...rest] : [trace];
  const found = await answerEach(files, options, async (reader) => {
    const { Explainer } = await import('../../analysis/index.js');
    if (seq !== undefined) await requireEvent(reader, seq);
    const explainer = new Explainer(reader, options.kernel ?? reader.meta.kernel);
    return { whys: explainer.explain(await chosen(reader, explainer, seq, options)) };
  });
  if (options.json === true) {
    if (seq !== undefined) await printJson(found.answers[0].answer.whys[0]);
    else await printDocuments(found, files.length > 1);
    return;
  }
  const texts = found.answers.map(({ trace: file, answer }) =>
    titled(file, formatAll(answer.whys), files.length > 1),
  );
  await print(texts.join('\n\n'));
}

/** An event is one of one trace, and is not named together with a choice of events. */
async function seqOf(rest: readonly string[], isOfAll: boolean): Promise<number> {
  if (!isOfAll && rest.length === 1 && /^\d{1,15}$/.test(rest[0])) return Number(rest[0]);
  const { VfrError } = await import('../../traces/index.js');
  const what = isOfAll
    ? 'an event and --device or --errno exclude each other'
    : rest.length === 0
      ? 'no event is named'
      : `${JSON.stringify(rest.at(-1))} is no number of an event`;
  throw new VfrError('WHY_WHICH', what, 'Name an event by its seq, or use --device or --errno.');
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
