/** What must not happen in a kernel, and did: a bit for each. */
export const FAULT = {
  /** An override was compared after another thread had freed it. */
  overrideUseAfterFree: 1,
  /** A function was removed by two threads at the same time. */
  removedTwice: 2,
  /** The name of a driver was read through a null pointer. */
  nullDriver: 4,
  /** A driver was bound to a function that had been removed. */
  boundAfterRemoval: 8,
  /** A VF was added that was there already. */
  addedTwice: 16,
  /** A user's access reached a function whose memory was off. */
  memoryOffAccess: 32,
  /** An interrupt's context or eventfd was used after it was freed. */
  interruptUseAfterFree: 64,
  /** A device was used after VFIO had freed it. */
  deviceUseAfterFree: 128,
  /** A native driver probed a function that was not reset since a user of VFIO had it. */
  probedUnreset: 256,
  /** An object of an iommufd was used after it was destroyed. */
  objectUseAfterFree: 512,
  /** A data file of a migration was used after the device had dropped it. */
  fileUseAfterFree: 1024,
  /** A function was accessed while it, or the PF of it, slept. */
  asleepAccess: 2048,
  /** The parent of a mediated device has gone, and the device has not. */
  childWithoutParent: 4096,
} as const;
