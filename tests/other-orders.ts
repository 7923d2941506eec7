/**
 * Recordings of real kernels against the exploration of their lives, as the table of docs/races.md
 * has them: what the kernel's own events say of the end of each life has to be among the outcomes.
 *
 *   node dist/tests/other-orders.js
 */
import { type ExploredLife, explainLife, exploreLives } from '../analysis/index.js';
import { anyOf, parseExpression } from '../replay/index.js';
import type { TraceReader } from '../traces/index.js';
import { importedCapture } from './captures.js';
import { rowsOf } from './rewrite.js';
import { isProgram } from './sweeps/options.js';

/** Captures in which several actors bind the same VFs while these come and go. */
export const CONTENDED = [
  'igb-races-r1',
  'k612-sriov-on-r1',
  'sriov-on-r1',
  'sriov-tracecmd-r1',
  'sriov-tracecmd-r2',
  'udev-r1',
] as const;

const STATES = 200_000;

/** A life in which another actor than the one that made the function did something to it. */
export interface ComparedLife {
  readonly device: string;
  readonly from: number;
  readonly closed: boolean;
  readonly states: number;
  /** The driver at the end by the kernel's events, and in the model's run of the recorded order. */
  readonly kernel: string | null;
  readonly model: string | null;
  readonly outcomes: readonly (string | null)[];
  /** Null when the end was as the last override wanted; else the classes of the inversions. */
  readonly explained: readonly string[] | null;
}

export function comparedLives(capture: string): ComparedLife[] {
  const reader = importedCapture(capture);
  const kernelSaid = new KernelEvents(reader);
  const lives = exploreLives(reader, {
    kernel: reader.meta.kernel ?? (/^(k612|igb)/.test(capture) ? '6.12' : '6.1'),
    states: STATES,
    onDifference: 'continue',
    forbidden: () => anyOf([]),
  });
  return [...lives].filter(isContended).map((life) => compared(life, kernelSaid));
}

/** Two threads of user space wrote, or one did while another made the function. */
function isContended({ life }: ExploredLife): boolean {
  const acting = life.lifetime.operations.filter(({ action }) => action.type !== 'release');
  return new Set(acting.map(({ actor }) => actor.tid)).size > 1;
}

function compared(one: ExploredLife, kernelSaid: KernelEvents): ComparedLife {
  const { device, from, found, life } = one;
  const wanted = life.lifetime.operations.findLast(
    ({ action }) => action.type === 'override' && action.driver !== null,
  )?.action;
  const driver = wanted?.type === 'override' ? wanted.driver : null;
  const kernel = kernelSaid.driverAtTheEnd(one);
  const failed = driver !== null && kernel !== driver;
  const want = anyOf([parseExpression(`driver(${device}) == "${driver}"`)]);
  const explanation = failed ? explainLife(one, STATES, want) : null;
  return {
    device,
    from,
    closed: found.closed,
    states: found.states,
    kernel,
    model: life.driver,
    outcomes: [...new Set(found.outcomes.map(({ outcome }) => outcome.drivers[device] ?? null))],
    explained: failed
      ? (explanation?.inversions ?? []).map(({ first, second }) =>
          [explanation?.class, first.what, second.what].join(': '),
        )
      : null,
  };
}

/** Which driver each function had, by the events of binding and unbinding alone. */
class KernelEvents {
  readonly #rows: ReturnType<typeof rowsOf>;

  constructor(reader: TraceReader) {
    this.#rows = rowsOf(reader);
  }

  /** At the end, or when the function's removal has its lock. */
  driverAtTheEnd({ device, from, life }: ExploredLife): string | null {
    let driver = life.lifetime.initial.driver;
    let remover: number | null = null;
    for (let seq = from; seq < this.#rows.length; seq++) {
      const row = this.#rows[seq];
      if (row.device !== device) continue;
      if (row.kind === 'device.add' && row.name === 'pci_device_add' && seq > from) break;
      if (row.kind === 'unbind' && row.phase !== 'begin' && row.tid === remover) break;
      if (row.kind === 'device.remove') remover = row.tid ?? null;
      if (row.name === 'driver_bound') driver = row.driver ?? null;
      if (row.name === 'device_unbind_cleanup') driver = null;
    }
    return driver;
  }
}

export interface Comparison {
  readonly lives: number;
  readonly closed: number;
  /** The recorded end is among the outcomes. */
  readonly found: number;
  /** More than one driver is possible. */
  readonly open: number;
  readonly failed: number;
  readonly explained: number;
}

export function comparisonOf(lives: readonly ComparedLife[]): Comparison {
  const count = (holds: (life: ComparedLife) => boolean) => lives.filter(holds).length;
  return {
    lives: lives.length,
    closed: count(({ closed }) => closed),
    found: count(({ outcomes, kernel }) => outcomes.includes(kernel)),
    open: count(({ outcomes }) => outcomes.length > 1),
    failed: count(({ explained }) => explained !== null),
    explained: count(({ explained }) => explained !== null && explained.length > 0),
  };
}

if (isProgram(import.meta)) {
  for (const capture of CONTENDED) {
    const lives = comparedLives(capture);
    const { closed, found, open, failed, explained } = comparisonOf(lives);
    const cells = [capture, lives.length, closed, found, open, failed, explained];
    console.log(`| ${cells.join(' | ')} |`);
    for (const life of lives) {
      const { outcomes, kernel } = life;
      const isMiss = !outcomes.includes(kernel) || life.explained?.length === 0 || !life.closed;
      if (isMiss) console.log(JSON.stringify(life));
    }
  }
}
