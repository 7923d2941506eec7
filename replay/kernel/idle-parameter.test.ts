/**
 * Goal: `disable_idle_d3` counts for the devices that it counts for on each kernel, and for those
 * that register while it is set.
 * Method: a function of a driver that is a variant of vfio-pci, and what it shows while nobody has
 * it open and while somebody has, after drivers/vfio/pci/vfio_pci_core.c 6.12 and 7.3.
 */
import { expect, test } from 'vitest';
import type { PastBugName } from '../model/past-bugs.js';
import type { OperationDocument, ScenarioDocument } from '../scenarios/document.js';
import { specOf } from '../scenarios/spec.js';
import { openDeviceOf } from '../scenarios/vfio-parts.js';
import { boot, type Kernel, run, World } from './index.js';

const NIC = '0000:42:00.0';
const VARIANT = 'xe-vfio-pci';
const nic = { address: NIC, vendor: '0x8086', device: '0xe20b', class: '0x030000' } as const;
const vfioPci = { name: 'vfio-pci', parameters: { disable_idle_d3: true } } as const;
const status = (as: string): OperationDocument => ({ read: 'power/runtime_status', of: NIC, as });

/** Workers of the kernel do at once what is queued for them. */
const workersFirst = (k: Kernel): number => {
  for (let thread = k.threads - 1; thread >= 0; thread--) if (k.canRun(thread)) return thread;
  return -1;
};

function variablesOf(
  kernel: string,
  machine: ScenarioDocument['machine'],
  does: readonly OperationDocument[],
  bugs: readonly PastBugName[] = [],
) {
  const actors = [{ name: 'admin', does }];
  const rest = { scenario: 1, name: 'idle', title: 'idle', outcomes: [{}] } as const;
  const spec = specOf({ ...rest, kernel, bugs, machine, actors });
  return run(boot(new World(spec)), workersFirst).variables;
}

test.each([
  ['6.12', 'active'],
  ['7.2', 'active'],
  ['7.3', 'suspended'],
])('a device of a variant on %s is %s after it was bound, though vfio-pci has disable_idle_d3', (kernel, idle) => {
  const machine = { functions: [nic], drivers: [{ name: VARIANT, ids: [{}] }, vfioPci] };
  const bind = { write: `/sys/bus/pci/drivers/${VARIANT}/bind`, text: NIC };
  const override = { write: `/sys/bus/pci/devices/${NIC}/driver_override`, text: VARIANT };
  expect(variablesOf(kernel, machine, [override, bind, status('idle')])).toEqual({ idle });
});

const early = {
  functions: [{ ...nic, driver: VARIANT }],
  drivers: [{ name: VARIANT }, { ...vfioPci, loaded: false }],
};
const loadedLater = [
  status('before'),
  { load: 'vfio-pci' },
  ...openDeviceOf(NIC),
  status('open'),
] as const;

test('a device that has registered is awake while it is open, also if vfio-pci is loaded later', () => {
  expect(variablesOf('6.12', early, loadedLater)).toEqual({ before: 'suspended', open: 'active' });
});

test('a device that has registered sleeps while it is open, where a parameter of later counts', () => {
  expect(variablesOf('6.12', early, loadedLater, ['idleParameterShared'])).toEqual({
    before: 'suspended',
    open: 'suspended',
  });
});
