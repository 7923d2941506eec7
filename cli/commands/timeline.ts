import type { Command } from 'commander';
import type { Lane, Lanes } from '../../analysis/index.js';
import type { TraceReader } from '../../traces/index.js';
import { listOf } from '../list-options.js';
import { type StrictOption, strictOption } from '../open-trace.js';
import { note, print } from '../output.js';
import { plural } from '../plural.js';
import { answerEach, printDocuments, titled } from '../several-traces.js';

interface Options extends StrictOption {
  readonly device?: readonly string[];
  readonly json?: boolean;
  readonly races?: boolean;
}

/** The width of a line that goes to a file or a pipe. */
const WIDTH_DEFAULT = 80;

export function register(program: Command): void {
  const command = program
    .command('timeline')
    .description('draw which driver had each device, from when to when, and who took it')
    .argument('<trace>', 'trace file')
    .argument('[more...]', 'more traces')
    .option(
      '--device <addresses>',
      'only these devices, with a line for each binding (repeatable, or by commas)',
      listOf(String),
    )
    .option('--json', 'print one JSON document')
    .option('--races', 'with --json: also the races, as vfr races prints them');
  strictOption(command).action(run);
}

async function run(trace: string, more: readonly string[], options: Options): Promise<void> {
  const several = more.length > 0;
  const found = await answerEach([trace, ...more], options, (reader) =>
    lanesOf(reader, options.device),
  );
  if (options.json === true) {
    const answers = found.answers.map(({ trace: file, answer: { races, ...plain } }) => ({
      trace: file,
      answer: options.races === true ? { ...plain, races } : plain,
    }));
    return printDocuments({ ...found, answers }, several);
  }
  const texts: string[] = [];
  for (const { trace: file, answer } of found.answers) {
    texts.push(titled(file, await textOf(answer, options.device !== undefined), several));
  }
  await print(texts.join('\n\n'));
}

async function textOf(lanes: Lanes, details: boolean): Promise<string> {
  const { isEventful } = await import('../../analysis/index.js');
  const shown: readonly Lane[] = details ? lanes.devices : lanes.devices.filter(isEventful);
  const quiet = lanes.devices.length - shown.length;
  if (quiet > 0) note(`${plural(quiet, 'device')} without a change left out; --device shows them`);
  if (shown.length === 0) return 'Nothing happened to a device.';
  const { formatTimeline } = await import('../timeline-text.js');
  const width = process.stdout.columns ?? WIDTH_DEFAULT;
  return formatTimeline(lanes, shown, { width, details });
}

async function lanesOf(reader: TraceReader, names?: readonly string[]): Promise<Lanes> {
  const { openTrustedSession, readLanes } = await import('../../analysis/index.js');
  const { devicesNamed } = await import('../device-names.js');
  const wanted = names === undefined ? null : devicesNamed(reader, names);
  const session = await openTrustedSession([{ name: reader.source.name, reader }]);
  try {
    const lanes = await readLanes(session, reader);
    if (wanted === null) return lanes;
    return { ...lanes, devices: lanes.devices.filter(({ device }) => wanted.includes(device)) };
  } finally {
    session.close();
  }
}
