/**
 * What differs between kernel versions, as data: a trace's metadata selects one of these tables.
 */
import { ERRNO } from '../../traces/index.js';

export interface KernelRules {
  /** Version that the table was made for, as major * 1000 + minor. */
  readonly version: number;
  /** really_probe hands a failed probe's errno on with its sign turned (drivers/base/dd.c 5.11). */
  readonly probeErrorTurned: boolean;
  /** driver_override is set under device_lock (up to 7.0); later under a spinlock of its own. */
  readonly overrideTakesDeviceLock: boolean;
  /** device_add allows no probing before it has finished: -EPROBE_DEFER (drivers/base/dd.c 7.1). */
  readonly readyToProbe: boolean;
  /**
   * A new device is tried immediately with the drivers that want it, and later, on another thread,
   * with those that allow that (device_initial_probe, which pci_bus_add_device calls from 6.17 on).
   */
  readonly probesLater: boolean;
  /** A fault in a VFIO mapping maps the whole of it (up to 6.9), or one page or huge page. */
  readonly faultMapsAll: boolean;
  /**
   * Where pci_rescan_remove_lock is taken while VFs are added and removed: nowhere; around the VFs,
   * also when the PF's driver is unbound, which deadlocks if the PF is being removed
   * (drivers/pci/iov.c 6.18); or only in the write of sriov_numvfs (6.19). Stable releases with
   * these changes are not distinguished.
   */
  readonly sriovRescanLock: 'none' | 'vfs' | 'store';
  /**
   * VFIO_SET_IOMMU maps and unmaps two pages to test the IOMMU (up to 6.15, vfio_test_domain_fgsp,
   * drivers/vfio/vfio_iommu_type1.c).
   */
  readonly triesDomains: boolean;
  /** Drivers that do not manage DMA themselves claim the IOMMU group as they probe (from 5.19). */
  readonly claimsGroups: boolean;
  /**
   * Devices are opened by vfio_df_open, and a device that is being unregistered is found by no
   * call any more (drivers/vfio/vfio_main.c 6.6).
   */
  readonly opensDeviceFiles: boolean;
  /**
   * VFIO_DEVICE_GET_REGION_INFO has an operation of its own, and does not pass vfio_pci_core_ioctl
   * (drivers/vfio/vfio_main.c 6.19).
   */
  readonly regionInfoIsApart: boolean;
  /** Bytes that vfio-pci-core assigns to an endpoint's PCIe capability; null when not known. */
  readonly pcieEndpointBytes: 50 | 52 | null;
}

/** Rules of a kernel release such as `6.1.0-56-amd64`; the newest known ones when it is unknown. */
export function kernelRules(release: string | undefined): KernelRules {
  const version = parseVersion(release) ?? 6012;
  return {
    version,
    probeErrorTurned: version >= 5011,
    overrideTakesDeviceLock: version < 7001,
    readyToProbe: version >= 7001,
    probesLater: version >= 6017,
    faultMapsAll: version < 6010,
    sriovRescanLock: version < 6018 ? 'none' : version === 6018 ? 'vfs' : 'store',
    triesDomains: version < 6016,
    claimsGroups: version >= 5019,
    opensDeviceFiles: version >= 6006,
    regionInfoIsApart: version >= 6019,
    pcieEndpointBytes: pcieBytes(release),
  };
}

/** Errno of a range past 2^64 in VFIO_IOMMU_MAP_DMA: EOVERFLOW from 6.19 on, EINVAL before. */
export const wrapErrno = (version: number): number =>
  version >= 6019 ? ERRNO.EOVERFLOW : ERRNO.EINVAL;

/** The first kernel with iommufd, which can replace a container, as major * 1000 + minor. */
export const IOMMUFD_SINCE = 6002;

/** Releases whose behaviour the rules were made for, and compared with, as major * 1000 + minor. */
const FIRST = 6001;
const LAST = 7003;

/**
 * Whether the rules are those of a release. The kernels before and after them are not followed: of
 * what they do otherwise nothing is held against them.
 */
export const isCovered = (release: string | undefined): boolean => {
  const version = parseVersion(release);
  return version === null || (version >= FIRST && version <= LAST);
};

/**
 * PCI_CAP_EXP_ENDPOINT_SIZEOF_V2 was 50 instead of 52 from Linux 5.3 to 6.19, and was corrected in
 * 7.0 and in stable releases such as 6.12.77.
 */
function pcieBytes(release: string | undefined): 50 | 52 | null {
  const version = parseVersion(release);
  if (version === null) return null;
  if (version < 5003 || version >= 7000) return 52;
  const patch = Number(/^\d+\.\d+\.(\d+)/.exec(release ?? '')?.[1] ?? 0);
  if (version === 6001) return 50;
  return version === 6012 && patch > 0 ? (patch >= 77 ? 52 : 50) : null;
}

/** Functions that only some kernels have, with a release that has them. */
const RELEASE_OF: readonly (readonly [name: string, release: string])[] = [
  ['vfio_pci_mmap_huge_fault', '6.12'],
  ['vfio_pci_mmap_fault', '6.1'],
];

/** A release that has the functions of a recording, if they distinguish one. */
export const guessRelease = (names: readonly string[]): string | undefined =>
  RELEASE_OF.find(([name]) => names.includes(name))?.[1];

/**
 * Rules for a recording that does not name its kernel. Its functions determine the release, but not
 * which fixes were backported; where these decide, the most permissive rule is used.
 */
export function guessedRules(names: readonly string[]): KernelRules {
  const release = guessRelease(names);
  const rules = kernelRules(release);
  const newest = release === '6.1' ? rules : kernelRules('7.3');
  const { overrideTakesDeviceLock, readyToProbe, probesLater } = newest;
  const unsure = { overrideTakesDeviceLock, readyToProbe, probesLater };
  return { ...rules, ...unsure, pcieEndpointBytes: null };
}

function parseVersion(release: string | undefined): number | null {
  const found = /^(\d+)\.(\d+)/.exec(release ?? '');
  return found === null ? null : Number(found[1]) * 1000 + Number(found[2]);
}
