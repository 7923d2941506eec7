import { join } from 'node:path';
import type { Command } from 'commander';
import type { Race } from '../../analysis/index.js';
import type { ReplayResult } from '../../replay/index.js';
import type { TraceReader } from '../../traces/index.js';
import { formatKeys } from '../aligned-lists.js';
import { openTrace } from '../open-trace.js';
import { paint, print } from '../output.js';
import { packageRoot } from '../package.js';
import { plural } from '../plural.js';
import { incidentsOf } from '../race-incidents.js';
import { closest, formatRace, raceCounts } from '../race-report.js';
import { writeRows } from '../row-formats.js';
import { parseOutput } from '../trace-output.js';

interface Options {
  readonly output: string;
}

/**
 * A real kernel with SR-IOV autoprobe on, while other processes override, unbind and bind the VFs.
 */
const CAPTURE = 'tests/data/captures/sriov-on-r1';
const SHOWN_RACES = 3;
/** A VF that the native driver took before the override, and vfio-pci after it. */
const PICTURED = '01:00.1';

const HOT_SPOTS = `
SELECT device, op, register, path, accesses, tasks AS threads
FROM access_hot_spots ORDER BY accesses DESC, first_seq LIMIT 6`;
const WRONG_DRIVERS = `
SELECT device, driver, count(*) AS times, median(duration)::BIGINT // 1000000 AS median_ms
FROM bindings WHERE bound_seq IS NOT NULL GROUP BY ALL ORDER BY device, times DESC`;

export function register(program: Command): void {
  program
    .command('demo')
    .description('the whole way on a recording that comes with vfr: import, replay, races')
    .option('-o, --output <trace>', 'trace to write', parseOutput, 'vfr-demo.arrows')
    .action(run);
}

async function run({ output }: Options): Promise<void> {
  await importCapture(output);
  const reader = await openTrace(output, {});
  try {
    const { replay } = await import('../../replay/index.js');
    await printReplay(replay(reader.read(), reader.meta));
    const { races } = await import('../../analysis/index.js');
    const { zeroOf } = await import('../../traces/index.js');
    await printRaces(races(reader).races, zeroOf(reader) ?? 0n);
    await printTables(reader);
  } finally {
    reader.close();
  }
  await printPicture(output);
  await printNextSteps(output);
}

const heading = (text: string) => print(`\n${paint('bold', text)}`);

async function importCapture(output: string): Promise<void> {
  const { importInput } = await import('../../recorder/import/index.js');
  const folder = join(packageRoot(), CAPTURE);
  const started = performance.now();
  const { events, records } = importInput({
    input: join(folder, 'trace.txt.zst'),
    snapshot: join(folder, 'state-before'),
    output,
  });
  const took = ((performance.now() - started) / 1000).toFixed(2);
  const count = Object.values(records).reduce((sum, n) => sum + n, 0);
  await print(
    `${paint('bold', 'Import')}  an SR-IOV host on which three programs bind the same VFs`,
  );
  await print(`  ${count} records of the kernel became ${events} events in ${took} s: ${output}`);
}

async function printReplay(result: ReplayResult): Promise<void> {
  const { responses, computed, matched, diverged, finalState } = result;
  await heading('Replay');
  await print(
    `  ${matched} of ${responses} responses of the kernel matched, ${diverged} diverged;`,
  );
  await print(
    `  ${computed} were predicted from the state, the others by order or from their caller`,
  );
  const bound = Object.entries(finalState.devices).filter(([, d]) => d.physfn !== null);
  for (const [address, { driver }] of bound) await print(`  ${address} ends with ${driver ?? '-'}`);
}

async function printRaces(races: readonly Race[], zero: bigint): Promise<void> {
  await heading(`Races: ${raceCounts(races)}`);
  const shown = closest(races, SHOWN_RACES);
  for (const race of shown) {
    await print(`${formatRace(race, zero)}\n    avoid   ${race.advice}`);
  }
  const more = incidentsOf(races).length - shown.length;
  if (more > 0) await print(`  and ${plural(more, 'more incident')}`);
}

async function printTables(reader: TraceReader): Promise<void> {
  const { openTrustedSession } = await import('../../analysis/index.js');
  const session = await openTrustedSession([{ name: reader.source.name, reader }]);
  try {
    await heading('Drivers that had the devices');
    await writeRows(await session.query(WRONG_DRIVERS), 'table', '  ');
    await heading('Hot spots of configuration space');
    await writeRows(await session.query(HOT_SPOTS), 'table', '  ');
  } finally {
    session.close();
  }
}

/** The one command that answers the question of the recording. */
async function printPicture(output: string): Promise<void> {
  await heading('See which task took which VF, and when');
  await print(`  vfr timeline ${output} --device ${PICTURED}`);
}

async function printNextSteps(output: string): Promise<void> {
  await heading('Go on');
  const commands = formatKeys([
    [`  vfr browse ${output}`, 'look at the events, and at the state of the devices at each'],
    [`  vfr races ${output}`, 'all races'],
    [`  vfr serve ${output}`, 'the same in a browser: lanes, events, states, causes, SQL'],
    [`  vfr report ${output}`, 'report.html: lanes, races, latency and registers as figures'],
    [`  vfr replay ${output}`, 'verdicts, and the drivers at the end'],
    [`  vfr sql ${output} "FROM bindings"`, 'ask in SQL; docs/sql.md has the tables'],
    ['  vfr import FILE -o OUT.arrows', 'take a recording of your own'],
  ]);
  await print(commands);
}
