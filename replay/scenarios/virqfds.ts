/** Eventfds by which a user unmasks INTx. */
import { IRQ_SET } from '../model/vfio/vfio-irqs.js';
import type { FunctionDocument, OperationDocument, ScenarioDocument } from './document.js';
import { NIC, nics, vfioPci } from './parts.js';
import { openDeviceOf, orStop } from './vfio-parts.js';

const nic: FunctionDocument = { ...nics[0], driver: 'vfio-pci', override: 'vfio-pci' };
const { DATA_EVENTFD, UNMASK, TRIGGER } = IRQ_SET;
const setIntx = (flags: number, file: string | null): OperationDocument => ({
  ioctl: 'VFIO_DEVICE_SET_IRQS',
  on: 'device',
  with: { flags: flags | DATA_EVENTFD, index: 0, start: 0, count: 1 },
  files: [file],
});
const open = (as: string): OperationDocument => ({ open: 'eventfd', as });
const raise: OperationDocument = { interrupt: NIC, index: 0 };

/** A user of INTx, which raises it again after it was unmasked. */
const scenarioOf = (
  name: string,
  title: string,
  does: readonly OperationDocument[],
  errors: readonly string[],
): ScenarioDocument => ({
  scenario: 1,
  kernel: '6.12',
  name,
  title,
  machine: { functions: [nic], drivers: [vfioPci] },
  actors: [
    {
      name: 'user',
      does: [
        ...orStop(openDeviceOf(NIC)),
        open('line'),
        open('unmask'),
        open('other'),
        setIntx(TRIGGER, 'line'),
        ...does,
      ],
    },
  ],
  outcomes: [{ errors: { user: errors } }],
});

export const VIRQFDS: readonly ScenarioDocument[] = [
  scenarioOf(
    'virqfd-errors',
    'what is no eventfd, and a second one, cannot unmask INTx; after a close another one can',
    [
      setIntx(UNMASK, 'nothing'),
      setIntx(UNMASK, 'container'),
      setIntx(UNMASK, 'unmask'),
      setIntx(UNMASK, 'other'),
      setIntx(UNMASK, null),
      setIntx(UNMASK, 'unmask'),
      { close: 'unmask' },
      setIntx(UNMASK, 'other'),
    ],
    ['EBADF', 'EINVAL', 'EBUSY'],
  ),
  scenarioOf(
    'virqfd-unmasks',
    'INTx is raised once, and again after its user has written to the eventfd that unmasks it',
    [
      setIntx(UNMASK, 'unmask'),
      raise,
      raise,
      { signal: 'unmask' },
      { ...raise, when: { signalled: 'line' } },
      { signal: 'device' },
    ],
    ['EINVAL'],
  ),
  scenarioOf(
    'virqfd-signalled-before',
    'an eventfd that was written to before unmasks INTx as it is set',
    [raise, { signal: 'unmask' }, setIntx(UNMASK, 'unmask'), raise],
    [],
  ),
];
