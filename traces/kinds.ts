/**
 * The vocabulary of events. Names are stable: new ones may be added, none is renamed or removed.
 */

/** Every kind of event, with what it means. */
export const KINDS = {
  'device.add': 'a PCI function came into being, or was made ready to bind',
  'device.remove': 'a PCI function is being removed',
  'driver.register': 'a driver registered on the bus',
  'driver.unregister': 'a driver left the bus',
  match: 'the driver core matched a driver and tries it (span: the attempt)',
  probe: 'a probe function ran (span); name tells which: driver core, bus or driver',
  bind: 'a driver was bound (point), or a bind was asked for by hand (span)',
  unbind: 'a driver is being released (span) or one of the steps of it (point)',
  deferred: 'a device was put on the deferred probe list',
  override: 'the driver_override of a device was set or cleared',
  'sysfs.write': 'a sysfs attribute was written: name is the attribute, text the buffer',
  'sriov.enable': 'SR-IOV was enabled; value is the number of VFs',
  'sriov.disable': 'SR-IOV was disabled',
  'vf.add': 'a VF is being created; device is the PF, value the index of the VF',
  'vf.remove': 'a VF is being removed; device is the PF, value the index of the VF',
  'config.read': 'configuration space was read',
  'config.write': 'configuration space was written',
  'region.read': 'a VFIO region was read',
  'region.write': 'a VFIO region was written',
  ioctl: 'a VFIO or iommufd ioctl',
  'group.open': 'a VFIO group was opened',
  'group.close': 'a VFIO group was closed',
  'device.open': 'a VFIO device was opened (enabled)',
  'device.close': 'a VFIO device was closed (disabled)',
  'device.request': 'VFIO asked the user of a device to release it; value is how often so far',
  mmap: 'a VFIO region was mapped',
  munmap: 'mappings of a device were removed',
  'fault.page': 'a page fault in a mapping of a device',
  'fault.bus': 'a bus error reached user space (SIGBUS)',
  'fault.dma': 'the IOMMU refused a DMA',
  'fault.aer': 'a PCIe error was reported',
  'dma.map': 'an IOVA range was mapped: offset is the IOVA, value the physical address',
  'dma.unmap': 'an IOVA range was unmapped: offset is the IOVA, value the bytes unmapped',
  'iommu.attach': 'a device joined an IOMMU group or domain',
  'iommu.detach': 'a device left an IOMMU group or domain',
  'irq.set': 'interrupts of a VFIO device were configured',
  'irq.fire': 'an interrupt handler ran',
  reset: 'a function, slot or bus was reset',
  power: 'a power state was set; value is the D-state',
  migration: 'a migration state was set',
  'driver.work': 'deferred work of a driver ran',
  uevent: 'a uevent was sent to user space',
  syscall: 'a system call of a recorded process',
  signal: 'a signal was generated or delivered; value is its number',
  process: 'a process forked, executed or exited',
  log: 'a line of the kernel log, or a line of the input that was not understood',
  snapshot: 'the state of one function or driver when the recording began or ended',
  lost: 'events were lost here; value is how many',
  mark: 'a mark that somebody wrote into the recording',
} as const;

export type Kind = keyof typeof KINDS;

/** `begin` and `end` enclose what happened inside; `point` stands alone. */
export const PHASES = ['begin', 'end', 'point'] as const;
export type Phase = (typeof PHASES)[number];

/**
 * Through which door an access came. `hardware` is the physical access that vfio-pci makes for a
 * user, `virtual` the part of a user's config write that vfio-pci's emulation takes.
 */
export const PATHS = ['kernel', 'sysfs', 'vfio', 'guest', 'hardware', 'virtual'] as const;
export type Path = (typeof PATHS)[number];

/** What recorded an event. */
export const SOURCES = [
  'tracefs',
  'trace.dat',
  'ftrace-text',
  'perf-script',
  'qemu',
  'strace',
  'dmesg',
  'mmiotrace',
  'lspci',
  'udevadm',
  'sysfs',
  'model',
  'vfr',
] as const;
export type Source = (typeof SOURCES)[number];

/** VFIO region index of the configuration space (UAPI `VFIO_PCI_CONFIG_REGION_INDEX`). */
export const REGION_CONFIG = 7;
