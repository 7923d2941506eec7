/**
 * The vocabulary of events. Names are stable: new ones may be added, none is renamed or removed.
 */

/** Groups of kinds. Views that treat kinds by family cannot forget one. */
export const FAMILIES = [
  'device',
  'driver',
  'binding',
  'sysfs',
  'sriov',
  'config',
  'region',
  'vfio',
  'fault',
  'dma',
  'iommu',
  'irq',
  'reset',
  'process',
  'signal',
  'text',
  'snapshot',
  'loss',
] as const;
export type Family = (typeof FAMILIES)[number];

/** Everything that vfr knows of a kind. */
export interface KindFacts {
  /** What an event of the kind says. */
  readonly doc: string;
  readonly family: Family;
  /** The device's driver, override or group may have changed after it. */
  readonly changesBinding?: true;
  /** Users cause so many of them that histories for people omit them. */
  readonly frequent?: true;
  /** `name` is what matters of the event; for other kinds it is the recorded kernel function. */
  readonly named?: true;
}

/** Every kind of event. */
export const KINDS = {
  'device.add': {
    doc: 'a PCI function came into being, or was made ready to bind',
    family: 'device',
    changesBinding: true,
  },
  'device.remove': {
    doc: 'a PCI function is being removed',
    family: 'device',
    changesBinding: true,
  },
  'driver.register': { doc: 'a driver registered on the bus', family: 'driver' },
  'driver.unregister': { doc: 'a driver left the bus', family: 'driver' },
  'driver.attach': {
    doc: 'drivers are offered a device, or devices a driver (span); name says which',
    family: 'driver',
  },
  module: {
    doc: 'a kernel module was loaded, freed or requested: text is the module, name says which',
    family: 'driver',
    named: true,
  },
  match: {
    doc: 'the driver core matched a driver and tries it (span: the attempt)',
    family: 'driver',
    changesBinding: true,
  },
  probe: {
    doc: 'a probe function ran (span); name says which: driver core, bus or driver',
    family: 'driver',
    changesBinding: true,
  },
  bind: {
    doc: 'a driver was bound (point), or a user requested a bind (span)',
    family: 'binding',
    changesBinding: true,
  },
  unbind: {
    doc: 'a driver is being released (span) or one of the steps of it (point)',
    family: 'binding',
    changesBinding: true,
  },
  deferred: {
    doc: 'a device joined or left the deferred probe list, or the list is tried; name says which',
    family: 'binding',
  },
  override: {
    doc: 'the driver_override of a device was set or cleared',
    family: 'sysfs',
    changesBinding: true,
  },
  'sysfs.write': {
    doc: 'a sysfs attribute was written: name is the attribute, text the buffer',
    family: 'sysfs',
    changesBinding: true,
    named: true,
  },
  'sysfs.read': {
    doc: 'a sysfs attribute was read (span); name is the attribute',
    family: 'sysfs',
  },
  'sriov.enable': {
    doc: 'SR-IOV was enabled; value is the number of VFs',
    family: 'sriov',
    changesBinding: true,
  },
  'sriov.disable': { doc: 'SR-IOV was disabled', family: 'sriov', changesBinding: true },
  'vf.add': {
    doc: 'a VF is being created; device is the PF, value the index of the VF',
    family: 'device',
    changesBinding: true,
  },
  'vf.remove': {
    doc: 'a VF is being removed; device is the PF, value the index of the VF',
    family: 'device',
    changesBinding: true,
  },
  'config.read': { doc: 'configuration space was read', family: 'config', frequent: true },
  'config.write': { doc: 'configuration space was written', family: 'config', frequent: true },
  'region.read': { doc: 'a VFIO region was read', family: 'region', frequent: true },
  'region.write': { doc: 'a VFIO region was written', family: 'region', frequent: true },
  ioctl: { doc: 'a VFIO or iommufd ioctl', family: 'vfio', named: true },
  'group.open': { doc: 'a VFIO group was opened', family: 'vfio' },
  'group.close': { doc: 'a VFIO group was closed', family: 'vfio' },
  'file.open': {
    doc: 'a container, the device file of a device or an iommufd was opened; name says which',
    family: 'vfio',
  },
  'file.close': {
    doc: 'the last user of a file of a container or a device closed it; name says which',
    family: 'vfio',
  },
  'vfio.register': { doc: 'a driver gave a device to VFIO', family: 'vfio' },
  'vfio.unregister': {
    doc: 'a driver takes a device from VFIO (span: until its users are gone)',
    family: 'vfio',
  },
  'mdev.parent': {
    doc: 'a device begins or stops to offer mediated devices; name says which',
    family: 'vfio',
  },
  'mdev.create': { doc: 'a mediated device was created; driver is its type', family: 'vfio' },
  'mdev.remove': { doc: 'a mediated device was removed', family: 'vfio' },
  'device.open': { doc: 'a VFIO device was opened (enabled)', family: 'vfio' },
  'device.close': { doc: 'a VFIO device was closed (disabled)', family: 'vfio' },
  'device.request': {
    doc: 'VFIO asked the user of a device to release it; value is how often so far',
    family: 'vfio',
  },
  mmap: { doc: 'a VFIO region was mapped', family: 'region' },
  munmap: { doc: 'mappings of a device were removed', family: 'region' },
  'fault.page': { doc: 'a page fault in a mapping of a device', family: 'fault' },
  'fault.bus': { doc: 'a bus error reached user space (SIGBUS)', family: 'fault' },
  'fault.dma': { doc: 'the IOMMU refused a DMA', family: 'fault' },
  'fault.aer': { doc: 'a PCIe error was reported', family: 'fault' },
  'dma.map': {
    doc: 'an IOVA range was mapped: offset is the IOVA, value the physical address',
    family: 'dma',
    frequent: true,
  },
  'dma.unmap': {
    doc: 'an IOVA range was unmapped: offset is the IOVA, value the bytes unmapped',
    family: 'dma',
    frequent: true,
  },
  'iommu.attach': {
    doc: 'a device joined an IOMMU group or domain',
    family: 'iommu',
    changesBinding: true,
  },
  'iommu.detach': {
    doc: 'a device left an IOMMU group or domain',
    family: 'iommu',
    changesBinding: true,
  },
  'dma.attach': {
    doc: 'a group or device gets the mappings of a container or IOAS; value is the group or id',
    family: 'iommu',
  },
  'dma.detach': { doc: 'a group or device lost the mappings it had', family: 'iommu' },
  'dma.owner': {
    doc: 'DMA ownership of a group was claimed or released; name says which',
    family: 'iommu',
  },
  'irq.set': { doc: 'interrupts of a VFIO device were configured', family: 'irq' },
  'irq.fire': { doc: 'an interrupt handler ran', family: 'irq', named: true },
  eventfd: { doc: 'an eventfd was signalled; value is its id', family: 'irq' },
  reset: { doc: 'a function, slot or bus was reset', family: 'reset' },
  recovery: {
    doc: 'a step of recovery from a PCIe error; name says which, value is the channel state',
    family: 'reset',
  },
  'power.runtime': {
    doc: 'runtime power management of a device; name is the step',
    family: 'reset',
    frequent: true,
  },
  dmabuf: {
    doc: 'a BAR of a VFIO device is exported as a DMABUF, or revoked; name says which',
    family: 'vfio',
  },
  lock: {
    doc: 'a kernel lock is waited for (span: until it is held) or released; name says which',
    family: 'device',
  },
  hotplug: {
    doc: 'a slot or link changed: card, presence, link; name is the tracepoint',
    family: 'device',
  },
  power: { doc: 'a power state was set; value is the D-state', family: 'reset' },
  migration: { doc: 'a migration state was set', family: 'vfio' },
  'driver.work': { doc: 'deferred work of a driver ran', family: 'driver' },
  uevent: { doc: 'a uevent was sent to user space', family: 'process' },
  syscall: { doc: 'a system call of a recorded process', family: 'process', named: true },
  signal: { doc: 'a signal was generated or delivered; value is its number', family: 'signal' },
  process: {
    doc: 'a process forked, executed or exited, or was seen to act: its identity',
    family: 'process',
    named: true,
  },
  log: {
    doc: 'a line of the kernel log, or a line of the input that was not understood',
    family: 'text',
  },
  snapshot: {
    doc: 'the state of one function or driver when the recording began or ended',
    family: 'snapshot',
    changesBinding: true,
  },
  lost: {
    doc: 'events were lost here; value is how many, name whose messages when it was a log',
    family: 'loss',
  },
  mark: { doc: 'a mark that a user wrote into the recording', family: 'text' },
} as const satisfies Record<string, KindFacts>;

export type Kind = keyof typeof KINDS;

/** Facts of a kind found in a trace; undefined for one that this version does not know. */
export const kindFacts = (kind: string): KindFacts | undefined =>
  Object.hasOwn(KINDS, kind) ? KINDS[kind as Kind] : undefined;

/** All kinds whose facts satisfy a condition, such as belonging to a family. */
export const kindsWhere = (condition: (facts: KindFacts) => boolean): readonly Kind[] =>
  (Object.keys(KINDS) as Kind[]).filter((kind) => condition(KINDS[kind]));

/** `begin` and `end` enclose what happened in between; a `point` has no duration. */
export const PHASES = ['begin', 'end', 'point'] as const;
export type Phase = (typeof PHASES)[number];

/**
 * The layer through which an access came. `hardware` is the physical access that vfio-pci makes for
 * a user; `virtual` is the part of a user's config write that vfio-pci emulates.
 */
export const PATHS = ['kernel', 'sysfs', 'vfio', 'guest', 'hardware', 'virtual'] as const;
export type Path = (typeof PATHS)[number];

/** What recorded an event. */
export const SOURCES = [
  'tracefs',
  'trace.dat',
  'ftrace-text',
  'perf-script',
  'perf.data',
  'perfetto',
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
