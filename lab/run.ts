import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ARCHITECTURES, runsHere } from './architecture.js';
import { foreignModules } from './foreign-root.js';
import { guestPlace } from './guest-place.js';
import { addPackages } from './guest-root.js';
import { LabError, say } from './host.js';
import { initramfs } from './initramfs.js';
import { iommufdModules } from './iommufd-modules.js';
import { guestKernel, KERNELS, type KernelSeries } from './kernel.js';
import { LAB_MODULES } from './lab-scenario.js';
import { MACHINE_NAMES, MACHINES, type MachineName } from './machines.js';
import { labModules } from './modules.js';
import { answerPredictions, checkProvocations, prepareProvocations } from './provoke.js';
import { boot, qemuFor } from './qemu.js';
import { checkScenarios, prepareScenarios } from './scenarios.js';
import { vfioSelftests } from './selftests.js';

const USAGE = `usage: npm run lab -- [--kernel ${KERNELS.join('|')}] [--machine ${MACHINE_NAMES.join('|')}] [--cpus N]
       [--timeout S] JOB
Boots a Debian kernel in QEMU, runs lab/jobs/JOB.sh in it and leaves what the job wrote in
.lab/out/JOB-KERNEL-MACHINE/. Exit code: the job's; 2 for wrong usage; 4 when the lab cannot run here.`;

interface Run {
  readonly project: string;
  readonly job: string;
  readonly series: KernelSeries;
  readonly machine: MachineName;
  readonly cpus: number;
  readonly timeout: number;
}

/** Tools that bind drivers, and what they run on. */
const ADMINISTRATION = ['dpdk', 'driverctl', 'libvirt-clients', 'libvirt-daemon-system', 'udev'];

/** Jobs that need the lab's own drivers. */
const ON_LAB_DRIVERS = ['provoke', 'scenarios'];

/** Jobs for which something is installed or built by programs of the guest's root. */
const RUNNING_IN_ROOT = [...ON_LAB_DRIVERS, 'iommufd', 'selftests', 'tools'];

const OPTIONS = {
  kernel: { type: 'string', default: '6.1' },
  machine: { type: 'string', default: 'vtd' },
  cpus: { type: 'string', default: '2' },
  timeout: { type: 'string', default: '600' },
} as const;

/** The words of the command line; undefined when one is no option of ours. */
function words() {
  try {
    return parseArgs({ allowPositionals: true, options: OPTIONS });
  } catch {
    return undefined;
  }
}

/** What is to be done; undefined for wrong usage. */
function parse(): Run | undefined {
  const { values, positionals } = words() ?? {};
  if (values === undefined || positionals === undefined) return undefined;
  const [job] = positionals;
  const project = resolve(import.meta.dirname, '../..');
  const series = KERNELS.find((known) => known === values.kernel);
  const machine = MACHINE_NAMES.find((name) => name === values.machine);
  const known = job !== undefined && existsSync(join(project, 'lab/jobs', `${job}.sh`));
  if (series === undefined || machine === undefined) return undefined;
  if (!known || positionals.length !== 1) return undefined;
  const [cpus, timeout] = [values.cpus, values.timeout].map(Number);
  if (!(Number.isInteger(cpus) && cpus! > 0 && timeout! > 0)) return undefined;
  return { project, job, series, machine, cpus: cpus!, timeout: timeout! };
}

function tail(file: string, lines: number): string {
  if (!existsSync(file)) return '';
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
}

const outputOf = (
  project: string,
  { job, series, machine }: Pick<Run, 'job' | 'series' | 'machine'>,
): string => join(project, '.lab/out', `${job}-${series}-${machine}`);

async function runJob({ project, job, series, machine, cpus, timeout }: Run): Promise<number> {
  const cache = join(project, '.lab');
  const qemu = qemuFor(machine, cache);
  mkdirSync(cache, { recursive: true });
  const architecture = ARCHITECTURES[MACHINES[machine].architecture];
  const isForeign = !runsHere(architecture);
  if (isForeign && RUNNING_IN_ROOT.includes(job)) {
    throw new LabError(`${job} is built in the guest's root, and its programs do not run here`);
  }
  const place = guestPlace(cache, architecture);
  const { root } = place;
  const kernel = guestKernel(place, series);
  if (isForeign) foreignModules(root, project, architecture);
  if (job === 'selftests' || job === 'iommufd') vfioSelftests(root, series);
  if (job === 'iommufd') iommufdModules({ cache, root, kernel }, series);
  if (job === 'tools') addPackages(root, ADMINISTRATION);
  if (ON_LAB_DRIVERS.includes(job)) labModules({ root, project, kernel }, LAB_MODULES);
  const init = initramfs(place, kernel, join(project, 'lab/guest/init'));
  const out = outputOf(project, { job, series, machine });
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  if (job === 'scenarios') prepareScenarios(out, series);
  if (job === 'provoke') prepareProvocations(out);
  say(`booting ${kernel.release}, job ${job}`);
  const started = Date.now();
  const guest = { machine, qemu, kernel, initramfs: init, root, project, out, job, cpus };
  const log = join(out, 'job.log');
  const stop = job === 'provoke' ? answerPredictions(project, out) : () => undefined;
  try {
    await boot({ ...guest, timeoutSeconds: timeout });
  } catch (error) {
    // Without a log the guest never came to the job, which then has neither passed nor failed.
    if (!(error instanceof LabError) || !existsSync(log)) throw error;
    throw new LabError(`${error.message}; the job said:\n${tail(log, 30)}`, 1);
  } finally {
    stop();
  }
  if (!existsSync(log)) throw new LabError('the guest ended before it ran the job');
  process.stdout.write(readFileSync(log));
  let code = Number(tail(join(out, 'exit-code'), 1) || '70');
  if (job === 'scenarios' && code === 0) code = checkScenarios(out);
  if (job === 'provoke' && code === 0) code = checkProvocations(out);
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  say(`${job} on ${kernel.release} ended with ${code} after ${seconds} s; output in ${out}`);
  return code;
}

const options = parse();
if (options === undefined) {
  process.stderr.write(`${USAGE}\n`);
  process.exitCode = 2;
} else {
  try {
    process.exitCode = await runJob(options);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    process.stderr.write(`lab: ${error.message}\n`);
    const out = outputOf(options.project, options);
    process.stderr.write(`${tail(join(out, 'console.log'), 30)}\n`);
    process.exitCode = error.code;
  }
}
