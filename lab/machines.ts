/** The machines that the lab boots, as arguments of QEMU. */
import type { ArchitectureName } from './architecture.js';

interface Hardware {
  /** The board, as QEMU names it, with its properties. */
  readonly board: string;
  readonly devices: readonly string[];
  /** What the kernel has to be told for its IOMMU to translate; empty when it does by default. */
  readonly kernelParameters: string;
}

/** Which QEMU has its devices: the host's own, or the newer one of another Debian release. */
type Emulator =
  | { readonly architecture: ArchitectureName; readonly qemu: 'host' }
  | { readonly architecture: 'amd64'; readonly qemu: 'newer' };

export type Machine = Hardware & Emulator;

const port = (n: number): string[] => [
  '-device',
  `pcie-root-port,id=port${n},chassis=${n},slot=${n}`,
];

const NVME_VFS =
  'msix_qsize=32,max_ioqpairs=31,sriov_max_vfs=4,sriov_vq_flexible=8,sriov_vi_flexible=8';

/**
 * One function per PCIe root port, so that each has an IOMMU group of its own: at bus 1 an NVMe
 * controller with SR-IOV (4 VFs), at 2 an e1000e, at 3 edu (DMA on command). All machines have these
 * at the same places, so that each job runs on each machine. The disk of the controller is the drive
 * `disk`.
 */
const COMMON = [
  ...[1, 2, 3].flatMap(port),
  ...['-device', 'nvme-subsys,id=subsystem,nqn=vfr-lab'],
  ...['-device', `nvme,id=nvme,serial=VFRLAB,subsys=subsystem,bus=port1,${NVME_VFS}`],
  ...['-device', 'nvme-ns,drive=disk,bus=nvme,nsid=1,shared=on'],
  ...['-netdev', 'user,id=net,restrict=on', '-device', 'e1000e,netdev=net,bus=port2'],
  ...['-device', 'edu,bus=port3'],
];

const VT_D = ['-device', 'intel-iommu,intremap=on,caching-mode=on'];

/** At bus 4 an igb with SR-IOV (7 VFs at its bus), at 5 a virtio network card with two VFs. */
const NETWORK = [
  ...[4, 5].flatMap(port),
  ...['-netdev', 'user,id=igb,restrict=on', '-device', 'igb,netdev=igb,bus=port4'],
  ...[0, 1, 2].flatMap((n) => ['-netdev', `user,id=virtio${n},restrict=on`]),
  // QEMU makes the function that others name as `sriov-pf` a PF; VFs are given first.
  ...['-device', 'virtio-net-pci,netdev=virtio1,bus=port5,addr=0.1,sriov-pf=virtio'],
  ...['-device', 'virtio-net-pci,netdev=virtio2,bus=port5,addr=0.2,sriov-pf=virtio'],
  ...['-device', 'virtio-net-pci,id=virtio,netdev=virtio0,bus=port5,addr=0.0,multifunction=on'],
];

/** AMD's IOMMU, which only newer QEMUs let translate the DMA of assigned devices, too. */
const AMD_VI = ['-device', 'amd-iommu,dma-remap=on,intremap=on,xtsup=on'];

/**
 * At bus 4 a second edu, at 5 two more in one slot: functions with the same ids, and functions in one
 * IOMMU group, as conventional devices of one slot are.
 */
const TWINS = [
  ...[4, 5].flatMap(port),
  ...['-device', 'edu,bus=port4'],
  ...['-device', 'edu,bus=port5,addr=0.0,multifunction=on', '-device', 'edu,bus=port5,addr=0.1'],
];

const PC = { architecture: 'amd64', board: 'q35' } as const;
const PC_WITH_VT_D = { ...PC, kernelParameters: 'intel_iommu=on' } as const;

/** SMMUv3, and the interrupt controller whose ITS isolates the interrupts of devices. */
const ARM = { architecture: 'arm64', board: 'virt,iommu=smmuv3,gic-version=3' } as const;

export const MACHINES = {
  vtd: { ...PC_WITH_VT_D, qemu: 'host', devices: [...VT_D, ...COMMON] },
  twins: { ...PC_WITH_VT_D, qemu: 'host', devices: [...VT_D, ...COMMON, ...TWINS] },
  network: { ...PC_WITH_VT_D, qemu: 'newer', devices: [...VT_D, ...COMMON, ...NETWORK] },
  amd: { ...PC, qemu: 'newer', devices: [...AMD_VI, ...COMMON], kernelParameters: '' },
  smmu: { ...ARM, qemu: 'host', devices: COMMON, kernelParameters: '' },
} as const satisfies Record<string, Machine>;
export type MachineName = keyof typeof MACHINES;
export const MACHINE_NAMES = Object.keys(MACHINES) as readonly MachineName[];
