/** What the project names and no model covers yet, with the facts that one would have. */
import { type ModelRow, rows } from './drivers/model-row.js';

/** Facts of a subject that has no model. */
const none = (
  model: string,
  source: string,
  why: string,
  ...facts: readonly (readonly [name: string, text: string])[]
): readonly ModelRow[] =>
  rows(model, source, ...facts.map(([name, text]) => [name, text, why] as const));

export const OTHER_MODELS = [
  {
    name: 'igd',
    kernels: '4.6 to 7.3',
    rows: none(
      'igd',
      'drivers/vfio/pci/vfio_pci_igd.c 6.12',
      'regions of a device’s own are not modelled: results there are unknown',
      ['no-region', 'an OpRegion address of 0 or all ones: the device opens without the region'],
      ['signature', 'another signature than IntelGraphicsMem: opening the device is -EINVAL'],
      ['opregion', 'region type 0x80008086, subtype 1: read only, -EINVAL past its end'],
      ['vbt', 'an extended VBT that is elsewhere is appended, and shown as version 2.1'],
      ['host-bridge', 'the configuration space of the host bridge is subtype 2, read only'],
      ['lpc', 'that of the LPC bridge is subtype 3, read only'],
    ),
  },
  {
    name: 'zdev',
    kernels: '5.10 to 7.3',
    rows: none(
      'zdev',
      'drivers/vfio/pci/vfio_pci_zdev.c 6.12',
      'capabilities of GET_INFO are not recorded, and s390 is no platform of the recorder',
      ['base', 'GET_INFO has capability 1 with DMA addresses, PCHID and function'],
      ['group', 'capability 2 with the MSI address and limits of the group'],
      ['util', 'capability 3 with the utility string'],
      ['pfip', 'capability 4 with the PFIP'],
      ['kvm', 'opening the device registers it with KVM, or fails with its errno'],
    ),
  },
  {
    name: 'nvlink2',
    kernels: '5.0 to 5.12',
    rows: none(
      'nvlink2',
      'drivers/vfio/pci/vfio_pci_nvlink2.c 5.12',
      'the rules begin with 6.1',
      ['ram', 'region type 0x800010de, subtype 1: coherent memory of the GPU'],
      ['once', 'a second mapping of it is -EPERM'],
      ['atsd', 'region type 0x80001014, subtype 1: one page can be mapped'],
      ['open', 'missing properties fail the open; no NPU does not'],
    ),
  },
  {
    name: 'virqfd',
    kernels: '3.10 to 7.3',
    rows: rows(
      'virqfd',
      'drivers/vfio/virqfd.c 6.12',
      ['bad-fd', 'a descriptor that is not open: -EBADF; one of another kind: -EINVAL'],
      ['busy', 'a second eventfd for the same purpose: -EBUSY'],
      ['signalled', 'an eventfd that is signalled already has its effect at once'],
      ['wakes', 'a write to the eventfd unmasks INTx, which can be raised again'],
      ['hangup', 'closing the eventfd ends it, and another one can be set'],
    ),
  },
  {
    name: 'siov',
    kernels: 'posted',
    rows: none(
      'siov',
      'postings on scalable IOV',
      'no driver was merged; the postings leave its interface open',
      ['device', 'an assignable interface per PASID is a device of software with a parent'],
      ['creation', 'devices are made on demand, without the sysfs interface of mdev'],
    ),
  },
] as const;
