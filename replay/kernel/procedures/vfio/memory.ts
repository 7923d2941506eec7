/**
 * BARs as users see them: accesses, mappings, page faults, and what removes mappings (kernel
 * drivers/vfio/pci/vfio_pci_core.c, vfio_pci_rdwr.c 6.1, 6.12).
 */
import { ERRNO } from '../../../../traces/index.js';
import { PCI_POWER } from '../../../model/power/power-state.js';
import {
  expectedFault,
  faultResult,
  mappingAt,
  VM_FAULT,
} from '../../../model/vfio-pci-core/mmap-faults.js';
import { memoryEnabled, type OpenDevice, zap } from '../../../model/vfio-pci-core/open-device.js';
import { isMemory, type Resource } from '../../../model/vfio-pci-core/pci-function.js';
import {
  keepMapped,
  mapRegion,
  PAGE,
  REGION_PAGE_BITS,
  REGIONS,
} from '../../../model/vfio-pci-core/regions.js';
import type { CallEvent, CallName } from '../../calls.js';
import type { Kernel } from '../../kernel.js';
import { FAULT } from '../../layout.js';
import type { Touch } from '../../machine-spec.js';
import { joined, procedure, waits } from '../../steps.js';
import { FILE, PROCESS, type UserMapping, VDEV } from '../../vfio-cells.js';
import {
  actionOf,
  addressOf,
  checkDeviceFile,
  EBADF,
  fileOf,
  isMediated,
  vdevOf,
} from './common.js';
import { ENDS_WITH_FILE, holdFile } from './held-file.js';
import { variantOf } from './variant-hooks.js';

export const memoryLock = (k: Kernel): number => vdevOf(k) + VDEV.memoryLock;

/** A reader of `memory_lock` waits for the thread that holds it for writing. */
export const reads = (then: (k: Kernel) => undefined) =>
  waits(
    (k) => k.get(memoryLock(k)) === 0,
    (k) => k.nameOfLock(memoryLock(k)),
    then,
    (k) => [k.get(memoryLock(k)) - 1],
  );

/** `vfio_pci_zap_and_down_write_memory_lock`; the caller holds the lock. */
export function zapMappings(k: Kernel, dev: number): void {
  if (k.hasBug('memoryOffKeepsMappings')) return;
  const device = k.placeOf(dev).address;
  k.pointCall({ call: 'vfio_pci_zap_and_down_write_memory_lock', device });
  removeMappings(k, dev);
}

/** All page tables of a device are emptied. */
export function removeMappings(k: Kernel, dev: number): void {
  const vdev = k.vdev(dev);
  k.set(vdev + VDEV.pages, 0);
  if (k.vfio.openDevice(vdev)?.mappings.some(({ populated }) => populated) === true) {
    k.vfio.changeDevice(vdev, zap);
  }
}

/** User addresses of a process: each mapping has a range of its own. */
const FIRST_ADDRESS = 0x7f00_0000_0000;
const OF_PROCESS = 0x10_0000_0000;
const OF_MAPPING = 0x1000_0000;

/** No function has a memory resource in a part of a page. */
function isAlone(k: Kernel, page: Resource): boolean {
  return !k.world.places.some(({ pci }) =>
    pci.resources.some((r) => isMemory(r) && r.start <= page.end && page.start <= r.end),
  );
}

const deviceOf = (k: Kernel): OpenDevice | null => k.vfio.openDevice(vdevOf(k));

function mapOf(k: Kernel, name: string): UserMapping | null {
  return k.vfio.maps(k.process).findLast((one) => one.name === name) ?? null;
}

function mapByVariant(
  k: Kernel,
  region: number,
  offset: number,
  length: number,
): number | undefined {
  const found = variantOf(k, k.dev);
  return found?.variant.mmap?.(found.own, region, offset, length);
}

function mapByCore(
  k: Kernel,
  place: Omit<CallEvent, 'call'>,
  end: number,
  shared: boolean,
): number {
  k.beginCall({ call: 'vfio_pci_core_mmap', ...place });
  const { offset: start = 0, value = 0 } = place;
  const alone = (page: Resource) => isAlone(k, page);
  const made = mapRegion(deviceOf(k)!, value, start, end, alone)?.[0] ?? -ERRNO.EINVAL;
  const ret = shared ? made : -ERRNO.EINVAL;
  k.endCall(ret);
  return ret;
}

function map(k: Kernel): number {
  const { region, offset, length, as, shared = true } = actionOf<'mmap'>(k);
  const { process, arg: file } = k;
  if (length === 0 || offset % PAGE !== 0) return -ERRNO.EINVAL;
  const number = k.world.processes[k.thread];
  const start = FIRST_ADDRESS + number * OF_PROCESS + k.get(process + PROCESS.mapped) * OF_MAPPING;
  const end = start + Math.ceil(length / PAGE) * PAGE;
  k.add(process + PROCESS.mapped, 1);
  const value = region * 2 ** REGION_PAGE_BITS + offset / PAGE;
  const data = new Uint8Array(8);
  new DataView(data.buffer).setBigUint64(0, BigInt(end), true);
  const place = { device: addressOf(k), region, offset: start, value, data };
  if (isMediated(k, k.dev)) {
    const drv = k.driverOn(k.dev);
    const ret = shared && drv.mdev?.maps(region) === true ? 0 : -ERRNO.EINVAL;
    if (ret === 0) keepMapping(k, { name: as, file, start, end });
    return ret;
  }
  const door = variantOf(k, k.dev)?.variant.doors.mmap;
  if (door !== undefined) k.beginCall({ call: door as CallName, ...place });
  const own = mapByVariant(k, region, offset, end - start);
  const ret = own ?? mapByCore(k, place, end, shared);
  if (door !== undefined) k.endCall(ret);
  if (ret < 0) return ret;
  const isOfCore = own === undefined && region < REGIONS;
  const atOnce = isOfCore ? { populated: false } : ({ populated: true, kept: true } as const);
  const pages = { region, page: offset / PAGE, changed: false, ...atOnce };
  k.vfio.changeDevice(vdevOf(k), (draft) => {
    draft.mappings.push({ process: number, start, end, ...pages });
    keepMapped(draft, region);
  });
  keepMapping(k, { name: as, file, start, end });
  return 0;
}

/** The process has another mapping, which holds its file. */
function keepMapping(k: Kernel, made: UserMapping): void {
  k.vfio.put(k.process + PROCESS.maps, [...k.vfio.maps(k.process), made]);
  k.add(k.vfio.file(made.file) + FILE.refs, 1);
}

function unmap(k: Kernel, gone: UserMapping): void {
  const { process } = k;
  const left = k.vfio.maps(process).filter(({ start }) => start !== gone.start);
  k.vfio.putList(process + PROCESS.maps, left);
  const dev = k.get(k.vfio.file(gone.file) + FILE.dev);
  if (isMediated(k, dev)) return;
  const vdev = k.vdev(dev);
  k.vfio.changeDevice(vdev, (draft) => {
    const at = draft.mappings.findIndex(({ start }) => start === gone.start);
    if (at >= 0) draft.mappings.splice(at, 1);
  });
  const pages = k.vfio.pages(vdev).filter((page) => page < gone.start || page >= gone.end);
  k.vfio.putList(vdev + VDEV.pages, pages);
}

/** Flags of a fault of a user that reads (include/linux/mm_types.h 6.1). */
const FAULT_FLAGS = 0x254;

/** The address that is touched. */
const touched = (k: Kernel, { map: name, offset }: Touch): number =>
  (mapOf(k, name)?.start ?? 0) + offset;

/** A page as `VDEV.pages` has it: its address, plus log2 of how many small ones it has. */
const pageAt = (address: number, order: number): number =>
  address - (address % (PAGE * 2 ** order)) + order;

function isPopulated(k: Kernel): boolean {
  const address = touched(k, actionOf<'touch'>(k));
  const mapping = mappingAt(deviceOf(k)!, address);
  if (mapping?.populated === true) return true;
  return k.vfio.pages(vdevOf(k)).some((page) => pageAt(address, page % PAGE) === page);
}

/** @param order log2 of the pages that it asks for */
function fault(k: Kernel, dev: number, address: number, order: number): number {
  const vdev = k.vdev(dev);
  const device = k.vfio.openDevice(vdev)!;
  const mapping = mappingAt(device, address)!;
  const { faultMapsAll } = k.rules;
  const made = expectedFault(device, mapping, address, faultMapsAll);
  const data = new Uint8Array(20);
  const view = new DataView(data.buffer);
  view.setBigUint64(0, BigInt(made.start), true);
  view.setBigUint64(8, BigInt(made.startPage), true);
  view.setUint32(16, FAULT_FLAGS, true);
  const place = {
    device: k.placeOf(dev).address,
    region: mapping.region,
    offset: address,
    value: made.page,
  };
  if (faultMapsAll) k.beginCall({ call: 'vfio_pci_mmap_fault', ...place, data });
  else k.beginCall({ call: 'vfio_pci_mmap_huge_fault', ...place, length: order, data });
  const ret = faultResult(device, mapping, { ...made, address, order });
  if (ret === VM_FAULT.NOPAGE && faultMapsAll) {
    k.vfio.changeDevice(vdev, (draft) => {
      mappingAt(draft, address)!.populated = true;
    });
  } else if (ret === VM_FAULT.NOPAGE) {
    const pages = [...k.vfio.pages(vdev), pageAt(address, order)];
    k.vfio.put(
      vdev + VDEV.pages,
      pages.sort((a, b) => a - b),
    );
  }
  k.endCall(ret);
  return ret;
}

/** Faults with smaller pages as long as larger ones do not fit. @returns 0, or -EFAULT */
function faults(k: Kernel, dev: number, touch: Touch): number {
  const address = touched(k, touch);
  for (const order of touch.orders ?? [0]) {
    const ret = fault(k, dev, address, order);
    if (ret !== VM_FAULT.FALLBACK) return ret === VM_FAULT.NOPAGE ? 0 : -ERRNO.EFAULT;
  }
  return -ERRNO.EFAULT;
}

/**
 * A new process gets the mappings of another one (dup_mmap, kernel kernel/fork.c 6.1). Its page
 * tables are empty: those of devices are not copied.
 */
export function inheritMappings(k: Kernel, from: number): void {
  const { process } = k;
  const number = k.world.processes[k.thread];
  for (const { name, file, start, end } of k.vfio.maps(from)) {
    const at = FIRST_ADDRESS + number * OF_PROCESS + k.get(process + PROCESS.mapped) * OF_MAPPING;
    k.add(process + PROCESS.mapped, 1);
    const dev = k.get(k.vfio.file(file) + FILE.dev);
    if (!isMediated(k, dev))
      k.vfio.changeDevice(k.vdev(dev), (draft) => {
        const made = mappingAt(draft, start);
        if (made === undefined) return;
        const moved = { process: number, start: at, end: at + end - start };
        draft.mappings.push({ ...made, ...moved, populated: false });
      });
    keepMapping(k, { name, file, start: at, end: at + end - start });
  }
}

/** A call faults pages of a BAR in, to map them for the IOMMU. */
export function faultIn(k: Kernel, touch: Touch): void {
  const mapping = mapOf(k, touch.map);
  if (mapping === null) return;
  faults(k, k.get(k.vfio.file(mapping.file) + FILE.dev), touch);
}

/** A page may stay mapped while memory is off. What a variant maps besides BARs always may. */
const leavesMappings = (k: Kernel): boolean =>
  k.hasBug('memoryOffKeepsMappings') || k.hasBug('faultAfterZap');

/** Whether an access reaches a function that its user has put into D3hot. */
export const reachesAsleep = (k: Kernel): boolean =>
  k.hasBug('sleepLeavesMemory') && deviceOf(k)!.power >= PCI_POWER.D3HOT;

export const MEMORY = [
  procedure('mmap', {
    enter: (k) => {
      const file = fileOf(k, actionOf<'mmap'>(k).file);
      if (file === 0) return k.done(EBADF);
      const refused = checkDeviceFile(k, file, ERRNO.ENODEV);
      if (refused < 0) return k.done(refused);
      holdFile(k, file);
      return k.call('mmap_device', k.get(k.vfio.file(file) + FILE.dev), 0, file);
    },
    ...ENDS_WITH_FILE,
  }),

  procedure('mmap_device', { map: (k) => k.done(map(k)) }),

  procedure('munmap', {
    enter: (k) => {
      const gone = mapOf(k, actionOf<'munmap'>(k).map);
      if (gone === null) return k.done(-ERRNO.EINVAL);
      unmap(k, gone);
      return k.call('fput', 0, 0, gone.file);
    },
    exit: joined((k) => k.done(0)),
  }),

  /** A touch that faults in vain is a bus error of the process, here -EFAULT. */
  procedure('touch', {
    enter: (k) => {
      const { map: name, offset } = actionOf<'touch'>(k);
      const mapping = mapOf(k, name);
      if (mapping === null || mapping.start + offset >= mapping.end) return k.done(-ERRNO.EFAULT);
      k.dev = k.get(k.vfio.file(mapping.file) + FILE.dev);
      if (isMediated(k, k.dev)) return k.done(0);
      if (!isPopulated(k)) return undefined;
      if (leavesMappings(k) && !memoryEnabled(deviceOf(k)!)) k.fault(FAULT.memoryOffAccess);
      return k.done(0);
    },
    fault: reads((k) => {
      // Another thread has unmapped it since: the access comes out as if it had done so before.
      if (mapOf(k, actionOf<'touch'>(k).map) === null) return k.done(-ERRNO.EFAULT);
      if (reachesAsleep(k)) {
        k.fault(FAULT.asleepAccess);
        return k.done(0);
      }
      const isOn = memoryEnabled(deviceOf(k)!);
      return isOn && k.hasBug('faultAfterZap')
        ? undefined
        : k.done(faults(k, k.dev, actionOf<'touch'>(k)));
    }),
    // Memory may have been switched off since.
    insert: (k) => {
      const page = pageAt(touched(k, actionOf<'touch'>(k)), 0);
      k.vfio.put(vdevOf(k) + VDEV.pages, [...k.vfio.pages(vdevOf(k)), page]);
      k.done(0);
    },
  }),
];
