/** vfio-pci (kernel drivers/vfio/pci/vfio_pci.c 6.12). */
import { ERRNO } from '../../../traces/index.js';
import type { Added } from './added.js';
import { defineVfioPci, pciClass } from './driver.js';
import { igdOf } from './igd.js';
import { rows } from './model-row.js';
import { nvlinkOf } from './nvlink2.js';
import { variant } from './variant.js';
import { type Zdev, zdevOf } from './zdev.js';

const INTEL = 0x8086;
/** Devices of Intel QuickAssist, and their VFs, that an untrusted user can bring to a hang. */
const DENIED: readonly number[] = [0x19e2, 0x19e3, 0x37c8, 0x37c9, 0x0435, 0x0443];
/** Data accelerators of Sapphire Rapids, denied from Linux 6.10 on. */
const DENIED_LATER: readonly number[] = [0x0b25, 0x0cfe];
const DENIED_LATER_SINCE = 6010;

/** What an open device has besides what every PCI device has; empty for nearly all of them. */
interface Extras {
  readonly added?: Added;
  readonly zdev?: Zdev;
}

/**
 * Its only entry is any device, override-only. Its `sriov_configure` refuses unless the module
 * parameter `enable_sriov` is set, which no recording of a machine shows.
 */
export const vfioPci = defineVfioPci({
  name: 'vfio-pci',
  kernels: '6.1 to 7.3',
  table: [pciClass(0, 0)],
  sriovConfigure: 'parameter',
  parameters: {
    ids: 'ids',
    enable_sriov: 'bool',
    disable_denylist: 'bool',
    disable_vga: 'bool',
    disable_idle_d3: 'bool',
  },
  variant: variant<Extras>({
    doors: {},
    probe(facts) {
      const { fn, parameters, version } = facts;
      const denied = version >= DENIED_LATER_SINCE ? [...DENIED, ...DENIED_LATER] : DENIED;
      const isDenied = fn.vendor === INTEL && denied.includes(fn.device);
      if (isDenied && parameters?.disable_denylist !== true) return -ERRNO.EINVAL;
      const added = igdOf(facts) ?? nvlinkOf(facts);
      const zdev = zdevOf(facts);
      return { ...(added === undefined ? {} : { added }), ...(zdev === null ? {} : { zdev }) };
    },
    enables: ({ zdev }) => zdev?.enables ?? 0,
    adds: ({ added }) => added,
    info: ({ zdev }) => zdev?.capabilities ?? [],
  }),
  rows: rows(
    'vfio-pci',
    'drivers/vfio/pci/vfio_pci.c 6.12',
    ['ids', 'any device matches, by override or a dynamic id only'],
    ['denylist', 'the probe of QuickAssist devices and their VFs is -EINVAL'],
    ['denylist-later', 'from 6.10 on also that of data accelerators of Sapphire Rapids'],
    ['disable-denylist', 'the module parameter disable_denylist allows them'],
    ['pf-with-vfs', 'the probe of a PF with VFs is -EBUSY'],
    ['ids-parameter', 'ids= adds dynamic ids as the module loads'],
    ['enable-sriov', 'enable_sriov: VFs get an override and are bound as they are added'],
    ['no-sriov', 'without enable_sriov a write of sriov_numvfs is -ENOENT'],
    ['vf-token', 'a VF of a PF of vfio-pci needs the token: -EACCES'],
    [
      'vf-token-of-pf',
      'a PF whose VFs are in use needs it, too; else what is passed is the new one',
    ],
    ['vf-token-needless', 'a token for another function is -EINVAL'],
    ['vf-token-feature', 'FEATURE sets the token of a PF, also while its VFs are in use'],
    ['vf-token-bind', 'BIND_IOMMUFD looks at no token before 6.17'],
    [
      'core-parameters',
      'up to 7.2 disable_vga and disable_idle_d3 count for all drivers of vfio-pci-core',
    ],
    [
      'nointxmask',
      'with nointxmask INTx is masked at the interrupt controller, and its line is not shared',
      'lines of interrupts are not modelled, and no call shows the difference',
    ],
    ['igd', 'opening a display of Intel maps the OpRegion; see igd'],
  ),
});
