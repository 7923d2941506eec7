/** What udev's rules do to devices and to files in /dev, while others use them. */
import type {
  KmodDocument,
  OperationDocument,
  ScenarioDocument,
  UdevRuleDocument,
} from './document.js';
import {
  driversProbe,
  GPU,
  gpu,
  ixgbe,
  NIC,
  nics,
  novaCore,
  numVfs,
  override,
  unbind,
  VF,
  vfioPci,
} from './parts.js';

const scenario = 1;
const kernel = '6.12';

/** Users and groups of a distribution: qemu, and kvm, which it is in. */
const QEMU = 107;
const KVM = 36;

/** Gives the files of groups to kvm. */
const forKvm: UdevRuleDocument = { match: { subsystem: 'vfio' }, group: KVM, mode: '0660' };
const qemu = { name: 'qemu', uid: QEMU, gids: [KVM] } as const;
const openGroup: OperationDocument = { open: 'group', of: NIC };
const settle: OperationDocument = { settle: true };
const toVfio: readonly OperationDocument[] = [override(NIC, 'vfio-pci'), driversProbe(NIC)];
const withNic = { functions: [nics[0]], drivers: [vfioPci] };

const added = (runs: readonly (OperationDocument | KmodDocument)[]): UdevRuleDocument => ({
  match: { action: 'add', subsystem: 'pci' },
  runs,
});
const loadByModalias: KmodDocument = { kmod: 'load' };
const overrideOfRule: OperationDocument = override('$kernel', 'vfio-pci');
/** What a program does that wants a function for vfio-pci, from whatever driver. */
const rebinds = added([
  overrideOfRule,
  { ...unbind('nova_core', '$kernel'), unless: { driver: null, of: '$kernel' } },
  driversProbe('$kernel'),
]);
const unpluggedNic = { functions: [{ ...nics[0], present: false }] };
const ixgbeNotLoaded = { ...ixgbe, loaded: false };

export const UDEV_RULES: readonly ScenarioDocument[] = [
  {
    scenario,
    name: 'group-file-opened-early',
    title: 'qemu opens /dev/vfio/N before it is there, before udev has given it away, or after',
    kernel,
    machine: { ...withNic, udev: { rules: [forKvm] } },
    actors: [
      { name: 'admin', does: toVfio },
      { ...qemu, does: [openGroup] },
    ],
    outcomes: [
      { errors: { qemu: ['ENOENT'] } },
      { errors: { qemu: ['EACCES'] } },
      { errors: { qemu: [] } },
    ],
  },
  {
    scenario,
    name: 'group-file-awaited',
    title: 'qemu waits until /dev/vfio/N is there, which does not make it its own',
    kernel,
    machine: { ...withNic, udev: { rules: [forKvm] } },
    actors: [
      { name: 'admin', does: toVfio },
      { ...qemu, does: [{ ...openGroup, when: { node: 'group', of: NIC } }] },
    ],
    outcomes: [{ errors: { qemu: ['EACCES'] } }, { errors: { qemu: [] } }],
  },
  {
    scenario,
    name: 'group-file-settled',
    title: 'the file of the group is opened after udevadm settle',
    kernel,
    machine: { ...withNic, udev: { rules: [forKvm] } },
    actors: [
      { name: 'admin', does: [...toVfio, settle] },
      { ...qemu, does: [{ ...openGroup, when: { actor: 'admin', did: 3 } }] },
    ],
    outcomes: [{ errors: { qemu: [] } }],
  },
  {
    scenario,
    name: 'cdev-file-awaited',
    title: 'qemu opens /dev/vfio/devices/vfio0 before udev has given it away, or after',
    kernel,
    machine: {
      ...withNic,
      udev: { rules: [{ match: { subsystem: 'vfio-dev' }, owner: QEMU }] },
    },
    actors: [
      { name: 'admin', does: toVfio },
      { ...qemu, does: [{ open: 'cdev', of: NIC, when: { node: 'cdev', of: NIC } }] },
    ],
    outcomes: [{ errors: { qemu: ['EACCES'] } }, { errors: { qemu: [] } }],
  },
  {
    scenario,
    name: 'chown-undone-by-udev',
    title: 'libvirt gives the file of the group to qemu, and a late rule gives it to another group',
    kernel,
    machine: {
      ...withNic,
      udev: { rules: [{ match: { subsystem: 'vfio' }, owner: 0, group: KVM, mode: '0660' }] },
    },
    actors: [
      {
        name: 'libvirtd',
        does: [...toVfio, { chown: 'group', of: NIC, owner: QEMU, group: QEMU, mode: '0600' }],
      },
      { name: 'qemu', uid: QEMU, does: [{ ...openGroup, when: { actor: 'libvirtd', did: 3 } }] },
    ],
    outcomes: [{ errors: { qemu: [] } }, { errors: { qemu: ['EACCES'] } }],
  },
  {
    scenario,
    name: 'udev-overrides-a-vf',
    title: 'a rule sets the override of a VF, while the kernel probes it already',
    kernel,
    machine: {
      functions: [gpu],
      drivers: [novaCore, vfioPci],
      udev: { rules: [added([overrideOfRule])] },
    },
    actors: [{ name: 'admin', does: [numVfs(1), settle] }],
    outcomes: [{ drivers: { [VF]: 'nova_core' } }, { drivers: { [VF]: 'vfio-pci' } }],
  },
  {
    scenario,
    name: 'udev-rebinds-a-vf',
    title: 'a rule sets the override, which waits for a probe, then unbinds and probes again',
    kernel,
    machine: { functions: [gpu], drivers: [novaCore, vfioPci], udev: { rules: [rebinds] } },
    actors: [{ name: 'admin', does: [numVfs(1), settle] }],
    outcomes: [{ drivers: { [VF]: 'vfio-pci' } }],
  },
  {
    scenario,
    name: 'udev-rebinds-beside-a-probe',
    title: 'the same from 7.1 on: no write of an override waits, and the rule sees no driver yet',
    kernel: '7.1',
    machine: { functions: [gpu], drivers: [novaCore, vfioPci], udev: { rules: [rebinds] } },
    actors: [{ name: 'admin', does: [numVfs(1), settle] }],
    outcomes: [{ drivers: { [VF]: 'vfio-pci' } }, { drivers: { [VF]: 'nova_core' } }],
  },
  {
    scenario,
    name: 'udev-binds-what-nobody-probes',
    title: 'with sriov_drivers_autoprobe off the rule has all the time that it needs',
    kernel,
    machine: {
      functions: [{ ...gpu, sriov: { ...gpu.sriov!, autoprobe: false } }],
      drivers: [novaCore, vfioPci],
      udev: { rules: [added([overrideOfRule, driversProbe('$kernel')])] },
    },
    actors: [{ name: 'admin', does: [numVfs(1), settle] }],
    outcomes: [{ drivers: { [VF]: 'vfio-pci', [GPU]: 'nova_core' } }],
  },
  {
    scenario,
    name: 'modalias-against-override',
    title: 'udev loads the native driver of a plugged function, while an agent sets its override',
    kernel,
    machine: {
      ...unpluggedNic,
      drivers: [ixgbeNotLoaded, vfioPci],
      udev: { rules: [added([loadByModalias])] },
    },
    actors: [
      { name: 'slot', does: [{ plug: NIC }] },
      {
        name: 'agent',
        does: [{ ...override(NIC, 'vfio-pci'), when: { exists: NIC } }, driversProbe(NIC)],
      },
    ],
    // No driver: drivers_probe saw ixgbe, which the override then refused.
    outcomes: [
      { drivers: { [NIC]: 'ixgbe' } },
      { drivers: { [NIC]: 'vfio-pci' } },
      { drivers: { [NIC]: null } },
    ],
  },
  {
    scenario,
    name: 'modalias-after-override',
    title: 'udev sets the override before it loads modules: all by one thread, in order',
    kernel,
    machine: {
      ...unpluggedNic,
      drivers: [ixgbeNotLoaded, vfioPci],
      udev: { rules: [added([overrideOfRule, driversProbe('$kernel')]), added([loadByModalias])] },
    },
    actors: [{ name: 'slot', does: [{ plug: NIC }, settle] }],
    outcomes: [{ drivers: { [NIC]: 'vfio-pci' } }],
  },
  {
    scenario,
    name: 'agent-settles-first',
    title: 'an agent that waits for udev finds the native driver bound, and can unbind it',
    kernel,
    machine: {
      ...unpluggedNic,
      drivers: [ixgbeNotLoaded, vfioPci],
      udev: { rules: [added([loadByModalias])] },
    },
    actors: [
      {
        name: 'agent',
        does: [{ plug: NIC }, settle, override(NIC, 'vfio-pci'), unbind('ixgbe', NIC), ...toVfio],
      },
    ],
    outcomes: [{ drivers: { [NIC]: 'vfio-pci' }, errors: { agent: [] } }],
  },
  {
    scenario,
    name: 'settle-within-a-rule',
    title: 'a program that a rule runs waits for udev, and so for itself',
    kernel,
    machine: { ...unpluggedNic, drivers: [ixgbe], udev: { rules: [added([settle])] } },
    actors: [{ name: 'slot', does: [{ plug: NIC }] }],
    outcomes: [{ deadlock: true, drivers: { [NIC]: 'ixgbe' } }],
  },
];
