/**
 * Types of vGPUs as sysfs selects them (current_vgpu_type_store, RFC posting of
 * drivers/vfio/pci/nvidia-vgpu). All VFs of a GPU have the same type.
 */
import { ERRNO } from '../../../traces/index.js';

/** Properties of a GPU: what the metadata of its firmware has, by the number of a type. */
export const PROPERTY = {
  FIRMWARE: 'gsp-firmware',
  /** The type that a VF has. */
  CHOSEN: 'vgpu-type',
  /** The most instances; a type without it there is not. */
  instances: (type: number) => `vgpu-${type}-instances`,
  /** Device id and subsystem id, each of 16 bits. */
  vdevId: (type: number) => `vgpu-${type}-vdev-id`,
  /** MiB of BAR 1. */
  bar1: (type: number) => `vgpu-${type}-bar1-mib`,
} as const;

/** What the manager of a GPU, and one of its VFs, have; type 0 is no type. */
export interface VgpuState {
  /** The type of the VF. */
  readonly own: number;
  /** The type of all VFs that have one. */
  readonly current: number;
  readonly instances: number;
}

/**
 * A write of `current_vgpu_type`.
 * @param most the most instances of the type; null for a type that there is not
 * @returns the state after it, or a negative errno
 */
export function chooseType(
  { own, current, instances }: VgpuState,
  type: number,
  isOpen: boolean,
  most: number | null,
): VgpuState | number {
  if (isOpen) return -ERRNO.EBUSY;
  if (type === 0) {
    if (own === 0) return { own, current, instances };
    const left = Math.max(0, instances - 1);
    return { own: 0, current: left === 0 ? 0 : current, instances: left };
  }
  if (most === null) return -ERRNO.ENODEV;
  if (current !== 0 && current !== type) return -ERRNO.EINVAL;
  if (current !== 0 && instances >= most) return -ERRNO.ENOSPC;
  return { own: type, current: type, instances: instances + 1 };
}

/** The number that is written, in base 10 (kstrtoul); null when it is not a number. */
export function writtenType(text: string): number | null {
  return /^\+?\d+\n?$/.test(text) ? Number(text) : null;
}
