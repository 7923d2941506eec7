/**
 * What is measured of the kernel that runs: one long run, in which four actors move a function each
 * between two drivers, also with power management and with udev, and many short ones, which are all
 * scenarios that come with vfr; there each run boots a machine. An event of these cases is a step.
 */
import { boot, randomly, run, SCENARIOS, specOf, TraceRecorder, World } from '../replay/index.js';
import { MemorySink, TraceWriter } from '../traces/index.js';
import type { Case } from './trace-cases.js';

const SEEDS = 60;
const META = { clock: 'mono', writer: 'bench', notes: {} };

const ACTORS = 4;
const ROUND_TRIPS = 500;

const addressOf = (i: number) => `0000:0${i + 1}:00.0`;

/** One actor's way from the native driver to vfio-pci and back, as the texts of its writes. */
function roundTrip(address: string): Operations {
  const to = (write: string, text: string) => ({ write: `/sys/bus/pci/${write}`, text });
  const override = (text: string) => to(`devices/${address}/driver_override`, text);
  return [
    to('drivers/nvme/unbind', address),
    override('vfio-pci'),
    to('drivers_probe', address),
    to('drivers/vfio-pci/unbind', address),
    override('\n'),
    to('drivers_probe', address),
  ];
}

type Document = (typeof SCENARIOS)[number];
type Operations = Document['actors'][number]['does'];

const LONG: Document = {
  scenario: 1,
  name: 'long',
  title: 'functions go to and fro',
  kernel: '6.12',
  machine: {
    functions: Array.from({ length: ACTORS }, (_, i) => ({
      address: addressOf(i),
      vendor: '0x1b36',
      device: '0x0010',
      class: '0x010802',
      driver: 'nvme',
    })),
    drivers: [{ name: 'nvme' }, { name: 'vfio-pci' }],
  },
  actors: Array.from({ length: ACTORS }, (_, i) => ({
    name: `actor ${i}`,
    does: Array.from({ length: ROUND_TRIPS }, () => roundTrip(addressOf(i))).flat(),
  })),
  outcomes: [],
};

const SHORT_WORLDS = SCENARIOS.map((document) => new World(specOf(document)));
const worldOf = (more: Partial<Document['machine']>) =>
  new World(specOf({ ...LONG, machine: { ...LONG.machine, ...more } }));
const LONG_WORLDS = [worldOf({})];
const WITH_POWER = [worldOf({ runtimePm: true })];
/** A rule for the files of groups, which come and go as the functions are bound and released. */
const WITH_UDEV = [
  worldOf({ udev: { rules: [{ match: { subsystem: 'vfio' }, group: 36, mode: '0660' }] } }),
];
/** Seeds of the long run: a seed also decides how often threads alternate. */
const LONG_SEEDS = 8;

/** @returns steps done */
function round(worlds: readonly World[], seeds: number, withEvents: boolean): number {
  let steps = 0;
  for (const world of worlds) {
    const writer = withEvents ? new TraceWriter(new MemorySink(), META) : null;
    for (let seed = 0; seed < seeds; seed++) {
      const recorder = writer === null ? null : new TraceRecorder(world, writer.events);
      const k = boot(world, recorder);
      run(k, randomly(seed));
      steps += k.stepsDone;
    }
    writer?.finish();
  }
  return steps;
}

export function kernelCases(): readonly Case[] {
  const cases = (runs: string, worlds: readonly World[], seeds: number, targets: Targets) => [
    caseOf(`${runs}, with events`, worlds, seeds, true, targets.withEvents),
    caseOf(`${runs}, without events`, worlds, seeds, false, targets.without),
  ];
  return [
    ...cases('the kernel runs long', LONG_WORLDS, LONG_SEEDS, {
      withEvents: '2000',
      without: '200',
    }),
    ...cases('the kernel runs long, with power', WITH_POWER, LONG_SEEDS, NO_TARGETS),
    ...cases('the kernel runs long, with udev', WITH_UDEV, LONG_SEEDS, NO_TARGETS),
    ...cases('the kernel runs and boots', SHORT_WORLDS, SEEDS, NO_TARGETS),
  ];
}

interface Targets {
  readonly withEvents: string;
  readonly without: string;
}

const NO_TARGETS: Targets = { withEvents: '', without: '' };

function caseOf(
  name: string,
  worlds: readonly World[],
  seeds: number,
  withEvents: boolean,
  target: string,
): Case {
  const run = () => round(worlds, seeds, withEvents);
  // Every round does the same steps.
  return { name, events: run(), target, run };
}
