/**
 * Scenarios of vfr on the lab's machine: each function becomes one of the machine's, and each native
 * driver a module of the lab, which answers its probes as the scenario says.
 */

import type { ScenarioDocument } from '../replay/index.js';
import { DEVICE_FEATURE, FEATURE_FLAG } from '../replay/model/vfio/device-features.js';

type FunctionDocument = ScenarioDocument['machine']['functions'][number];
type Operation = ScenarioDocument['actors'][number]['does'][number];

/** The kernel's name of an actor's task: it keeps 15 bytes (TASK_COMM_LEN). */
export const taskName = (actor: string): string => actor.slice(0, 15);

/** The machine `twins`: the PF with its VFs, two functions with the same ids, two of one group. */
export const PF = '0000:01:00.0';
const PF_SRIOV = { totalVfs: 4, offset: 1, stride: 1, vfDevice: '0x0010' } as const;
export const SINGLE = ['0000:03:00.0', '0000:04:00.0'] as const;
const GROUPED = ['0000:05:00.0', '0000:05:00.1'];
const NVME = { vendor: '0x1b36', device: '0x0010', class: '0x010802' } as const;
const EDU = {
  ...{ vendor: '0x1234', device: '0x11e8', class: '0x00ff00' },
  hardware: { bars: [0x10_0000], pin: true, msi: 1, msix: 0, express: false },
} as const;

/** The only function with a capability of power management besides the PF. */
const NIC_PLACE = '0000:02:00.0';
const NIC = {
  ...{ vendor: '0x8086', device: '0x10d3', class: '0x020000' },
  hardware: { bars: [0x2_0000, 0x2_0000, 0, 0x4000], pin: true, msi: 1, msix: 5, express: true },
} as const;
/** Where the control register of power management is in scenarios, and in the network card. */
const PMCSR = { scenario: 0x44, nic: 0xcc } as const;

/** Native drivers of scenarios that have no ids of their own, since vfr has a model of them. */
const MODELLED = ['nova_core', 'nouveau'];
/** The names of the lab's modules are different from those of drivers that the guest has. */
const moduleOf = (driver: string): string => `lab${driver.replace(/[^a-z]/g, '')}`;
export const LAB_MODULES = [...MODELLED, 'ixgbe', 'other', 'consumer'].map(moduleOf);

const FILES = ['container', 'group', 'eventfd'];
const IOCTLS = [
  ...['VFIO_SET_IOMMU', 'VFIO_GROUP_SET_CONTAINER', 'VFIO_GROUP_GET_DEVICE_FD'],
  ...['VFIO_DEVICE_RESET', 'VFIO_DEVICE_GET_INFO', 'VFIO_DEVICE_SET_IRQS'],
  ...['VFIO_DEVICE_PCI_HOT_RESET', 'VFIO_IOMMU_MAP_DMA', 'VFIO_IOMMU_UNMAP_DMA'],
];
const PLAIN = [
  ...['write', 'load', 'unload', 'close', 'pread', 'pwrite', 'mmap', 'touch', 'exit'],
  ...['read', 'set'],
];
/** Features of devices that take no more than the file of an eventfd. */
const FEATURES: readonly number[] = [
  DEVICE_FEATURE.LOW_POWER_ENTRY,
  DEVICE_FEATURE.LOW_POWER_ENTRY_WITH_WAKEUP,
  DEVICE_FEATURE.LOW_POWER_EXIT,
].map((feature) => feature | FEATURE_FLAG.SET);

function isPossible(operation: Operation): boolean {
  const { when } = operation;
  if ('if' in operation || 'unless' in operation || (when && 'variable' in when)) return false;
  if ('write' in operation) return operation.write.startsWith('/sys/bus/pci/');
  if ('open' in operation) return FILES.includes(operation.open);
  if ('ioctl' in operation && operation.ioctl === 'VFIO_DEVICE_FEATURE') {
    const { with: argument } = operation;
    return typeof argument === 'object' && FEATURES.includes(Number(argument?.flags));
  }
  if ('ioctl' in operation) return IOCTLS.includes(operation.ioctl);
  return PLAIN.some((kind) => kind in operation);
}

/** Scenarios with which a real kernel cannot be trusted, or that need ids of real hardware. */
const NOT_HERE: Readonly<Record<string, string>> = {
  'vf-removed-twice': 'a kernel that removes a VF twice does not survive it',
  'vfio-pci-denylist': 'the guest has no device that vfio-pci refuses',
  'vfio-pci-without-denylist': 'the guest has no device that vfio-pci refuses',
};

/** Whether a scenario is about power management, which the lab's other functions do not have. */
export const isOfPower = ({ machine }: ScenarioDocument): boolean =>
  machine.runtimePm === true ||
  machine.drivers.some(({ parameters }) => parameters?.disable_idle_d3 === true);

/** Why a scenario cannot be run in the lab; null when it can. */
export function obstacle(scenario: ScenarioDocument, series: string): string | null {
  const { machine, actors, kernel, bugs } = scenario;
  if (NOT_HERE[scenario.name] !== undefined) return NOT_HERE[scenario.name]!;
  if (bugs !== undefined) return 'its kernel has a bug of the past';
  if (kernel !== series) return `it is for kernel ${kernel}`;
  if (machine.udev !== undefined) return 'the guest has no udev';
  for (const { name, ids, removeWaits, loads, parameters } of machine.drivers) {
    const isNative = ids !== undefined || MODELLED.includes(name);
    if (name !== 'vfio-pci' && !isNative) return `there is no hardware for ${name}`;
    if (name !== 'vfio-pci' && !LAB_MODULES.includes(moduleOf(name))) return `no module ${name}`;
    if (Object.values(parameters ?? {}).some((value) => typeof value !== 'boolean'))
      return `the lab loads ${name} without such parameters`;
    if (removeWaits !== undefined || loads !== undefined)
      return `${name} depends on another module`;
  }
  const { functions } = machine;
  for (const { present, hardware, sriov } of functions) {
    if (present === false || sriov?.vfs !== undefined) return 'functions of its machine come later';
    if (hardware !== undefined) return 'its hardware has properties of its own';
  }
  const operation = actors.flatMap(({ does }) => does).find((one) => !isPossible(one));
  if (operation !== undefined) {
    const [[kind, object]] = Object.entries(operation);
    return `an operation that the lab does not have: ${kind} ${object}`;
  }
  return placesOf(scenario) === null ? 'its slots and groups differ from those of the lab' : null;
}

/** The lab's function for each of a scenario; null if the lab has no such machine. */
function placesOf(scenario: ScenarioDocument): ReadonlyMap<string, string> | null {
  const { functions } = scenario.machine;
  const places = new Map<string, string>();
  const single = isOfPower(scenario) ? [NIC_PLACE] : [...SINGLE];
  const free = { single, grouped: [...GROUPED], pf: [PF] };
  const slots = new Set(functions.map(({ address }) => address.slice(0, -2)));
  const groups = new Set(functions.flatMap(({ group }) => group ?? []));
  if (slots.size < functions.length || groups.size > 1) return null;
  for (const { address, group, sriov } of functions) {
    const list = sriov ? free.pf : group === undefined ? free.single : free.grouped;
    const place = list.shift();
    if (place === undefined) return null;
    places.set(address, place);
  }
  return places;
}

const PARSED = /^(.*:)([0-9a-f]{2})\.([0-7])$/;

/** The address of a VF by its place after the PF. */
function vfAddress(pf: string, after: number): string {
  const [, bus, slot, fn] = PARSED.exec(pf)!;
  const at = Number.parseInt(slot!, 16) * 8 + Number(fn) + after;
  return `${bus}${(at >> 3).toString(16).padStart(2, '0')}.${at & 7}`;
}

const vfsOf = (pf: string, { totalVfs, offset, stride }: NonNullable<FunctionDocument['sriov']>) =>
  Array.from({ length: totalVfs }, (_, i) => vfAddress(pf, offset + i * stride));

/** The scenario as a document whose machine is the lab's; it must have no obstacle. */
export function onLab(scenario: ScenarioDocument): ScenarioDocument {
  const { functions, drivers } = scenario.machine;
  const places = placesOf(scenario)!;
  const names = new Map<string, string>(places);
  for (const { address, sriov } of functions) {
    if (sriov === undefined) continue;
    const vfs = vfsOf(PF, PF_SRIOV);
    for (const [i, vf] of vfsOf(address, sriov).entries()) {
      if (vfs[i] !== undefined) names.set(vf, vfs[i]);
    }
  }
  let text = JSON.stringify({ ...scenario, machine: { functions: [], drivers } });
  for (const [from, to] of names) text = text.replaceAll(from, to);
  for (const { name } of drivers) {
    if (name === 'vfio-pci') continue;
    for (const end of ['"', '\\n"']) {
      text = text.replaceAll(`"${name}${end}`, `"${moduleOf(name)}${end}`);
    }
    text = text.replaceAll(`/drivers/${name}/`, `/drivers/${moduleOf(name)}/`);
  }
  text = text.replaceAll('8086 10fb', '1234 11e8');
  text = text.replaceAll('"0x8086"', `"${EDU.vendor}"`).replaceAll('"0x10fb"', `"${EDU.device}"`);
  const mapped = JSON.parse(text) as ScenarioDocument;
  const ofPf = functions.some(({ sriov }) => sriov !== undefined);
  return {
    ...mapped,
    machine: {
      ...(isOfPower(scenario) && { runtimePm: true }),
      functions: functions.map((one) => labFunction(one, places.get(one.address)!)),
      drivers: mapped.machine.drivers.map((driver) =>
        driver.name === 'vfio-pci' || driver.ids !== undefined
          ? driver
          : { ...driver, ids: [ofPf ? idsOf(NVME) : idsOf(EDU)] },
      ),
    },
    actors: isOfPower(scenario) ? mapped.actors.map(onNic) : mapped.actors,
  };
}

type Actor = ScenarioDocument['actors'][number];

/** Its control register of power management lies elsewhere. */
const onNic = (actor: Actor): Actor => ({
  ...actor,
  does: actor.does.map((operation) =>
    'pwrite' in operation && operation.offset === PMCSR.scenario
      ? { ...operation, offset: PMCSR.nic }
      : operation,
  ),
});

const idsOf = ({ vendor, device }: { vendor: string; device: string }) => ({ vendor, device });

/** A reset of the slot would reset the other function of the two in it, too. */
const NO_RESET = { ...EDU, hardware: { ...EDU.hardware, reset: 'ENOTTY' } };

function ofPlace(
  address: string,
): Pick<FunctionDocument, 'vendor' | 'device' | 'class' | 'hardware'> {
  if (address === NIC_PLACE) return NIC;
  return GROUPED.includes(address) ? NO_RESET : EDU;
}

function labFunction(one: FunctionDocument, address: string): FunctionDocument {
  const driver = one.driver;
  const named = driver === undefined || driver === 'vfio-pci' ? driver : moduleOf(driver);
  return {
    ...one,
    ...(one.sriov !== undefined ? NVME : ofPlace(address)),
    address,
    ...(named === undefined ? {} : { driver: named }),
    ...(one.sriov === undefined ? {} : { sriov: PF_SRIOV }),
  };
}

/** What the guest has to know besides the document, which no scenario of vfr has. */
export const forGuest = (scenario: ScenarioDocument): object => ({
  ...scenario,
  lab: {
    pf: PF,
    unused: [PF, ...SINGLE, ...GROUPED].filter((one) =>
      scenario.machine.functions.every(({ address }) => address !== one),
    ),
  },
  machine: {
    ...scenario.machine,
    functions: scenario.machine.functions.map((one) =>
      one.sriov === undefined ? one : { ...one, labVfs: vfsOf(PF, PF_SRIOV) },
    ),
  },
});
