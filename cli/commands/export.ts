import { type Command, Option } from 'commander';
import type { ExportFormat } from '../../analysis/index.js';
import { folderOf } from '../import-inputs.js';
import { openTrace, type StrictOption, strictOption } from '../open-trace.js';
import { note } from '../output.js';
import { filled, modeOption, openOutput, parseOutput, reportWritten } from '../trace-output.js';

interface Options extends StrictOption {
  readonly to?: ExportFormat;
  readonly output?: string;
  readonly mode?: number;
  readonly json?: boolean;
}

/** Every format; `--help` must not load the writers. */
const FORMATS: Readonly<Record<ExportFormat, true>> = {
  parquet: true,
  arrow: true,
  csv: true,
  jsonl: true,
  perfetto: true,
  chrome: true,
  speedscope: true,
  'otlp-json': true,
  umockdev: true,
};

const HELP = `
docs/export.md says what each format has, and which programs read it.

  vfr export t.arrows --to perfetto -o t.pftrace     # for ui.perfetto.dev
  vfr export t.arrows --to parquet -o t.parquet`;

export function register(program: Command): void {
  const command = program
    .command('export')
    .description('write a trace in a format of other tools')
    .argument('<trace>', 'trace file')
    .addOption(new Option('--to <format>', 'format to write').choices(Object.keys(FORMATS)))
    .option('-o, --output <file>', 'file to write, - for stdout', parseOutput)
    .option('--json', 'print one JSON document of what was written')
    .addHelpText('after', HELP);
  strictOption(modeOption(command)).action(run);
}

async function run(file: string, options: Options): Promise<void> {
  const { output, format } = await requested(options);
  const reader = await openTrace(file, options);
  try {
    const { exportTrace } = await import('../../analysis/index.js');
    const sink = await openOutput({ ...options, output }, [reader]);
    let bytes = 0;
    const counted = {
      write(data: Uint8Array) {
        bytes += data.byteLength;
        sink.write(data);
      },
    };
    const trace = { name: reader.source.name, reader };
    const folder = await folderOf(output);
    await filled(sink, () => exportTrace({ trace, format, sink: counted, folder }));
    const { events } = reader;
    if (options.json === true) await reportWritten(output, { output, format, events, bytes });
    else note(`${output}: ${bytes} bytes written`);
  } finally {
    reader.close();
  }
}

/** @throws VfrError when there is no format, or no output */
async function requested({ to: format, output }: Options) {
  if (format !== undefined && output !== undefined) return { format, output };
  const { VfrError } = await import('../../traces/index.js');
  if (output === undefined)
    throw new VfrError('OUTPUT_MISSING', 'there is no file to write', 'Add -o FILE.');
  const next = `Add --to and one of ${Object.keys(FORMATS).join(', ')}.`;
  throw new VfrError('FORMAT_MISSING', 'there is no format to write', next);
}
