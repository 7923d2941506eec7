/** Modules that are loaded with parameters. */
import type { ScenarioDocument } from './document.js';
import { bind, GPU, ixgbe, NIC, newId, nics, override, TWIN, unbind, vfioPci } from './parts.js';

const scenario = 1;

/** Two entries are no ids: the kernel's log says so of the first, and nothing of the empty one. */
const idsOfNics = 'junk,10de:2342,,8086:10fb:8086:10fb:0:0';

export const MODULE_PARAMETERS: readonly ScenarioDocument[] = [
  {
    scenario,
    name: 'ids-parameter-or-native-driver',
    title: 'ids= of vfio-pci only helps if its module is loaded before that of the native driver',
    kernel: '6.12',
    machine: {
      functions: [nics[0]],
      drivers: [
        { ...ixgbe, loaded: false },
        { ...vfioPci, loaded: false, parameters: { ids: idsOfNics } },
      ],
    },
    actors: [
      { name: 'modprobe-vfio', does: [{ load: 'vfio-pci' }] },
      { name: 'modprobe-ixgbe', does: [{ load: 'ixgbe' }] },
    ],
    outcomes: [{ drivers: { [NIC]: 'vfio-pci' } }, { drivers: { [NIC]: 'ixgbe' } }],
  },
  {
    scenario,
    name: 'ids-parameter-lasts',
    title: 'ids= of a loaded vfio-pci counts for each function that comes back, until remove_id',
    kernel: '6.12',
    machine: {
      functions: [
        { ...nics[0], driver: 'vfio-pci' },
        { ...nics[1], driver: 'ixgbe' },
      ],
      drivers: [{ ...vfioPci, parameters: { ids: '8086:10fb' } }, ixgbe],
    },
    actors: [
      {
        name: 'admin',
        does: [
          // The native driver has it; vfio-pci, which registered first, takes it when it is free.
          unbind('ixgbe', TWIN),
          { write: '/sys/bus/pci/drivers_probe', text: TWIN },
          newId('vfio-pci', '8086 10fb'),
          { write: '/sys/bus/pci/drivers/vfio-pci/remove_id', text: '8086 10fb' },
          { write: '/sys/bus/pci/drivers/vfio-pci/remove_id', text: '8086 10fb' },
          unbind('vfio-pci', NIC),
          { write: '/sys/bus/pci/drivers_probe', text: NIC },
        ],
      },
    ],
    outcomes: [
      {
        drivers: { [NIC]: 'ixgbe', [TWIN]: 'vfio-pci' },
        errors: { admin: ['EEXIST', 'ENODEV'] },
      },
    ],
  },
  {
    scenario,
    name: 'vfio-pci-without-denylist',
    title: 'with disable_denylist vfio-pci takes a device that an untrusted user can hang',
    kernel: '6.12',
    machine: {
      functions: [{ address: GPU, vendor: '0x8086', device: '0x37c8', class: '0x0b4000' }],
      drivers: [{ ...vfioPci, parameters: { disable_denylist: true } }],
    },
    actors: [{ name: 'admin', does: [override(GPU, 'vfio-pci'), bind('vfio-pci', GPU)] }],
    outcomes: [{ drivers: { [GPU]: 'vfio-pci' }, errors: { admin: [] } }],
  },
];
