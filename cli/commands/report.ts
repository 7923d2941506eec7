import type { Command } from 'commander';
import { openTraces, type StrictOption, strictOption } from '../open-trace.js';
import { note } from '../output.js';
import { filled, modeOption, openOutput, parseOutput, reportWritten } from '../trace-output.js';

interface Options extends StrictOption {
  readonly output: string;
  readonly mode?: number;
  readonly json?: boolean;
}

export function register(program: Command): void {
  const command = program
    .command('report')
    .description('write one HTML file with figures: lanes, races, latency, faults, losses')
    .argument('<trace>', 'trace file')
    .argument('[more...]', 'more traces')
    .option('-o, --output <file>', 'file to write, - for stdout', parseOutput, 'report.html')
    .option('--json', 'print one JSON document of what was written');
  strictOption(modeOption(command)).action(run);
}

async function run(trace: string, more: readonly string[], options: Options): Promise<void> {
  const readers = await openTraces([trace, ...more], options);
  try {
    const { makeReport } = await import('../../analysis/index.js');
    const sink = await openOutput(options, readers);
    const named = readers.map((reader) => ({ name: reader.source.name, reader }));
    const { bytes, findings } = await filled(sink, async () => {
      const { html, findings } = await makeReport(named);
      const bytes = Buffer.from(html);
      sink.write(bytes);
      return { bytes: bytes.byteLength, findings };
    });
    const { output } = options;
    const traces = named.map(({ name }, i) => ({ name, ...findings[i] }));
    if (options.json === true) await reportWritten(output, { output, bytes, traces });
    else note(`${output}: ${bytes} bytes written`);
  } finally {
    for (const reader of readers) reader.close();
  }
}
