import type { Command } from 'commander';
import type { Lane, Lanes } from '../../analysis/index.js';
import type { TraceReader } from '../../traces/index.js';
import { listOf } from '../list-options.js';
import { openTrace, type StrictOption, strictOption } from '../open-trace.js';
import { note, print, printJson } from '../output.js';
import { plural } from '../plural.js';

interface Options extends StrictOption {
  readonly device?: readonly string[];
  readonly json?: boolean;
}

/** The width of a line that goes to a file or a pipe. */
const WIDTH_DEFAULT = 80;

export function register(program: Command): void {
  const command = program
    .command('timeline')
    .description('draw which driver had each device, from when to when, and who took it')
    .argument('<trace>', 'trace file')
    .option(
      '--device <addresses>',
      'only these devices, with a line for each binding (repeatable, or by commas)',
      listOf(String),
    )
    .option('--json', 'print one JSON document');
  strictOption(command).action(run);
}

async function run(file: string, options: Options): Promise<void> {
  const reader = await openTrace(file, options);
  let lanes: Lanes;
  try {
    lanes = await lanesOf(reader, options.device);
  } finally {
    reader.close();
  }
  if (options.json === true) {
    const { races: _, ...plain } = lanes;
    return printJson(plain);
  }
  const { isEventful } = await import('../../analysis/index.js');
  const details = options.device !== undefined;
  const shown: readonly Lane[] = details ? lanes.devices : lanes.devices.filter(isEventful);
  const quiet = lanes.devices.length - shown.length;
  if (quiet > 0) note(`${plural(quiet, 'device')} without a change left out; --device shows them`);
  if (shown.length === 0) return print('Nothing happened to a device.');
  const { formatTimeline } = await import('../timeline-text.js');
  const width = process.stdout.columns ?? WIDTH_DEFAULT;
  await print(formatTimeline(lanes, shown, { width, details }));
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
