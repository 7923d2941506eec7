/**
 * NVIDIA's display and 3D controllers, VFs too (kernel drivers/gpu/nova-core/driver.rs 6.17).
 * Whether it takes a VF is what its review was about; a machine selects one of the forms.
 */
import { ERRNO } from '../../../traces/index.js';
import { defineNative, type NativeProbe, pciClass } from './driver.js';
import { rows } from './model-row.js';

/**
 * What bits 17:16 of PMC_BOOT_1 say of the function, a register of BAR 0 (open-gpu-kernel-modules,
 * nv_ref.h).
 */
const VGPU_SHIFT = 16;
const VGPU = { REAL: 0, PARAVIRTUAL: 1, VF: 2 } as const;

/** What the form of the driver does with VFs, by the property of this name. */
export const FORM = 'nova-core-form';
export const FORMS = {
  /** As merged: nothing. */
  noCheck: 0,
  /** As posted: it refuses what the PCI core calls a VF. */
  isVirtfn: 1,
  /** It refuses what the register calls a VF. */
  pmcBoot1: 2,
  /** It refuses a VF, but not in a virtual machine. */
  hostOnly: 3,
} as const;
/** 1: the machine is virtual. */
export const VIRTUAL_MACHINE = 'virtual-machine';
/** 1: the function is a VF of a GPU that was passed on to the machine, which shows no PF. */
export const PASSED_ON = 'passed-on-vf';

/** What PMC_BOOT_1 reads: a VF is one to the host and to a guest. */
function pmcBoot1({ isVf, properties }: NativeProbe): number {
  const kind = isVf || properties[PASSED_ON] === 1 ? VGPU.VF : VGPU.REAL;
  return kind << VGPU_SHIFT;
}

function refuses(facts: NativeProbe): boolean {
  const { isVf, properties } = facts;
  switch (properties[FORM]) {
    case FORMS.isVirtfn:
      return isVf;
    case FORMS.pmcBoot1:
      return ((pmcBoot1(facts) >> VGPU_SHIFT) & 3) === VGPU.VF;
    case FORMS.hostOnly:
      return isVf && properties[VIRTUAL_MACHINE] !== 1;
    default:
      return false;
  }
}

export const novaCore = defineNative({
  name: 'nova_core',
  kernels: '6.15 to 7.3',
  table: [pciClass(0x030000, 0xffff00, 0x10de), pciClass(0x030200, 0xffff00, 0x10de)],
  refuses: (facts) => (refuses(facts) ? -ERRNO.ENODEV : 0),
  rows: rows(
    'nova-core',
    'drivers/gpu/nova-core/driver.rs 6.17, and the posting of 30 Sep 2025',
    ['ids', 'functions of NVIDIA of class 0x0300 and 0x0302 match, VFs, too'],
    ['takes-vf', 'merged form: it takes a VF before an override is written'],
    ['rejects-vf', 'form as posted: the probe of a VF is -ENODEV, and the next driver is tried'],
    ['pmc-boot-1', 'PMC_BOOT_1 shows a VF to the host and to the guest: its check refuses both'],
    ['host-only', 'a VF is refused on the host only'],
    ['gsp', 'firmware and GSP fail the probe; the next driver is tried'],
  ),
});
