/** Arcs of the migration states that several variants have alike. */
import { ERRNO } from '../../../traces/index.js';
import {
  type Arc,
  arc,
  CAN,
  type MigrationModel,
  STATE,
  type State,
} from '../vfio/migration-state.js';

const { STOP, RUNNING, STOP_COPY, RESUMING, RUNNING_P2P, PRE_COPY, PRE_COPY_P2P } = STATE;

type Row = readonly [from: State, to: State, what: Arc];

/** The arcs of a driver, by their two states. */
export const arcs = (...lists: readonly (readonly Row[])[]): Readonly<Record<string, Arc>> =>
  Object.fromEntries(lists.flat().map(([from, to, what]) => [arc(from, to), what]));

/** Saving and resuming, which all of them have. */
export const COPY: readonly Row[] = [
  [STOP, STOP_COPY, 'saves'],
  [STOP_COPY, STOP, 'closes'],
  [STOP, RESUMING, 'resumes'],
  [RESUMING, STOP, 'closes'],
];

/** Stopping and starting by way of a state in which the device starts no DMA to its peers. */
export const PEER_TO_PEER: readonly Row[] = [
  [RUNNING, RUNNING_P2P, 'goes on'],
  [RUNNING_P2P, RUNNING, 'goes on'],
  [RUNNING_P2P, STOP, 'goes on'],
  [STOP, RUNNING_P2P, 'goes on'],
];

/** Every arc that there is, copying while the device runs among them. */
export const everyArc: Omit<MigrationModel, 'files'> = {
  abilities: CAN.STOP_COPY | CAN.P2P | CAN.PRE_COPY,
  arcs: arcs(COPY, PEER_TO_PEER, [
    [RUNNING, PRE_COPY, 'saves'],
    [RUNNING_P2P, PRE_COPY_P2P, 'saves'],
    [PRE_COPY, RUNNING, 'closes'],
    [PRE_COPY_P2P, RUNNING_P2P, 'closes'],
    [PRE_COPY, PRE_COPY_P2P, 'goes on'],
    [PRE_COPY_P2P, PRE_COPY, 'goes on'],
    [PRE_COPY_P2P, STOP_COPY, 'goes on'],
  ]),
  errorErrno: ERRNO.EINVAL,
  afterReset: () => RUNNING,
};
