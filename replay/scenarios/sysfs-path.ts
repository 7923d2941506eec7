/**
 * What a path in sysfs leads to. A path is walked part by part, as the kernel does: from a folder
 * of a bus, of a class or of the hardware, over symlinks, to an attribute.
 */
import { BDF_PATTERN } from '../../traces/index.js';
import type { Link } from '../kernel/index.js';
import { vfAddressOf } from '../model/binding/vf-address.js';
import { isUuid } from '../model/mdev/index.js';
import type { ScenarioDocument } from './document.js';

type Machine = ScenarioDocument['machine'];

export interface AttributePlace {
  readonly attribute: string;
  readonly address: string | null;
  readonly driver: string | null;
  /** Of `create`: the type of a mediated device. */
  readonly mdevType?: string;
  /** Symlinks on the way to it; left out: none. */
  readonly links?: readonly Link[];
}

/** What has attributes: the bus, a device by its name, a driver by its name or by its device. */
type Folder =
  | { readonly type: 'bus' | 'mdevBus' }
  | { readonly type: 'device' | 'driverOf'; readonly address: string }
  | { readonly type: 'driver' | 'mdevDriver'; readonly name: string };

const OF_DEVICES = [
  ...['driver_override', 'sriov_numvfs', 'sriov_drivers_autoprobe', 'remove', 'rescan'],
  ...['nvidia/current_vgpu_type', 'power/control', 'd3cold_allowed'],
];
const OF_DRIVERS = ['bind', 'unbind', 'new_id', 'remove_id'];
const OF_BUS = ['drivers_probe', 'drivers_autoprobe', 'rescan'];
const OF_MDEVS = ['remove'];
const OF_MDEV_DRIVERS = ['bind', 'unbind'];
const OF_MDEV_BUS = ['drivers_probe'];

const ADDRESS = `${BDF_PATTERN}|\\$kernel`;
const ROOTS: readonly (readonly [RegExp, (name: string, machine: Machine) => Step])[] = [
  [/^\/sys\/bus\/pci\/devices\/([^/]+)\//, (address) => to({ type: 'device', address })],
  [/^\/sys\/bus\/mdev\/devices\/([^/]+)\//, (address) => to({ type: 'device', address })],
  [/^\/sys\/bus\/pci\/drivers\/([^/]+)\//, (name) => to({ type: 'driver', name })],
  [/^\/sys\/bus\/mdev\/drivers\/([^/]+)\//, (name) => to({ type: 'mdevDriver', name })],
  [/^\/sys\/bus\/pci\//, () => to({ type: 'bus' })],
  [/^\/sys\/bus\/mdev\//, () => to({ type: 'mdevBus' })],
  [
    /^\/sys\/kernel\/iommu_groups\/\d+\/devices\/([^/]+)\//,
    (a) => to({ type: 'device', address: a }),
  ],
  // The way from a root bus to a function is that of the bridges before it.
  [
    new RegExp(`^/sys/devices/pci[0-9a-f]{4}:[0-9a-f]{2}/(?:(?:${ADDRESS})/)*(${ADDRESS})/`),
    (address) => to({ type: 'device', address }),
  ],
  [/^\/sys\/class\/net\/([^/]+)\/device\//, deviceOfInterface],
];

/** Where a part of a path leads, or why it leads nowhere. */
type Step = { readonly folder: Folder; readonly link: Link | null } | string;

const to = (folder: Folder, link: Link | null = null): Step => ({ folder, link });

/** Symlinks in the folder of a device; each is there with it. */
const OF_DEVICE: readonly (readonly [
  RegExp,
  (address: string, name: string, machine: Machine) => Step,
])[] = [
  [/^driver\//, (address) => to({ type: 'driverOf', address }, { type: 'driver', address })],
  [/^virtfn(\d+)\//, vfOf],
  [/^physfn\//, pfOf],
  [/^iommu_group\/devices\/([^/]+)\//, memberOf],
];

/**
 * What a path leads to, or in words why it leads nowhere in the kernel that runs.
 * @param path as the shell has it, such as `/sys/bus/pci/devices/0000:41:00.0/driver/unbind`
 */
export function attributeOf(path: string, machine: Machine): AttributePlace | string {
  const created = CREATE.exec(path);
  if (created !== null) {
    const [, parent, mdevType] = created;
    return { attribute: 'create', address: parent, driver: parent, mdevType };
  }
  const root = ROOTS.find(([form]) => form.test(path));
  if (root === undefined) return noSuch();
  const [form, begin] = root;
  const [before, name = ''] = form.exec(path) ?? [''];
  return walk(begin(name, machine), path.slice(before.length), [], machine);
}

const CREATE = /^\/sys\/class\/mdev_bus\/([^/]+)\/mdev_supported_types\/([^/]+)\/create$/;

/** @param rest of the path, below the folder that a step led to */
function walk(
  step: Step,
  rest: string,
  before: readonly Link[],
  machine: Machine,
): AttributePlace | string {
  if (typeof step === 'string') return step;
  const { folder, link } = step;
  const links = link === null ? before : [...before, link];
  const next = stepFrom(folder, rest, machine);
  if (next !== null) return walk(next.step, rest.slice(next.length), links, machine);
  const known = attributesOf(folder);
  if (!known.includes(rest)) return noSuch();
  const address = folder.type === 'device' ? folder.address : null;
  const attribute = isUuid(address ?? '') ? `mdev_${rest}` : rest.replace('nvidia/', '');
  const driver = 'name' in folder ? folder.name : null;
  return { attribute, address, driver, ...(links.length === 0 ? {} : { links }) };
}

/** The next symlink of a path; null where an attribute follows. */
function stepFrom(
  folder: Folder,
  rest: string,
  machine: Machine,
): { readonly step: Step; readonly length: number } | null {
  if (folder.type === 'driver') {
    const [whole, address] = new RegExp(`^(${ADDRESS})/`).exec(rest) ?? [];
    if (whole === undefined) return null;
    const link = { type: 'bound', address, driver: folder.name } as const;
    return { step: to({ type: 'device', address }, link), length: whole.length };
  }
  if (folder.type !== 'device') return null;
  for (const [form, follow] of OF_DEVICE) {
    const found = form.exec(rest);
    if (found === null) continue;
    const [whole, name = ''] = found;
    return { step: follow(folder.address, name, machine), length: whole.length };
  }
  return null;
}

function attributesOf(folder: Folder): readonly string[] {
  switch (folder.type) {
    case 'bus':
      return OF_BUS;
    case 'mdevBus':
      return OF_MDEV_BUS;
    case 'driver':
      return OF_DRIVERS;
    case 'mdevDriver':
      return OF_MDEV_DRIVERS;
    case 'driverOf':
      return isUuid(folder.address) ? OF_MDEV_DRIVERS : OF_DRIVERS;
    case 'device':
      return isUuid(folder.address) ? OF_MDEVS : OF_DEVICES;
  }
}

function vfOf(address: string, index: string, { functions }: Machine): Step {
  const sriov = functions.find((f) => f.address === address)?.sriov;
  if (sriov === undefined) return `${address} has no SR-IOV capability in this machine`;
  if (Number(index) >= sriov.totalVfs) return `${address} has no more than ${sriov.totalVfs} VFs`;
  const vf = vfAddressOf(address, sriov.offset, sriov.stride, Number(index));
  return to({ type: 'device', address: vf }, { type: 'function', address });
}

function pfOf(address: string, _: string, { functions }: Machine): Step {
  const pf = functions.find(({ address: owner, sriov }) =>
    Array.from({ length: sriov?.totalVfs ?? 0 }, (_, i) => i).some(
      (i) => vfAddressOf(owner, sriov!.offset, sriov!.stride, i) === address,
    ),
  );
  if (pf === undefined) return `${address} is no VF of this machine`;
  return to({ type: 'device', address: pf.address }, { type: 'function', address });
}

function memberOf(address: string, member: string, { functions }: Machine): Step {
  const groupOf = (one: string) => functions.find((f) => f.address === one)?.group ?? one;
  if (groupOf(address) !== groupOf(member)) {
    return `${member} is not in the IOMMU group of ${address}`;
  }
  return to({ type: 'device', address: member }, { type: 'function', address });
}

function deviceOfInterface(name: string, { functions }: Machine): Step {
  const found = functions.find((f) => f.interface === name);
  if (found === undefined) {
    return `no function has the "interface" ${name}, which its driver would make`;
  }
  const { address } = found;
  return to({ type: 'device', address }, { type: 'interface', address });
}

/** Attributes that a scenario can write to, for messages. */
const ATTRIBUTES = [
  ...OF_DEVICES.map((name) => `/sys/bus/pci/devices/ADDRESS/${name}`),
  ...OF_DRIVERS.map((name) => `/sys/bus/pci/drivers/DRIVER/${name}`),
  ...OF_BUS.map((name) => `/sys/bus/pci/${name}`),
  '/sys/class/mdev_bus/PARENT/mdev_supported_types/TYPE/create',
  ...OF_MDEVS.map((name) => `/sys/bus/mdev/devices/UUID/${name}`),
  ...OF_MDEV_DRIVERS.map((name) => `/sys/bus/mdev/drivers/DRIVER/${name}`),
  ...OF_MDEV_BUS.map((name) => `/sys/bus/mdev/${name}`),
];

const noSuch = (): string =>
  `no such attribute; there are ${ATTRIBUTES.join(', ')}, also by the links driver, virtfnN, ` +
  'physfn and iommu_group/devices/ADDRESS of a device, and /sys/class/net/INTERFACE/device';
