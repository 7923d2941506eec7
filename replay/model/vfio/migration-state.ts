/**
 * Migration states of a device, and the way from one to another (vfio_mig_get_next_state;
 * `vfio_mig_get_next_state` of kernel drivers/vfio/vfio_main.c).
 */
import { ERRNO } from '../../../traces/index.js';
import type { FileRules } from './migration-file.js';
import { type Migration, STATE, type State } from './migration-states.js';

export { type Migration, STATE, type State } from './migration-states.js';

/** VFIO_MIGRATION_*: what a device can do. */
export const CAN = { STOP_COPY: 1, P2P: 2, PRE_COPY: 4 } as const;

const { ERROR, STOP, RUNNING, STOP_COPY, RESUMING, RUNNING_P2P, PRE_COPY, PRE_COPY_P2P } = STATE;

/** What a device must be able to do to have a state. */
const NEEDS: Readonly<Record<State, number>> = {
  [ERROR]: 0xffffffff,
  [STOP]: CAN.STOP_COPY,
  [RUNNING]: CAN.STOP_COPY,
  [STOP_COPY]: CAN.STOP_COPY,
  [RESUMING]: CAN.STOP_COPY,
  [RUNNING_P2P]: CAN.STOP_COPY | CAN.P2P,
  [PRE_COPY]: CAN.STOP_COPY | CAN.PRE_COPY,
  [PRE_COPY_P2P]: CAN.STOP_COPY | CAN.P2P | CAN.PRE_COPY,
};

/** Next state on the way from the state of the row to STOP, RUNNING, … PRE_COPY_P2P. */
const NEXT: Readonly<Record<State, readonly State[]>> = {
  [ERROR]: [ERROR, ERROR, ERROR, ERROR, ERROR, ERROR, ERROR],
  [STOP]: [STOP, RUNNING_P2P, STOP_COPY, RESUMING, RUNNING_P2P, RUNNING_P2P, RUNNING_P2P],
  [RUNNING]: [RUNNING_P2P, RUNNING, RUNNING_P2P, RUNNING_P2P, RUNNING_P2P, PRE_COPY, RUNNING_P2P],
  [STOP_COPY]: [STOP, STOP, STOP_COPY, STOP, STOP, ERROR, ERROR],
  [RESUMING]: [STOP, STOP, STOP, RESUMING, STOP, STOP, STOP],
  [RUNNING_P2P]: [STOP, RUNNING, STOP, STOP, RUNNING_P2P, RUNNING, PRE_COPY_P2P],
  [PRE_COPY]: [RUNNING, RUNNING, PRE_COPY_P2P, RUNNING, RUNNING, PRE_COPY, PRE_COPY_P2P],
  [PRE_COPY_P2P]: [
    RUNNING_P2P,
    RUNNING_P2P,
    STOP_COPY,
    RUNNING_P2P,
    RUNNING_P2P,
    PRE_COPY,
    PRE_COPY_P2P,
  ],
};

const isState = (n: number): n is State => Number.isInteger(n) && n >= ERROR && n <= PRE_COPY_P2P;
const has = (abilities: number, state: State) => (NEEDS[state] & ~abilities) === 0;

/** The next state on the way to `target`, or -EINVAL when it cannot be reached. */
function nextState(current: State, target: number, abilities: number): State | number {
  if (!isState(target) || target === ERROR || !has(abilities, target)) return -ERRNO.EINVAL;
  if (current === ERROR || !has(abilities, current)) return -ERRNO.EINVAL;
  let next = NEXT[current][target - STOP];
  // States that the device does not have are passed through.
  while (next !== ERROR && !has(abilities, next)) next = NEXT[next][target - STOP];
  return next === ERROR ? -ERRNO.EINVAL : next;
}

/** All states on the way, the target last; an errno when there is no way. */
export function wayTo(current: State, target: number, abilities: number): State[] | number {
  const way: State[] = [];
  let at = current;
  while (at !== target) {
    const next = nextState(at, target, abilities);
    if (next < 0) return next;
    way.push(next as State);
    at = next as State;
  }
  return nextState(current, target, abilities) < 0 ? -ERRNO.EINVAL : way;
}

/** What a driver does on one arc: opens a data file, closes the open ones, or neither. */
export type Arc = 'saves' | 'resumes' | 'closes' | 'goes on';

/** Migration as one driver implements it. */
export interface MigrationModel {
  readonly abilities: number;
  readonly arcs: Readonly<Record<string, Arc>>;
  /** Errno of any request while the device is in state ERROR. */
  readonly errorErrno: number;
  /** The state after the device was reset, by the state before. */
  readonly afterReset: (state: State) => State;
  /** Its files of data. */
  readonly files: FileRules;
  /** The first kernel in which the driver can migrate; left out when it always could. */
  readonly since?: number;
  /**
   * Property of the function without which its driver cannot migrate it: what PF, firmware or
   * hardware can. Left out when nothing is needed.
   */
  readonly needs?: string;
  /** How it tracks dirty pages: it fails when that is on or off already, or accepts all. */
  readonly logs?: 'strictly' | 'loosely';
  /** Arcs that stop tracking dirty pages. */
  readonly unlogs?: readonly string[];
}

export interface Outcome {
  readonly migration: Migration;
  /** 0 or a negative errno. */
  readonly ret: number;
  /** The request returns a descriptor of the data file. */
  readonly opened: boolean;
}

export const arc = (from: State, to: State): string => `${from} ${to}`;

/**
 * VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, SET. A refused arc leaves the device in the state it has
 * reached.
 * @param refuse errno of the arc that fails, by its position on the way; omit it if none fails
 */
export function setState(
  model: MigrationModel,
  migration: Migration,
  target: number,
  refuse: (from: State, to: State) => number = () => 0,
): Outcome {
  if (migration.state === ERROR) return { migration, ret: -model.errorErrno, opened: false };
  const way = wayTo(migration.state, target, model.abilities);
  if (typeof way === 'number') return { migration, ret: way, opened: false };
  let now = migration;
  let opened = false;
  for (const state of way) {
    const what = model.arcs[arc(now.state, state)];
    const ret = what === undefined ? -ERRNO.EINVAL : refuse(now.state, state);
    if (what === undefined || ret !== 0) return { migration: now, ret, opened: false };
    opened = what === 'saves' || what === 'resumes';
    const { logging, ...rest } = now;
    const kept = model.unlogs?.includes(arc(now.state, state)) !== true && logging === true;
    now = { ...rest, state, file: fileAfter(now.file, what), ...(kept ? { logging } : {}) };
  }
  return { migration: now, ret: 0, opened };
}

function fileAfter(file: Migration['file'], what: Arc): Migration['file'] {
  if (what === 'saves') return 'save';
  if (what === 'resumes') return 'resume';
  return what === 'closes' ? null : file;
}

/** The device was reset: open files fail from now on. */
export function resetMigration(model: MigrationModel, migration: Migration): Migration {
  const { state, file } = migration;
  const after = model.afterReset(state);
  return { ...migration, state: after, file: after === state ? file : null };
}
