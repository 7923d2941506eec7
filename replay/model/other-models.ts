/** Models that are no driver of their own: parts of vfio-pci, of VFIO, and of postings. */
import { IGD_ROWS } from './drivers/igd.js';
import { type ModelRow, rows } from './drivers/model-row.js';
import { NVLINK2_ROWS } from './drivers/nvlink2.js';
import { ZDEV_ROWS } from './drivers/zdev.js';

/** Facts of a subject that has no model. */
const none = (
  model: string,
  source: string,
  why: string,
  ...facts: readonly (readonly [name: string, text: string])[]
): readonly ModelRow[] =>
  rows(model, source, ...facts.map(([name, text]) => [name, text, why] as const));

export const OTHER_MODELS = [
  { name: 'igd', kernels: '6.1 to 7.3', rows: IGD_ROWS },
  { name: 'zdev', kernels: '6.1 to 7.3', rows: ZDEV_ROWS },
  { name: 'nvlink2', kernels: '5.0 to 5.12', rows: NVLINK2_ROWS },
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
