/** Features of VFIO_DEVICE_FEATURE by number (uapi vfio.h, 7.3). */
export const DEVICE_FEATURE = {
  PCI_VF_TOKEN: 0,
  MIGRATION: 1,
  MIG_DEVICE_STATE: 2,
  LOW_POWER_ENTRY: 3,
  LOW_POWER_ENTRY_WITH_WAKEUP: 4,
  LOW_POWER_EXIT: 5,
  DMA_LOGGING_START: 6,
  DMA_LOGGING_STOP: 7,
  DMA_LOGGING_REPORT: 8,
  MIG_DATA_SIZE: 9,
  BUS_MASTER: 10,
  DMA_BUF: 11,
  MIG_PRECOPY_INFOv2: 12,
  ZPCI_ERROR: 13,
} as const;

/** Parts of the flags of VFIO_DEVICE_FEATURE: the number of the feature, and what to do with it. */
export const FEATURE_FLAG = { ID: 0xffff, GET: 0x10000, SET: 0x20000, PROBE: 0x40000 } as const;
