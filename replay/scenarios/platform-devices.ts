/** What vfio-pci does for devices of one platform: Intel graphics, and functions of s390. */
import type { FunctionDocument, OperationDocument, ScenarioDocument } from './document.js';
import { NIC, vfioPci } from './parts.js';
import { onDevice, openDeviceOf, orStop } from './vfio-parts.js';

const IGD = '0000:00:02.0';
const BRIDGE = '0000:00:00.0';
const LPC = '0000:00:1f.0';
const ofVfio = { driver: 'vfio-pci', override: 'vfio-pci' } as const;
const FIRST = 9;
const { config, info, region } = onDevice;

/** Firmware has put an OpRegion of version 2.0 into memory, whose VBT lies elsewhere. */
const OPREGION = {
  'opregion-kib': 8,
  'opregion-version': '0x200',
  'opregion-rvda': '0x7a010000',
  'opregion-rvds': '0x1800',
} as const;
const OPREGION_BYTES = 0x2000 + 0x1800;

const graphics = (properties: Readonly<Record<string, number | string>>): FunctionDocument => ({
  address: IGD,
  vendor: '0x8086',
  device: '0x5917',
  class: '0x030000',
  ...ofVfio,
  hardware: { registers: { '0xfc': '0x7a000018' }, properties },
});
const bridgeOf = (address: string, code: string): FunctionDocument => ({
  address,
  vendor: '0x8086',
  device: '0x5914',
  class: code,
});
const hostBridge = bridgeOf(BRIDGE, '0x060000');
const lpcBridge = bridgeOf(LPC, '0x060100');

const ofIntel = (
  name: string,
  title: string,
  functions: readonly FunctionDocument[],
  does: readonly OperationDocument[],
  errors: readonly string[],
): ScenarioDocument => ({
  scenario: 1,
  kernel: '6.12',
  name,
  title,
  machine: { functions, drivers: [vfioPci] },
  actors: [{ name: 'vmm', does: [...orStop(openDeviceOf(IGD)), ...does] }],
  outcomes: [{ errors: { vmm: errors } }],
});

const onS390 = (
  name: string,
  title: string,
  kvm: number,
  errors: readonly string[],
): ScenarioDocument => ({
  scenario: 1,
  kernel: '6.12',
  name,
  title,
  machine: {
    functions: [
      {
        address: NIC,
        vendor: '0x15b3',
        device: '0x101e',
        class: '0x020000',
        ...ofVfio,
        hardware: { properties: { zpci: 1, 'zpci-kvm-register': kvm } },
      },
    ],
    drivers: [vfioPci],
  },
  actors: [
    {
      name: 'vmm',
      does: [...orStop(openDeviceOf(NIC)), { ioctl: 'VFIO_DEVICE_GET_INFO', on: 'device' }],
    },
  ],
  outcomes: [{ errors: { vmm: errors } }],
});

export const PLATFORM_DEVICES: readonly ScenarioDocument[] = [
  ofIntel(
    'igd-regions',
    'a machine gets Intel graphics: OpRegion, VBT and copies of bridges are regions to read',
    [hostBridge, lpcBridge, graphics(OPREGION)],
    [
      ...[FIRST, FIRST + 1, FIRST + 2, FIRST + 3].map(info),
      region.read(FIRST, 0, 4),
      region.read(FIRST, 0x16, 2),
      region.read(FIRST, 0x3ba, 4),
      region.read(FIRST, OPREGION_BYTES - 2, 4),
      region.read(FIRST, OPREGION_BYTES, 1),
      region.write(FIRST, 0, 4, 0),
      region.read(FIRST + 1, 0, 4),
      region.read(FIRST + 1, 0x51, 8),
      region.read(FIRST + 2, 0, 3),
      region.write(FIRST + 2, 0, 1, 0),
      region.read(FIRST + 2, 256, 1),
      region.read(FIRST + 3, 0, 1),
      { mmap: 'device', region: FIRST, length: 4096, as: 'opregion' },
      config.read(0xfc, 4),
      config.write(0xfc, 4, '0x12345678'),
      config.read(0xfc, 4),
    ],
    new Array(7).fill('EINVAL'),
  ),
  ofIntel(
    'igd-without-bridges',
    'Intel graphics of a machine without an LPC bridge: the open succeeds with fewer regions',
    [hostBridge, graphics(OPREGION)],
    [FIRST, FIRST + 1, FIRST + 2].map(info),
    ['EINVAL'],
  ),
  ofIntel(
    'igd-without-opregion',
    'Intel graphics whose register of the OpRegion is 0: a device like any other',
    [hostBridge, lpcBridge, { ...graphics({}), hardware: {} }],
    [info(FIRST), config.write(0xfc, 4, 1), config.read(0xfc, 4)],
    ['EINVAL'],
  ),
  ofIntel(
    'igd-wrong-signature',
    'the register of Intel graphics leads to memory that is no OpRegion: the open fails',
    [hostBridge, lpcBridge, graphics({ ...OPREGION, 'opregion-signature': 0 })],
    [],
    ['EINVAL'],
  ),
  ofIntel(
    'igd-foreign-bridge',
    'a bridge of another kind is where the LPC bridge of Intel graphics should be',
    [hostBridge, { ...lpcBridge, class: '0x060400' }, graphics(OPREGION)],
    [],
    ['EINVAL'],
  ),
  onS390(
    'zdev-with-kvm',
    'a function of s390 is opened for a machine of KVM, which knows it then',
    0,
    [],
  ),
  onS390(
    'zdev-without-kvm-module',
    'a function of s390 is opened for a machine of KVM that cannot register it',
    2,
    ['ENOENT'],
  ),
];
