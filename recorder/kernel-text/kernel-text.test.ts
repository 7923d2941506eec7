/**
 * Goal: each message that the kernel prints of a device says in columns what it says in words.
 * Method: messages as the kernel's format strings make them, of several versions, each with what it
 * means; nothing is derived from the rules.
 */
import { describe, expect, test } from 'vitest';
import { goesOn, isCertain, kernelText } from './index.js';

/** Message, kind, and the columns that it must have; null is a column that it must not have. */
type Case = readonly [string, string, Record<string, string | number | bigint | null>];

const check = ([text, kind, columns]: Case) => {
  const fact = kernelText(text) as unknown as Record<string, unknown>;
  const expected = Object.entries({ kind, ...columns });
  const plain = (v: unknown) => (typeof v === 'bigint' ? Number(v) : (v ?? null));
  expect(Object.fromEntries(expected.map(([key]) => [key, plain(fact[key])]))).toEqual(
    Object.fromEntries(expected.map(([key, value]) => [key, plain(value)])),
  );
};

const D = '0000:3b:00.2';

describe('Intel', () => {
  test.each<Case>([
    [
      'DMAR: [DMA Write NO_PASID] Request device [3b:00.2] fault addr 0xfee00000 [fault reason 0x05] PTE Write access is not set',
      'fault.dma',
      { name: 'DMAR DMA Write', device: D, offset: 0xfee0_0000, value: 5 },
    ],
    [
      'DMAR: [DMA Read PASID 0x1] Request device [3b:00.2] fault addr 0x1000 [fault reason 0x58] SM: Present bit',
      'fault.dma',
      { name: 'DMAR DMA Read', device: D, offset: 0x1000, value: 0x58 },
    ],
    [
      'DMAR: [DMA Read] Request device [0x3b:0x00.2] fault addr 0x1000 [fault reason 0x06] PTE Read access is not set',
      'fault.dma',
      { device: D, offset: 0x1000, value: 6 },
    ],
    [
      'DMAR: [DMA Read] Request device [3b:00.2] PASID ffffffff fault addr ffdfa000 [fault reason 06] PTE Read',
      'fault.dma',
      { device: D, offset: 0xffdf_a000, value: 6 },
    ],
    [
      'dmar: DMAR:[DMA Read] Request device [3b:00.2] fault addr 2231b8000 \nDMAR:[fault reason 12] non-zero reserved fields in PTE',
      'fault.dma',
      { device: D, offset: 0x2_231b_8000, value: 12 },
    ],
    [
      'DMAR: [INTR-REMAP] Request device [3b:00.2] fault index 0x1600 [fault reason 0x25] Blocked',
      'fault.dma',
      { name: 'DMAR INTR-REMAP', device: D, offset: null, value: 37 },
    ],
    [
      'INTR-REMAP: Request device [[3b:00.2] fault index 1600\nINTR-REMAP:[fault reason 37] Blocked',
      'fault.dma',
      { name: 'DMAR INTR-REMAP', device: D, offset: null, value: 37 },
    ],
    [
      'DMAR: VT-d detected Invalidation Time-out Error: SID 3b02',
      'log',
      { name: 'DMAR Invalidation Time-out Error', device: D },
    ],
    ['DMAR: DRHD: handling fault status reg 3', 'log', { value: 3, device: null }],
  ])('a message of an Intel IOMMU becomes its event: %s', (...c) => check(c));
});

describe('AMD', () => {
  test.each<Case>([
    [
      'iommu ivhd0: AMD-Vi: Event logged [IO_PAGE_FAULT device=0000:3b:00.2 domain=0x0012 address=0xff6101b0 flags=0x0070]',
      'fault.dma',
      { name: 'AMD-Vi IO_PAGE_FAULT', device: D, offset: 0xff61_01b0, value: 0x70, driver: null },
    ],
    [
      'AMD-Vi: Event logged [\nIO_PAGE_FAULT device=3b:00.2 domain=0x0012 address=0x00000000ff6101b0 flags=0x0070]',
      'fault.dma',
      { device: D, offset: 0xff61_01b0, value: 0x70 },
    ],
    [
      'vfio-pci 0000:3b:00.2: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x000d address=0xcff49550 flags=0x0070]',
      'fault.dma',
      { device: D, driver: 'vfio-pci', offset: 0xcff4_9550 },
    ],
    [
      'AMD-Vi: Event logged [ILLEGAL_DEV_TABLE_ENTRY device=3b:00.2 pasid=0x00000 address=0xfdf8000000 flags=0x0a00]',
      'fault.dma',
      { device: D, offset: 0xfd_f800_0000, value: 0xa00 },
    ],
    [
      'AMD-Vi: Event logged [IOTLB_INV_TIMEOUT device=3b:00.2 address=0x1001e4600]',
      'log',
      { name: 'AMD-Vi IOTLB_INV_TIMEOUT', device: D, offset: null },
    ],
    [
      'AMD-Vi: Event logged [ILLEGAL_COMMAND_ERROR address=0x1001e4640]',
      'log',
      { name: 'AMD-Vi ILLEGAL_COMMAND_ERROR', offset: null },
    ],
    [
      'AMD-Vi: Event logged [COMMAND_HARDWARE_ERROR address=0x1001e4640 flags=0x0000]',
      'log',
      { offset: null },
    ],
    [
      'AMD-Vi: Event logged [PAGE_TAB_HARDWARE_ERROR domain=0x000d address=0x1001e4640 flags=0x0010]',
      'fault.dma',
      { offset: null, value: 0x10 },
    ],
    ['AMD-Vi: IOMMU event log overflow', 'lost', { value: 1 }],
  ])('a message of an AMD IOMMU becomes its event: %s', (...c) => check(c));
});

describe('Arm', () => {
  const S = 'arm-smmu-v3 8806000000.iommu: ';
  test.each<Case>([
    [
      `${S}event 0x10 received:\n${S}\t0x0000090000000010\n${S}\t0x0000020800000000\n${S}\t0x0000007ffd105a00\n${S}\t0x0000000000000000`,
      'fault.dma',
      { name: 'SMMU F_TRANSLATION read', offset: 0x7f_fd10_5a00, value: 16, device: null },
    ],
    [
      `${S}event 0x02 received:\n${S}\t0x0000090000000002\n${S}\t0x0\n${S}\t0x0000007ffd105a00\n${S}\t0x0000000000000000`,
      'fault.dma',
      { name: 'SMMU C_BAD_STREAMID', offset: null, value: 2 },
    ],
    [
      `${S}event: F_TRANSLATION client: 0000:3b:00.2 sid: 0x3b02 ssid: 0x0 iova: 0x1000 ipa: 0x0\n${S}unpriv data write s1 "Input address caused fault" stag: 0x0`,
      'fault.dma',
      { name: 'SMMU F_TRANSLATION write', device: D, offset: 0x1000, value: 16 },
    ],
    [
      `${S}event: C_BAD_STREAMID client: (unassigned sid) sid: 0x3b02 ssid: 0x0`,
      'fault.dma',
      { device: null, value: 2 },
    ],
    [
      'arm-smmu 5000000.iommu: Unhandled context fault: fsr=0x402, iova=0x1000, fsynr=0x10, cbfrsynra=0x800, cb=1',
      'fault.dma',
      { name: 'SMMU context fault write', offset: 0x1000, value: 0x402 },
    ],
  ])('a message of an Arm SMMU becomes its event: %s', (...c) => check(c));

  test('one event of several messages, and no other', () => {
    const [head, word, decoded] = [
      `${S}event 0x10 received:`,
      `${S}\t0x0000090000000010`,
      `${S}event: F_TRANSLATION client: x sid: 0x900`,
    ];
    expect(goesOn(head, word)).toBe(true);
    expect(goesOn(`${head}\n${word}`, decoded)).toBe(true);
    expect(goesOn(`${head}\n${word}`, head)).toBe(false);
    expect(goesOn(head, `arm-smmu-v3 1.iommu: \t0x0000090000000010`)).toBe(false);
  });
});

describe('PCI Express', () => {
  const P = 'pcieport 0000:00:1c.0: ';
  const N = 'nvme 0000:3b:00.2: ';
  const error = `${N}PCIe Bus Error: severity=Uncorrectable (Non-Fatal), type=Transaction Layer, (Requester ID)`;
  const status = `${N}  device [144d:a80a] error status/mask=00200000/00010000`;
  test.each<Case>([
    [
      `${P}AER: Corrected error received: 0000:3b:00.2`,
      'fault.aer',
      { name: 'AER Corrected', device: D, value: null },
    ],
    [
      `${P}AER: Multiple Uncorrectable (Fatal) error message received from 0000:3b:00.2`,
      'fault.aer',
      { name: 'AER Uncorrectable (Fatal)', device: D },
    ],
    [`${P}AER: Corrected error received: id=3b02`, 'fault.aer', { device: D }],
    [
      'pcieport 10000:00:02.0: AER: Corrected error received: id=3b02',
      'fault.aer',
      { device: '10000:3b:00.2' },
    ],
    [error, 'fault.aer', { name: 'AER Uncorrectable (Non-Fatal)', device: D, driver: 'nvme' }],
    [
      `${P}AER: Uncorrectable (Non-Fatal) error message received from 0000:3b:00.2\n${error}\n${status}`,
      'fault.aer',
      {
        name: 'AER Uncorrectable (Non-Fatal) ACSViol',
        device: D,
        driver: 'nvme',
        value: 0x20_0000,
      },
    ],
    [
      `${P}AER: Multiple Correctable Error messages received, first one from 0000:3b:00.2`,
      'fault.aer',
      { name: 'AER Correctable', device: D },
    ],
    [
      `${P}AER: Uncorrectable (Fatal) Error message received from 0000:3b:00.2 (no details found)`,
      'fault.aer',
      { name: 'AER Uncorrectable (Fatal)', device: D },
    ],
    [
      `${N}AER: CXL Bus Error: severity=Uncorrectable (Fatal) (Inaccessible)`,
      'fault.aer',
      { name: 'AER Uncorrectable (Fatal)', device: D },
    ],
    [
      `${N}AER: aer_uncor_status: 0x00004000, aer_uncor_mask: 0x00000000`,
      'fault.aer',
      { name: 'AER firmware first CmpltTO', device: D, value: 0x4000 },
    ],
    [
      `${N}AER: aer_cor_status: 0x00000040, aer_cor_mask: 0x00000000`,
      'fault.aer',
      { name: 'AER firmware first BadTLP', device: D, value: 0x40 },
    ],
    [
      `${P}DPC: containment event, status:0x1f11 source:0x0000\n${P}DPC: unmasked uncorrectable error detected`,
      'fault.aer',
      { name: 'DPC unmasked uncorrectable error', device: '0000:00:1c.0', value: 0x1f11 },
    ],
    [
      'dpc 0000:00:1c.0:pcie010: DPC containment event, status:0x1f15 source:0x0200',
      'fault.aer',
      { device: '0000:00:1c.0', value: 0x1f15 },
    ],
    [
      `${P}DPC: containment event, status:0x1f01: unmasked uncorrectable error detected`,
      'fault.aer',
      { name: 'DPC unmasked uncorrectable error', value: 0x1f01 },
    ],
    [
      `${P}DPC: containment event, status:0x1f05, ERR_FATAL received from 0000:3b:00.2`,
      'fault.aer',
      { name: 'DPC ERR_FATAL', device: '0000:00:1c.0', value: 0x1f05 },
    ],
    [`${P}AER: enabled with IRQ 24`, 'log', {}],
    [`${P}AER: device recovery failed`, 'log', { name: 'AER device recovery failed' }],
  ])('a message of AER or DPC becomes its event: %s', (...c) => check(c));

  test('one error of several messages, and no other', () => {
    const received = `${P}AER: Corrected error received: 0000:3b:00.2`;
    expect(goesOn(received, error)).toBe(true);
    expect(goesOn(error, status)).toBe(true);
    expect(goesOn(error, `${N}   [21] ACSViol                (First)`)).toBe(true);
    expect(goesOn(error, error)).toBe(false);
    expect(goesOn(received, error.replace('3b:00.2', '3b:00.3'))).toBe(false);
    expect(goesOn(error, status.replace('3b:00.2', '3b:00.3'))).toBe(false);
    expect(goesOn(error, `${N}I/O timeout`)).toBe(false);
  });

  test('one error of several messages, in the form of 7.3', () => {
    const received = `${P}AER: Correctable Error message received from 0000:3b:00.2`;
    const began = `${N}AER: PCIe Bus Error: severity=Correctable`;
    const bit = `${N}AER:   [ 6] BadTLP            | Receiver    | Data Link Layer  `;
    expect(goesOn(received, began)).toBe(true);
    expect(goesOn(began, `${N}AER:   device [8086:10fb] error status/mask=00000040/00002000`)).toBe(
      true,
    );
    expect(goesOn(began, bit)).toBe(true);
    expect(goesOn(`${N}AER: aer_cor_status: 0x00000040, aer_cor_mask: 0x00000000`, bit)).toBe(true);
  });
});

describe('resets and power', () => {
  const V = 'vfio-pci 0000:3b:00.2: ';
  test.each<Case>([
    [`${V}not ready 1023ms after FLR; waiting`, 'reset', { name: 'FLR', device: D, ret: null }],
    [`${V}not ready 65535ms after bus reset; giving up`, 'reset', { name: 'bus reset', ret: -25 }],
    [`${V}ready 4095ms after PM D3HOT->D0`, 'reset', { ret: 0, value: 4095 }],
    [`${V}not ready 1023ms after resume; giving up`, 'power', { ret: -25 }],
    [
      `${V}timed out waiting for pending transaction; performing AF function level reset anyway`,
      'reset',
      { name: 'AF_FLR' },
    ],
    [`${V}resetting`, 'reset', { driver: 'vfio-pci' }],
    [`${V}reset done`, 'reset', { ret: 0 }],
    [
      `${V}vfio_bar_restore: reset recovery - restoring BARs`,
      'reset',
      { name: 'vfio_bar_restore' },
    ],
    [`${V}AMD_NAVI10: bus reset disabled? yes`, 'log', { device: D }],
    [`${V}AMD_NAVI10: performing reset`, 'reset', { ret: null }],
    [`${V}AMD_NAVI10: reset result = 0`, 'reset', { ret: 0 }],
    ['nvme nvme0: resetting controller', 'log', {}],
    ['pcieport 0000:00:1c.0: AER: Root Port link has been reset (0)', 'reset', { ret: 0 }],
    [
      `${V}Unable to change power state from D3cold to D0, device inaccessible`,
      'power',
      { value: 0, ret: -5 },
    ],
    [
      `${V}can't change power state from D0 to D3hot (config space inaccessible)`,
      'power',
      { value: 3, ret: -5 },
    ],
    [`${V}Refused to change power state, currently in D3`, 'power', { value: 3, ret: null }],
    [`${V}Refused to change power state from D0 to D3hot`, 'power', { value: 0, ret: null }],
  ])('a message of resets and power becomes its event: %s', (...c) => check(c));
});

describe('BARs', () => {
  const V = 'pci 0000:3b:00.2: ';
  test.each<Case>([
    [
      `${V}BAR 0 [mem 0xfe400000-0xfe4fffff 64bit]`,
      'log',
      { name: 'BAR', region: 0, offset: 0xfe40_0000, length: 0x10_0000, driver: null },
    ],
    [
      `${V}BAR 0 [mem size 0x00040000]: can't assign; no space`,
      'log',
      { name: "BAR can't assign", region: 0, offset: null, length: 0x4_0000 },
    ],
    [
      `${V}BAR 2: assigned [mem 0xfe400000-0xfe4fffff 64bit]`,
      'log',
      { name: 'BAR assigned', region: 2, length: 0x10_0000 },
    ],
    [`${V}BAR 13: no space for [io  size 0x1000]`, 'log', { region: null, length: 0x1000 }],
    [`${V}reg 0x14: [io  0xe000-0xe0ff]`, 'log', { region: 1, offset: 0xe000, length: 0x100 }],
    [
      `${V}reg 30: [mem 0xfc000000-0xfc07ffff pref]`,
      'log',
      { name: 'ROM', region: 6, length: 0x8_0000 },
    ],
    [
      `${V}ROM [mem 0xfc000000-0xfc07ffff pref]: assigned`,
      'log',
      { name: 'ROM assigned', region: 6 },
    ],
    [
      `${V}BAR 0: can't reserve [mem 0xa0000000-0xa0ffffff]`,
      'log',
      { region: 0, offset: 0xa000_0000, ret: -16 },
    ],
    [
      `${V}VF BAR 0 [mem 0xa0000000-0xa0ffffff 64bit]: contains BAR 0 for 8 VFs`,
      'log',
      { name: 'VF BAR', region: null, length: 0x100_0000 },
    ],
    [
      `${V}VF(n) BAR0 space: [mem 0xa0000000-0xa0ffffff 64bit] (contains BAR0 for 8 VFs)`,
      'log',
      { name: 'VF BAR', region: null },
    ],
  ])('a message of BARs becomes its event: %s', (...c) => check(c));
});

describe('drivers', () => {
  test.each<Case>([
    ['ice 0000:3b:00.2: Enabling 1 VFs', 'sriov.enable', { device: D, driver: 'ice', value: 1 }],
    ['i40e 0000:3b:00.2: Allocating 8 VFs.', 'sriov.enable', { value: 8 }],
    ['igb 0000:3b:00.2: 7 VFs allocated', 'sriov.enable', { value: 7 }],
    ['ixgbe 0000:3b:00.2: SR-IOV enabled with 4 VFs', 'sriov.enable', { value: 4 }],
    ['xe 0000:3b:00.2: [drm] PF: Enabled 2 of 7 VFs', 'sriov.enable', { value: 2 }],
    [
      'mlx5_core 0000:3b:00.2: E-Switch: Enable: mode(LEGACY), nvfs(8), necvfs(0), active vports(9)',
      'sriov.enable',
      { value: 8 },
    ],
    [
      'igb 0000:3b:00.2: 2 VFs already enabled. Disable before enabling 4 VFs',
      'sriov.enable',
      { ret: -16 },
    ],
    [
      'vfio-pci 0000:3b:00.2: Driver does not support SRIOV configuration via sysfs',
      'sriov.enable',
      { ret: -2 },
    ],
    [
      'pci 0000:3b:00.2: no driver bound to device; cannot configure SR-IOV',
      'sriov.enable',
      { ret: -2 },
    ],
    ['i915 0000:3b:00.2: Disabled 7 VFs', 'sriov.disable', { value: 7 }],
    ['pci 0000:3b:00.2: BAR 0: contains nothing for 8 VFs', 'log', {}],
    [
      'NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus.',
      'log',
      { name: 'NVRM Xid', device: '0000:3b:00.0', value: 79 },
    ],
    [
      'NVRM: GPU 0000:3b:00.2 is already bound to vfio-pci.',
      'log',
      { device: D, driver: 'vfio-pci' },
    ],
    [
      'vfio_mdev 4b20d080-1b54-4048-85b3-a6a62d165c01: Adding to iommu group 7',
      'iommu.attach',
      { device: '4b20d080-1b54-4048-85b3-a6a62d165c01', driver: 'vfio_mdev', value: 7 },
    ],
    [
      'pcieport 0000:80:03.2: pciehp: Slot(14): Link Down',
      'log',
      { name: 'pciehp', driver: 'pcieport' },
    ],
    ['pci 10000:e1:00.0: Adding to iommu group 7', 'iommu.attach', { device: '10000:e1:00.0' }],
  ])('a message of drivers becomes its event: %s', (...c) => check(c));
});

test.each([
  ['arm_smmu_evtq_thread: 25830 callbacks suppressed', 25830],
  ['arm-smmu-v3 8806000000.iommu: EVTQ overflow detected -- events lost', 1],
  ['** 12 printk messages dropped **', 12],
  ['systemd-journald[311]: Missed 45 kernel messages', 45],
  ['systemd-journald[311]: Suppressed 450 messages from kernel', 450],
  ['imjournal: 1234 messages lost due to rate-limiting', 1234],
])('a message of losses says how many: %s', (text, value) => check([text, 'lost', { value }]));

test('prose about devices is not certain, messages of devices are', () => {
  expect(isCertain('I have a 0000:3b:00.2 here and it does not reset')).toBe(false);
  expect(isCertain('$ sudo dmesg | grep -iE "vfio|10de" | tail')).toBe(false);
  expect(isCertain('# end')).toBe(false);
  expect(isCertain('vfio-pci 0000:41:00.0: resetting')).toBe(true);
  expect(isCertain('NVRM: GPU 0000:01:00.0 is already bound to vfio-pci.')).toBe(true);
});
