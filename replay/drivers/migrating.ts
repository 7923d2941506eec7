/**
 * Migration of the variants that have it: their arcs, and what a reset does (kernel
 * drivers/vfio/pci/{mlx5,hisilicon,pds} 6.12).
 */
import { ERRNO } from '../machine/errno.js';
import { type Arc, arc, CAN, type MigrationModel, STATE, type State } from '../vfio/migration.js';

const { STOP, RUNNING, STOP_COPY, RESUMING, RUNNING_P2P, PRE_COPY, PRE_COPY_P2P } = STATE;

const arcs = (list: readonly (readonly [from: State, to: State, what: Arc])[]) =>
  Object.fromEntries(list.map(([from, to, what]) => [arc(from, to), what]));

/** Saving and resuming, which all of them have. */
const COPY = [
  [STOP, STOP_COPY, 'saves'],
  [STOP_COPY, STOP, 'closes'],
  [STOP, RESUMING, 'resumes'],
  [RESUMING, STOP, 'closes'],
] as const;

const PEER_TO_PEER = [
  [RUNNING, RUNNING_P2P, 'goes on'],
  [RUNNING_P2P, RUNNING, 'goes on'],
  [RUNNING_P2P, STOP, 'goes on'],
  [STOP, RUNNING_P2P, 'goes on'],
] as const;

/** mlx5: copies while it runs when its firmware can. */
export const mlx5 = (preCopy: boolean): MigrationModel => ({
  abilities: CAN.STOP_COPY | CAN.P2P | (preCopy ? CAN.PRE_COPY : 0),
  arcs: arcs([
    ...COPY,
    ...PEER_TO_PEER,
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
});

/**
 * HiSilicon accelerators: no peer to peer. The version that can copy while running forgot that in
 * the test of its reset handler, which then does nothing.
 */
export const hisi = (preCopy: boolean): MigrationModel => ({
  abilities: CAN.STOP_COPY | (preCopy ? CAN.PRE_COPY : 0),
  arcs: arcs([
    ...COPY,
    [RUNNING, STOP, 'goes on'],
    [STOP, RUNNING, 'goes on'],
    [RUNNING, PRE_COPY, 'saves'],
    [PRE_COPY, RUNNING, 'closes'],
    [PRE_COPY, STOP_COPY, 'goes on'],
  ]),
  errorErrno: ERRNO.EINVAL,
  afterReset: (state) => (preCopy ? state : RUNNING),
});

/** pds: an event of its firmware leads to state ERROR, which only a reset leaves. */
export const pds: MigrationModel = {
  abilities: CAN.STOP_COPY | CAN.P2P,
  arcs: arcs([...COPY, ...PEER_TO_PEER]),
  errorErrno: ERRNO.EIO,
  afterReset: () => RUNNING,
};
