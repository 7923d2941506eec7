/**
 * What virtual machine monitors and DPDK do with a device from open to close, as programs of
 * actors. QEMU's is that of a recording of QEMU 7.2 with three devices, DPDK's that of a recording
 * of testpmd 22.11; cloud-hypervisor's follows its crate vfio-ioctls.
 */
import { foundAt, World } from '../kernel/index.js';
import { driverModel } from '../model/drivers/index.js';
import { kernelRules } from '../model/kernel-rules.js';
import type { DeviceRegion } from '../model/vfio-pci-core/device-regions.js';
import { lengthOf } from '../model/vfio-pci-core/pci-function.js';
import { REGIONS } from '../model/vfio-pci-core/regions.js';
import type { FunctionDocument, OperationDocument, ScenarioDocument } from './document.js';
import { specOf } from './spec.js';
import { onDevice, orStop } from './vfio-parts.js';

export const VMMS = ['qemu', 'cloud-hypervisor', 'dpdk'] as const;
export type Vmm = (typeof VMMS)[number];

/** A region that is memory, as GET_REGION_INFO shows it. */
interface MemoryRegion {
  readonly index: number;
  readonly size: number;
  /** Bytes that can be mapped. */
  readonly mappable: number;
}

/** What a VMM finds as it asks for a device. */
interface Assigned {
  readonly address: string;
  readonly regions: readonly MemoryRegion[];
  /** Regions besides those of every PCI device. */
  readonly own: readonly DeviceRegion[];
  /** Bytes of the capabilities of GET_INFO. */
  readonly infoBytes: number;
}

const { config, info, region: access } = onDevice;
const PAGE = 4096;
const GET_INFO = 'VFIO_DEVICE_GET_INFO';
const INFO_BYTES = 24;
/** The struct of GET_REGION_INFO, and its capability TYPE. */
const TYPED_REGION_BYTES = 32 + 16;
/** Mappings of the programs are no longer than this: a range for each has that much room. */
const MAP_MAX = 0x1000_0000;
const COMMAND = { AT: 4, MEMORY_AND_MASTER: 6 } as const;

const ioctl = (name: string, on = 'device', more: object = {}): OperationDocument =>
  ({ ioctl: name, on, ...more }) as OperationDocument;
const irqs = (flags: string, index: number, count: number, files: readonly string[] = []) =>
  ioctl('VFIO_DEVICE_SET_IRQS', 'device', {
    with: { flags, index, count },
    ...(files.length === 0 ? {} : { files }),
  });
const irqInfo = (index: number) => ioctl('VFIO_DEVICE_GET_IRQ_INFO', 'device', { with: { index } });
const [EVENTFD, NONE] = ['0x24', '0x21'];
const [INTX, MSI, REQ] = [0, 1, 4];

const mapDma = ioctl('VFIO_IOMMU_MAP_DMA', 'container', {
  with: { flags: 3, vaddr: '0x7f0000000000', iova: 0, size: '0x100000' },
});
const getDevice = (device: string): OperationDocument =>
  ioctl('VFIO_GROUP_GET_DEVICE_FD', 'group', { device });
const openBoth = (of: string): OperationDocument[] => [
  { open: 'container' },
  { open: 'group', of },
];
const join = ioctl('VFIO_GROUP_SET_CONTAINER', 'group', { files: ['container'] });
const setIommu = (type: number) => ioctl('VFIO_SET_IOMMU', 'container', { with: type });
const extension = (type: number) => ioctl('VFIO_CHECK_EXTENSION', 'container', { with: type });
const status = ioctl('VFIO_GROUP_GET_STATUS', 'group');
const version = ioctl('VFIO_GET_API_VERSION', 'container');

const maps = (regions: readonly MemoryRegion[]): OperationDocument[] =>
  regions
    .filter(({ mappable }) => mappable >= PAGE)
    .map(({ index, mappable }) => ({
      mmap: 'device',
      region: index,
      length: Math.min(mappable, MAP_MAX),
      as: `region${index}`,
    }));
const touches = (regions: readonly MemoryRegion[]): OperationDocument[] =>
  maps(regions).map((one) => ({ touch: 'as' in one ? (one.as ?? '') : '' }));
const closeAll: readonly OperationDocument[] = [
  { close: 'device' },
  { close: 'group' },
  { close: 'container' },
];

/** The registers of BARs are written with ones and read; then the addresses are written. */
const size = (bars: readonly number[]): OperationDocument[] =>
  bars.flatMap((bar) => {
    const at = 0x10 + 4 * bar;
    const one = [config.write(at, 4, '0xffffffff'), config.read(at, 4)];
    return [config.read(at, 4), ...one, config.write(at, 4, 0)];
  });
const BARS = [0, 1, 2, 3, 4, 5];

/** Where the struct is too short for the capabilities, it is passed again with their size. */
const getInfo = ({ infoBytes }: Assigned): OperationDocument[] => [
  ioctl(GET_INFO),
  ...(infoBytes === 0
    ? []
    : [ioctl(GET_INFO, 'device', { with: { argsz: INFO_BYTES + infoBytes } })]),
];

/** Regions of a vendor are found by their types; the OpRegion of Intel graphics is read whole. */
const findOwn = ({ own }: Assigned): OperationDocument[] =>
  own.flatMap(({ writable, copyOf, size }, i) => {
    const index = REGIONS + i;
    const argsz = TYPED_REGION_BYTES;
    const typed = ioctl('VFIO_DEVICE_GET_REGION_INFO', 'device', { with: { index, argsz } });
    const isRead = !writable && copyOf === undefined;
    return [info(index), typed, ...(isRead ? [access.read(index, 0, size)] : [])];
  });

function qemu(found: Assigned): OperationDocument[] {
  const { address: device, regions } = found;
  return [
    ...orStop([...openBoth(device), status, version, extension(3), join, setIommu(3)]),
    ioctl('VFIO_IOMMU_GET_INFO', 'container'),
    ioctl('VFIO_IOMMU_GET_INFO', 'container'),
    mapDma,
    ...orStop([getDevice(device)]),
    ...getInfo(found),
    ...[...BARS, 7].map(info),
    irqInfo(3),
    ...findOwn(found),
    config.read(0, 256),
    config.read(0x30, 4),
    config.write(0x30, 4, '0xfffff800'),
    config.read(0x30, 4),
    config.write(0x30, 4, 0),
    config.read(0x10, 4),
    ...maps(regions),
    config.read(0x3d, 1),
    { open: 'eventfd', as: 'intx' },
    irqs(EVENTFD, INTX, 1, ['intx']),
    irqInfo(REQ),
    { open: 'eventfd', as: 'request' },
    irqs(EVENTFD, REQ, 1, ['request']),
    ioctl('VFIO_DEVICE_FEATURE', 'device', { with: { flags: '0x10001', page_size: 0 } }),
    // Before the machine runs, the device is reset.
    config.read(COMMAND.AT, 2),
    config.write(COMMAND.AT, 2, 0x100),
    ioctl('VFIO_DEVICE_RESET'),
    config.read(0x3d, 1),
    // The guest sizes and places its BARs, and drives the device.
    ...size(BARS),
    config.write(COMMAND.AT, 2, COMMAND.MEMORY_AND_MASTER),
    ...touches(regions),
    // The guest's driver uses MSI.
    irqs(NONE, INTX, 0),
    { open: 'eventfd', as: 'msi' },
    irqs(EVENTFD, MSI, 1, ['msi']),
    irqs(NONE, MSI, 0),
    config.write(COMMAND.AT, 2, 0x100),
    ...maps(regions).map(
      (one): OperationDocument => ({ munmap: 'as' in one ? (one.as ?? '') : '' }),
    ),
    ...closeAll,
  ];
}

function cloudHypervisor({ address: device, regions }: Assigned): OperationDocument[] {
  return [
    ...orStop([{ open: 'container' }, version, extension(3), { open: 'group', of: device }]),
    ...orStop([status, join, setIommu(3), getDevice(device)]),
    ioctl(GET_INFO),
    ...[...BARS, 6, 7, 8].map(info),
    ...[INTX, MSI, 2, 3, REQ].map(irqInfo),
    ioctl('VFIO_DEVICE_RESET'),
    mapDma,
    ...[0, 4, 8, 0x0c, 0x2c, 0x34].map((at) => config.read(at, 4)),
    ...size(BARS),
    ...maps(regions),
    config.write(COMMAND.AT, 2, COMMAND.MEMORY_AND_MASTER),
    ...touches(regions),
    { open: 'eventfd', as: 'msi' },
    irqs(EVENTFD, MSI, 1, ['msi']),
    irqs(NONE, MSI, 0),
    ...closeAll,
  ];
}

function dpdk({ address: device, regions }: Assigned): OperationDocument[] {
  return [
    ...orStop([{ open: 'container' }, version]),
    ...[1, 7, 8].map(extension),
    ...orStop([{ open: 'group', of: device }, status, join, setIommu(1)]),
    mapDma,
    ...orStop([getDevice(device)]),
    ioctl(GET_INFO),
    config.read(0x34, 4),
    ...BARS.flatMap((bar) => [info(bar), config.read(0x10 + 4 * bar, 4)]),
    ...maps(regions),
    irqInfo(INTX),
    config.read(COMMAND.AT, 2),
    config.write(COMMAND.AT, 2, 0x107),
    ioctl('VFIO_DEVICE_RESET'),
    { open: 'eventfd', as: 'intx' },
    irqs(EVENTFD, INTX, 1, ['intx']),
    ...touches(regions),
    irqs(NONE, INTX, 0),
    // It ends without closing anything.
    { exit: true },
  ];
}

const PROGRAMS = { qemu, 'cloud-hypervisor': cloudHypervisor, dpdk } as const;

/** Whether a driver is one of VFIO. */
export const isVfioDriver = (name: string | undefined): boolean =>
  name !== undefined && driverModel(name).vfioPci;

/** The function that a driver of VFIO has, and the memory that a user of it sees. */
function assigned(document: ScenarioDocument): Assigned | null {
  const world = new World(specOf(document));
  const place = world.places.find(({ start }) => isVfioDriver(start?.driver ?? undefined));
  if (place === undefined) return null;
  const driver = place.start?.driver ?? '';
  const { variant } = driverModel(driver);
  const parameters = world.driver(driver)?.spec.parameters ?? {};
  const { pci, config, hardware } = place;
  const { properties = {} } = hardware;
  const { version } = kernelRules(document.kernel);
  const at = (address: string) => {
    const other = world.place(address);
    return other === null ? null : foundAt(other);
  };
  const probed = variant?.probe({ fn: pci, config, properties, parameters, version, at });
  const own = typeof probed === 'object' ? probed : null;
  const regions = BARS.flatMap((index) => {
    const given = own === null ? undefined : variant?.region?.(own, index);
    const size = given?.size ?? lengthOf(pci.resources[index]);
    if (size === 0) return [];
    const mappable = given === undefined ? size : given.mmap ? (given.sparse ?? size) : 0;
    return [{ index, size, mappable }];
  });
  const more = own === null ? [] : (variant?.adds?.(own)?.regions ?? []);
  const capabilities = own === null ? [] : (variant?.info?.(own) ?? []);
  // Each of them begins at a multiple of 8 bytes (drivers/vfio/vfio_main.c 6.6).
  const infoBytes = capabilities.reduce((sum, { length }) => sum + Math.ceil(length / 8) * 8, 0);
  return { address: place.address, regions, own: more, infoBytes };
}

/**
 * A scenario whose actor is a VMM that uses the device which a driver of VFIO has.
 * @returns null when no driver of VFIO has a device at the start
 */
export function withVmm(document: ScenarioDocument, vmm: Vmm): ScenarioDocument | null {
  const found = assigned(document);
  if (found === null) return null;
  const does = PROGRAMS[vmm](found);
  return { ...document, actors: [{ name: vmm, does }] };
}

/** What firmware, PF and registers say where a scenario does not: all that drivers need. */
const PROPERTIES = {
  migration: 1,
  'device-parts': 1,
  'legacy-admin-commands': 1,
  'nvidia,gpu-mem-base-pa': 2 ** 42,
  'nvidia,gpu-mem-size': 96 * 2 ** 30,
} as const;

const hex = (n: number): string => `0x${n.toString(16).padStart(4, '0')}`;

/** A scenario in which another driver of VFIO has the devices; it gets devices of its table. */
export function withDriver(document: ScenarioDocument, name: string): ScenarioDocument {
  const [entry] = driverModel(name).table ?? [];
  const { vendor = null, device = null } = entry ?? {};
  const ids =
    vendor === null || device === null ? {} : { vendor: hex(vendor), device: hex(device) };
  const changed = (f: FunctionDocument): FunctionDocument =>
    isVfioDriver(f.driver)
      ? {
          ...f,
          ...ids,
          driver: name,
          override: name,
          hardware: { properties: PROPERTIES, ...f.hardware },
        }
      : f;
  const { functions, drivers } = document.machine;
  const others = drivers.filter((driver) => !isVfioDriver(driver.name));
  const machine = { functions: functions.map(changed), drivers: [...others, { name }] };
  return { ...document, machine };
}
