/**
 * Bugs that kernels had. A run has one of them only if it says so: releases do not select them,
 * since stable releases have backported most fixes.
 */
interface PastBug {
  readonly what: string;
  /** The commit that fixed it, or its title. */
  readonly fix: string;
}

export const PAST_BUGS = {
  overrideIgnoredByGate: {
    what: 'sriov_drivers_autoprobe=0 also refuses a VF with an override',
    fix: 'PCI: Always allow probing with driver_override',
  },
  matchTakesDeviceLock: {
    what: 'a driver that registers takes device_lock of each function before it matches',
    fix: 'cb3d1049f4ea driver core: generalize driver_override in struct device',
  },
  probesRemoved: {
    what: 'an asynchronous probe does not see that its function was removed',
    fix: '3451a495ef24 driver core: Establish order of operations for device_add',
  },
  deferralMissesTrigger: {
    what: 'a probe that is put off does not see that a driver was bound in the meantime',
    fix: '58b116bce136 drivercore: deferral race condition fix',
  },
  ueventReadsDriverTwice: {
    what: 'a read of uevent tests the pointer to the driver, and reads it again for its name',
    fix: '04d3e5461c1f driver core: fix potential NULL pointer dereference in dev_uevent()',
  },
  numvfsUnlocked: {
    what: 'writes of sriov_numvfs do not exclude each other',
    fix: '5b0948dfe138 PCI: Lock each enable/disable num_vfs operation in sysfs',
  },
  numvfsReadTakesDeviceLock: {
    what: 'a read of sriov_numvfs takes device_lock of the PF',
    fix: 'PCI/IOV: Revert "PCI/IOV: Serialize sysfs sriov_numvfs reads vs writes"',
  },
  memoryOffKeepsMappings: {
    what: 'mappings of BARs stay when memory is switched off in COMMAND',
    fix: 'abafbc551fdd vfio-pci: Invalidate mmaps and block MMIO access on disabled memory',
  },
  faultAfterZap: {
    what: 'a page fault looks whether memory is on, and maps the page without memory_lock',
    fix: 'aac6db75a9fc vfio/pci: Use unmap_mapping_range()',
  },
  intxUnlocked: {
    what: 'a write of DisINTx in COMMAND looks whether INTx is in use, and masks it afterwards',
    fix: '810cd4bb5345 vfio/pci: Lock external INTx masking ops',
  },
  intxHandlerGoes: {
    what: 'the handler of INTx reads the eventfd, and signals it when it may be another one',
    fix: '18c198c96a81 vfio/pci: Create persistent INTx handler',
  },
  lookupFindsLastPut: {
    what: 'a lookup of a device finds one whose last reference was dropped',
    fix: '90b1253e4139 vfio: get rid of vfio_device_put()/vfio_group_get_device* races',
  },
  slotLockHeldByRemoval: {
    what: 'a slot keeps its reset_lock while it unbinds the function that it removes',
    fix: 'f5eff5591b8f PCI: pciehp: Fix AB-BA deadlock between reset_lock and device_lock',
  },
  resetCountsOwnOpen: {
    what: 'the last user of a set of functions counts as another one, so that no close resets it',
    fix: 'e806e223621e vfio/pci: Check the device set open count on reset',
  },
  fileOutlivesReset: {
    what: 'a data file of a migration does not say that a reset has freed what it leads to',
    fix: '457f7308254c vfio/pds: Make sure migration file isn’t accessed after reset',
  },
  putTouchesObject: {
    what: 'a call drops its reference to an object of an iommufd, and then releases a lock in it',
    fix: '6f9c4d8c468c iommufd: Do not UAF during iommufd_put_object()',
  },
  virqfdReleasedTwice: {
    what: 'an eventfd that is closed releases what waits for it, which a call may have done since',
    fix: 'b68e7fa879cd vfio: Fix virqfd release race',
  },
  createMissesParent: {
    what: 'a mediated device is made while its parent is unregistered: neither waits for the other',
    fix: '5715c4dd66a3 vfio/mdev: Synchronize device create/remove with parent removal',
  },
  tokenOfSameDriverOnly: {
    what: 'a VF needs the token of its PF only if both have the same driver',
    fix: '1ef3342a934e vfio/pci: Fix vf_token mechanism when device-specific VF drivers are used',
  },
  sleepingPfGetsVfs: {
    what: 'VFs are made without waking their PF, and a user may put a PF with VFs into D3hot',
    fix: 'f4162eb1e2fc vfio/pci: Change the PF power state to D0 before enabling VFs',
  },
  idleParameterShared: {
    what: 'disable_idle_d3 of a vfio-pci that is loaded later counts for devices that are there',
    fix: '4575e9aac533 vfio/pci: Latch disable_idle_d3 per device',
  },
  sleepLeavesMemory: {
    what: 'BARs of a function that its user has put into D3hot can be accessed',
    fix: '2b2c651baf1c vfio/pci: Invalidate mmaps and block the access in D3hot power state',
  },
} as const satisfies Readonly<Record<string, PastBug>>;

export type PastBugName = keyof typeof PAST_BUGS;
