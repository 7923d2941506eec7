/**
 * What processes of a recording did with VFIO, as replay/enact derives it, without what that
 * reads off the results of calls: a run has to come to them by itself.
 */

import type { RecordedEvent, Recording } from '../replay/enact/recording.js';
import { usersOf } from '../replay/enact/users.js';
import type { FunctionSpec, MachineSpec, RunSpec, UserAction } from '../replay/kernel/index.js';

/** Part of what some processes did. */
export interface ClientPart {
  readonly pids: readonly number[];
  /** Events from this one on are left out. */
  readonly end: number;
  /** The processes end, which closes all files that no system call has closed. */
  readonly exits: boolean;
}

/** Operations of one actor that does what several processes did. */
export function actionsOf(recording: Recording, { pids, end, exits }: ClientPart): UserAction[] {
  const events = recording.events.filter(({ pid, seq }) => pids.includes(pid) && seq < end);
  const { operations, dropped } = usersOf(recording, events);
  for (const [{ seq }, why] of dropped) throw new Error(`event ${seq} cannot be repeated: ${why}`);
  const actions = operations
    .filter(({ action: { type } }) => type !== 'inherit' && type !== 'exit')
    .filter(({ action, at }) => !exits || !isOfExit(action, events[at]))
    .map(({ action }) => withoutHints(action));
  return exits ? [...actions, { type: 'exit' }] : actions;
}

const isOfExit = ({ type }: UserAction, { systemCall }: RecordedEvent): boolean =>
  (type === 'close' || type === 'munmap') && systemCall === null;

/** Answers of memory and of the hardware of the IOMMU stay, as no run can know them. */
function withoutHints(action: UserAction): UserAction {
  if (action.type === 'mmap') return { ...action, shared: true };
  if (action.type === 'touch') return { ...action, orders: [0] };
  if (action.type !== 'ioctl') return action;
  const { answer, ...call } = { ...action, touches: [] };
  const isSuccess = action.name === 'VFIO_IOMMU_MAP_DMA' && answer === 0;
  return answer === undefined || isSuccess ? call : { ...call, answer };
}

/** A run of one client on a machine on which vfio-pci has some of the functions, and no other has a driver. */
export const clientRun = (
  kernel: string,
  functions: readonly FunctionSpec[],
  ofVfio: (address: string) => boolean,
  actions: readonly UserAction[],
): RunSpec => ({
  machine: vfioMachine(kernel, functions, ofVfio),
  actors: [
    {
      name: 'client',
      operations: actions.map((action) => ({ action, when: null, onError: 'continue' })),
    },
  ],
});

const vfioMachine = (
  kernel: string,
  functions: readonly FunctionSpec[],
  ofVfio: (address: string) => boolean,
): MachineSpec => ({
  kernel,
  functions: functions.map((fn) =>
    ofVfio(fn.address) ? { ...fn, driver: 'vfio-pci', override: 'vfio-pci' } : fn,
  ),
  drivers: [
    {
      name: 'vfio-pci',
      loaded: true,
      table: null,
      isAsync: false,
      sriov: null,
      answers: [],
      defersUntil: null,
    },
  ],
});
