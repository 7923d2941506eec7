/** Functions that sleep: while nobody has them open, and as their users want it. */
import { PCI_POWER } from '../model/power/power-state.js';
import { DEVICE_FEATURE, FEATURE_FLAG } from '../model/vfio/device-features.js';
import type { FunctionDocument, OperationDocument, ScenarioDocument } from './document.js';
import { after, bind, GPU, gpu, NIC, nics, numVfs, power, unbind, VF, vfioPci } from './parts.js';
import { onDevice, openDeviceOf, orStop } from './vfio-parts.js';

const nic: FunctionDocument = { ...nics[0], driver: 'vfio-pci', override: 'vfio-pci' };
const machine = { runtimePm: true, functions: [nic], drivers: [vfioPci] } as const;
const first = { scenario: 1, kernel: '6.12' } as const;

const open = orStop(openDeviceOf(NIC));
const mapBar: OperationDocument = { mmap: 'device', region: 0, length: '0x4000', as: 'bar0' };
const touch: OperationDocument = { touch: 'bar0' };
const memoryOn = onDevice.config.write(4, 2, 2);
/** The control register of power management. */
const PMCSR = 0x44;
const sleep = onDevice.config.write(PMCSR, 2, PCI_POWER.D3HOT);
const wake = onDevice.config.write(PMCSR, 2, 0);
const readBar = onDevice.region.read(0, 0, 4);

const feature = (id: number, files: readonly string[] = []): OperationDocument => ({
  ioctl: 'VFIO_DEVICE_FEATURE',
  on: 'device',
  with: { flags: id | FEATURE_FLAG.SET },
  files,
});
const { LOW_POWER_ENTRY, LOW_POWER_ENTRY_WITH_WAKEUP, LOW_POWER_EXIT } = DEVICE_FEATURE;
const enter = feature(LOW_POWER_ENTRY);
const enterUntilWoken = feature(LOW_POWER_ENTRY_WITH_WAKEUP, ['woken']);
const leave = feature(LOW_POWER_EXIT);

type Attribute = 'power/control' | 'power/runtime_status' | 'power_state';
const read = (attribute: Attribute, as: string, of = NIC): OperationDocument => ({
  read: attribute,
  of,
  as,
});
export const POWER_SCENARIOS: readonly ScenarioDocument[] = [
  {
    ...first,
    name: 'power-idle-device-is-opened',
    title: 'an idle device sleeps in D3hot, is in D0 while it is open, and sleeps again',
    machine,
    actors: [
      {
        name: 'user',
        does: [read('power_state', 'idle'), ...open, read('power_state', 'open'), { exit: true }],
      },
      { name: 'watch', does: [after('user', 8, read('power_state', 'closed'))] },
    ],
    outcomes: [
      { variables: { idle: 'D3hot', open: 'D0', closed: 'D0' } },
      { variables: { idle: 'D3hot', open: 'D0', closed: 'D3hot' } },
    ],
  },
  {
    ...first,
    name: 'power-guest-sleeps-and-touches',
    title: 'a user puts the device into D3hot: a touch is a bus error, a read EIO, until it wakes',
    machine,
    actors: [
      {
        name: 'user',
        does: [...open, memoryOn, mapBar, touch, sleep, touch, readBar, wake, touch, readBar],
      },
    ],
    outcomes: [{ errors: { user: ['EFAULT', 'EIO'] } }],
  },
  {
    ...first,
    name: 'power-low-power-and-a-thread',
    title: 'in low power a read of another thread wakes the device, and a touch is a bus error',
    machine,
    actors: [
      {
        name: 'user',
        process: 'vmm',
        does: [
          ...open,
          memoryOn,
          mapBar,
          enter,
          after('thread', 2, leave),
          read('power_state', 'left'),
        ],
      },
      {
        name: 'thread',
        process: 'vmm',
        does: [after('user', 7, readBar), touch],
      },
    ],
    outcomes: [
      { errors: { user: [], thread: [] }, variables: { left: 'D0' } },
      { errors: { user: [], thread: ['EFAULT'] }, variables: { left: 'D0' } },
    ],
  },
  {
    ...first,
    name: 'power-wake-ends-low-power',
    title: 'a device that was suspended tells its user as another thread wakes it, if it had slept',
    machine,
    actors: [
      {
        name: 'user',
        process: 'vmm',
        does: [
          { open: 'eventfd', as: 'woken' },
          ...open,
          memoryOn,
          mapBar,
          enterUntilWoken,
          { set: 'told', to: 'yes', when: { signalled: 'woken' } },
          touch,
        ],
      },
      { name: 'thread', process: 'vmm', does: [after('user', 9, readBar)] },
    ],
    outcomes: [
      { errors: { user: [], thread: [] }, variables: { told: 'yes' } },
      { errors: { user: [], thread: [] }, variables: { told: null } },
    ],
  },
  {
    ...first,
    name: 'power-control-during-unbind',
    title: 'vfio-pci allows and forbids runtime PM: who writes power/control may come between',
    machine,
    actors: [
      { name: 'admin', does: [unbind('vfio-pci', NIC), bind('vfio-pci', NIC)] },
      { name: 'tuned', does: [power(NIC, 'control', 'on')] },
      {
        name: 'watch',
        does: [
          after('admin', 2, { set: 'bound', to: 'yes' }),
          after('tuned', 1, read('power/control', 'control')),
        ],
      },
    ],
    outcomes: [
      { drivers: { [NIC]: 'vfio-pci' }, variables: { control: 'on' } },
      { drivers: { [NIC]: 'vfio-pci' }, variables: { control: 'auto' } },
    ],
  },
  {
    ...first,
    name: 'power-idle-d3-disabled',
    title: 'with disable_idle_d3 an idle device stays in D0',
    machine: {
      functions: [nic],
      drivers: [{ ...vfioPci, parameters: { disable_idle_d3: true } }],
    },
    actors: [
      {
        name: 'watch',
        does: [read('power_state', 'state'), read('power/runtime_status', 'status')],
      },
    ],
    outcomes: [{ variables: { state: 'D0', status: 'active' } }],
  },
  {
    ...first,
    name: 'power-d3cold-is-forbidden',
    title: 'a write of d3cold_allowed wakes a device, which then sleeps in D3hot',
    machine: { ...machine, functions: [{ ...nic, hardware: { d3cold: true } }] },
    actors: [
      {
        name: 'admin',
        does: [
          read('power_state', 'before'),
          { write: `/sys/bus/pci/devices/${NIC}/d3cold_allowed`, text: '0\n' },
          read('power_state', 'after'),
        ],
      },
    ],
    outcomes: [
      { variables: { before: 'D3cold', after: 'D0' } },
      { variables: { before: 'D3cold', after: 'D3hot' } },
    ],
  },
  {
    ...first,
    name: 'power-pf-awake-for-its-vfs',
    title: 'a PF of vfio-pci that sleeps is woken before it gets VFs, and stays awake for them',
    machine: {
      runtimePm: true,
      functions: [{ ...gpu, driver: 'vfio-pci', override: 'vfio-pci' }],
      drivers: [{ ...vfioPci, sriov: 'own' }],
    },
    actors: [
      {
        name: 'admin',
        does: [
          read('power/runtime_status', 'before', GPU),
          numVfs(1),
          read('power/runtime_status', 'with', GPU),
        ],
      },
    ],
    outcomes: [
      { drivers: { [VF]: 'vfio-pci' }, variables: { before: 'suspended', with: 'active' } },
    ],
  },
];
