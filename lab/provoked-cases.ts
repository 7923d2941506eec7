/**
 * Runs that go well in one order of their operations, and badly in another: the lab records the
 * first, vfr predicts the second, and the lab provokes it.
 */
import { SCENARIOS, type ScenarioDocument } from '../replay/index.js';
import { forGuest, onLab, PF, SINGLE } from './lab-scenario.js';
import type { OrderEntry } from './witness-order.js';

export interface ProvokedCase {
  readonly name: string;
  /** On the lab's machine, as the guest reads it. */
  readonly document: ScenarioDocument;
  /** The order in which it goes well. */
  readonly order: readonly OrderEntry[];
  /** The function that has another driver at the end. */
  readonly device: string;
  readonly isDeadlock: boolean;
}

/** All operations of one actor, in their order. */
const all = ({ name, does }: ScenarioDocument['actors'][number]): OrderEntry[] =>
  does.map((_, i) => [name, i + 1] as const);

/** One actor after the other. @param device by its address in the lab */
function inOrder(name: string, device: string, number: number): ProvokedCase {
  const scenario = SCENARIOS.find((one) => one.name === name)!;
  const document = onLab(scenario);
  const order = document.actors.flatMap(all);
  const numbered = `${number}-${name}`;
  return { name: numbered, document: guest(document), order, device, isDeadlock: false };
}

const guest = (document: ScenarioDocument): ScenarioDocument =>
  forGuest(document) as ScenarioDocument;

const VF = '0000:01:00.1';
const VF2 = '0000:01:00.2';
const [EDU, TWIN] = SINGLE;

/**
 * A program that has a device open asks for something that needs the lock of the device, while
 * another one unbinds the device and waits for the program with that lock.
 */
const userAsksWhileUnbound: ScenarioDocument = {
  scenario: 1,
  name: 'user-binds-its-own-device',
  title: 'unbind has device_lock and waits for the user, who waits for device_lock in a bind',
  kernel: '6.12',
  machine: {
    functions: [
      {
        address: EDU,
        vendor: '0x1234',
        device: '0x11e8',
        class: '0x00ff00',
        driver: 'vfio-pci',
        override: 'vfio-pci',
      },
    ],
    drivers: [{ name: 'vfio-pci' }],
  },
  actors: [
    {
      name: 'vmm',
      does: [
        { open: 'container' },
        { open: 'group', of: EDU },
        { ioctl: 'VFIO_GROUP_SET_CONTAINER', on: 'group', files: ['container'] },
        { ioctl: 'VFIO_SET_IOMMU', on: 'container', with: 3 },
        { ioctl: 'VFIO_GROUP_GET_DEVICE_FD', on: 'group', device: EDU },
        { write: '/sys/bus/pci/drivers/vfio-pci/bind', text: EDU },
        { exit: true },
      ],
    },
    {
      name: 'admin',
      does: [
        { write: `/sys/bus/pci/devices/${EDU}/driver_override`, text: 'vfio-pci\n' },
        { write: '/sys/bus/pci/drivers/vfio-pci/unbind', text: EDU },
      ],
    },
  ],
  outcomes: [{}],
};

/** A deadlock is the last one: nothing ends it. */
export function provokedCases(): readonly ProvokedCase[] {
  const [vmm, admin] = userAsksWhileUnbound.actors.map(all);
  return [
    inOrder('unbind-before-override', EDU, 1),
    inOrder('new-id-takes-twin', TWIN, 2),
    inOrder('two-binders', EDU, 3),
    inOrder('two-numbers-of-vfs', VF2, 4),
    inOrder('module-order', PF, 5),
    inOrder('autoprobe-flips', VF2, 6),
    inOrder('native-driver-first', VF, 7),
    {
      name: '9-user-binds-its-own-device',
      document: guest(userAsksWhileUnbound),
      order: [admin![0]!, ...vmm!, ...admin!.slice(1)],
      device: EDU,
      isDeadlock: true,
    },
  ];
}
