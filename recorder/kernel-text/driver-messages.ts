/**
 * Messages of drivers, VFIO and the IOMMU core about devices: kernel drivers/base/dd.c,
 * drivers/vfio/{vfio_main.c,pci/vfio_pci_core.c}, drivers/iommu/iommu.c,
 * drivers/pci/{iov,pci-sysfs}.c, drivers/pci/hotplug/pciehp_*.c, as of 6.16 and in the form of
 * older reports; SR-IOV as each PF driver reports it; NVIDIA's driver.
 */
import { ERRNO } from '../../traces/index.js';
import { BDF, decimal, hex, type KernelFact, type MessageRule } from './kernel-fact.js';

const vfs = (count: string | undefined, ret?: bigint): KernelFact => ({
  kind: 'sriov.enable',
  name: 'VFs',
  value: decimal(count),
  ret,
});

/** An error as a number or by its name (`%d`, `%pe`). */
function errno(text: string | undefined): bigint | undefined {
  const name = text?.slice(1) ?? '';
  if (Object.hasOwn(ERRNO, name)) return BigInt(-ERRNO[name as keyof typeof ERRNO]);
  return decimal(text);
}

const BINDING: readonly MessageRule[] = [
  {
    hint: 'failed with error -?\\d',
    pattern: new RegExp(
      String.raw`probe (?:of ${BDF}|with driver (?<driver>\S+)) failed with error (?<ret>-?\d+)`,
    ),
    fact: ({ device, driver, ret }) => ({
      kind: 'probe',
      name: 'probe failed',
      device,
      ...(driver !== undefined && { driver }),
      ret: decimal(ret),
    }),
  },
  {
    hint: 'after probe failure',
    pattern: /Removing after probe failure status: (?<ret>-?\d+)/,
    fact: ({ ret }) => ({ kind: 'probe', name: 'probe failure', ret: decimal(ret) }),
  },
  {
    hint: 'device request',
    pattern: /Relaying device request to user \(#(?<count>\d+)\)/,
    fact: ({ count }) => ({
      kind: 'device.request',
      name: 'Relaying device request',
      value: decimal(count),
    }),
  },
  {
    hint: 'device request channel',
    pattern: /No device request channel registered/,
    fact: () => ({ kind: 'device.request', name: 'No device request channel' }),
  },
  {
    hint: 'iommu group',
    pattern: /Adding to iommu group (?<group>\d+)/,
    fact: ({ group }) => ({ kind: 'iommu.attach', name: 'iommu group', value: decimal(group) }),
  },
  {
    hint: 'iommu group',
    pattern: /Removing from iommu group (?<group>\d+)/,
    fact: ({ group }) => ({ kind: 'iommu.detach', name: 'iommu group', value: decimal(group) }),
  },
  {
    hint: 'Captured SR-IOV VF',
    pattern: new RegExp(`Captured SR-IOV VF ${BDF} driver_override`),
    fact: ({ device }) => ({ kind: 'log', name: 'Captured SR-IOV VF', device }),
  },
];

const SRIOV: readonly MessageRule[] = [
  {
    // pci-sysfs.c and iov.c sriov_numvfs_store(): -EBUSY, and nothing is done.
    hint: 'VFs already enabled',
    pattern: /(?<count>\d+) VFs already enabled\. Disable before enabling/,
    fact: ({ count }) => vfs(count, BigInt(-ERRNO.EBUSY)),
  },
  {
    // ice, i40e, ixgbe, igb, i915, xe, mlx5_core, and most others.
    hint: '\\d VF|nvfs\\(',
    pattern: new RegExp(
      String.raw`(?:^|[ :])(?:(?:Enabl(?:ing|ed)|Allocat(?:ing|ed)|SR-?IOV enabled with` +
        String.raw`|Successfully enabled) (?:SR-?IOV with )?(?<a>\d+)(?: of \d+)?` +
        String.raw`(?: VFs?| virtual functions?)\b|(?<b>\d+) VFs (?:allocated|enabled)` +
        String.raw`|E-Switch: Enable:` +
        String.raw` mode\(\w+\), nvfs\((?<c>\d+)\))`,
      'i',
    ),
    fact: ({ a, b, c }) => vfs(a ?? b ?? c),
  },
  {
    hint: 'Disabl\\w+ (?:\\d+ VF|SR-?IOV)|SR-?IOV disabled|VFs disabled|nvfs\\(',
    pattern: new RegExp(
      String.raw`(?:Disabl(?:ing|ed) (?:(?<a>\d+)(?: of \d+)? VFs?|SR-?IOV)\b|SR-?IOV disabled|` +
        String.raw`(?<b>\d+) VFs disabled|E-Switch: Disable: mode\(\w+\), nvfs\((?<c>\d+)\))`,
      'i',
    ),
    fact: ({ a, b, c }) => ({ kind: 'sriov.disable', name: 'VFs', value: decimal(a ?? b ?? c) }),
  },
  {
    // As each PF driver says it; i915 and xe name the error.
    hint: '[Ff]ailed to enable .*(?:VFs|[Ss][Rr]-?[Ii][Oo][Vv])|enable_sriov.* failed',
    pattern: new RegExp(
      String.raw`(?:Failed to enable (?:(?<count>\d+) VFs|(?:PCI )?SR-?IOV)|pci_enable_sriov\S*` +
        String.raw` failed)(?:\s?[:,]?\s*\(?(?:err(?:or)? )?(?<ret>-(?:\d+|E[A-Z0-9]+)))?`,
      'i',
    ),
    fact: ({ count, ret }) => vfs(count, errno(ret)),
  },
  {
    // pci-sysfs.c and iov.c sriov_numvfs_store(), which returns -ENOENT then; older kernels wrote
    // SRIOV, and two sentences.
    hint: 'configur(?:e|ation via sysfs)',
    pattern: new RegExp(
      'driver does not support SR-?IOV configuration via sysfs|' +
        'no driver bound to device[;.] cannot configure SR-?IOV',
      'i',
    ),
    fact: () => vfs(undefined, BigInt(-ERRNO.ENOENT)),
  },
  {
    // iov.c sriov_enable(), which then returns -ENOMEM; the driver reports that it enabled no VFs.
    hint: 'not enough MMIO',
    pattern: /not enough MMIO resources for SR-IOV/,
    fact: () => ({ kind: 'log', name: 'SR-IOV resources', ret: BigInt(-ERRNO.ENOMEM) }),
  },
];

const OTHERS: readonly MessageRule[] = [
  {
    hint: 'Slot\\(|: pciehp: ',
    pattern: /^pciehp: |\bSlot\([\w-]+\)/,
    fact: () => ({ kind: 'log', name: 'pciehp' }),
  },
  {
    // NVIDIA prints domain, bus and device of a GPU, which is function 0 (nv.c, 570).
    hint: 'Xid \\(',
    pattern:
      /Xid \((?:PCI:)?(?<gpu>[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f])(?:\.\d)?[^)]*\): (?<xid>\d+)/i,
    fact: ({ gpu, xid }) => ({
      kind: 'log',
      name: 'NVRM Xid',
      device: `${gpu}.0`,
      value: decimal(xid),
    }),
  },
  {
    hint: 'NVRM: ',
    pattern: new RegExp(`^NVRM: .*?${BDF} is already bound to (?<driver>[\\w-]+)`),
    fact: ({ device, driver }) => ({
      kind: 'log',
      name: 'already bound',
      device,
      ...(driver !== undefined && { driver }),
    }),
  },
  {
    hint: 'NVRM: ',
    pattern: /^NVRM: .*?PCI:(?<gpu>[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f])(?![.\w])/i,
    fact: ({ gpu }) => ({ kind: 'log', name: 'NVRM', device: `${gpu}.0` }),
  },
  {
    hint: 'NVRM: ',
    pattern: new RegExp(`^NVRM: .*?${BDF}`),
    fact: ({ device }) => ({ kind: 'log', name: 'NVRM', device }),
  },
  {
    // vfio_iommu_type1.c vfio_pin_pages_remote()
    hint: 'RLIMIT_MEMLOCK',
    pattern: /^vfio\w*: RLIMIT_MEMLOCK \((?<limit>\d+)\) exceeded/,
    fact: ({ limit }) => ({
      kind: 'log',
      name: 'RLIMIT_MEMLOCK',
      value: decimal(limit),
      ret: BigInt(-ERRNO.ENOMEM),
    }),
  },
  {
    hint: 'handling fault status',
    pattern: /DRHD: handling fault status reg (?<reg>[0-9a-f]+)/,
    fact: ({ reg }) => ({ kind: 'log', name: 'DMAR fault status', value: hex(reg) }),
  },
];

export const DRIVERS: readonly MessageRule[] = [...BINDING, ...SRIOV, ...OTHERS];
