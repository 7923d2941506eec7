/**
 * Messages to user space about devices (kernel lib/kobject_uevent.c 6.1): what rules of udev can
 * see of them.
 */

export const UEVENT_ACTIONS = ['add', 'change', 'bind', 'unbind', 'remove'] as const;
export type UeventAction = (typeof UEVENT_ACTIONS)[number];

/** `vfio`: a group; `vfio-dev`: a device of VFIO. */
export const UEVENT_SUBSYSTEMS = ['pci', 'mdev', 'vfio', 'vfio-dev'] as const;
export type UeventSubsystem = (typeof UEVENT_SUBSYSTEMS)[number];

export interface Uevent {
  readonly action: UeventAction;
  readonly subsystem: UeventSubsystem;
  /** `DRIVER`: the driver that the device has when the message is made; null for none. */
  readonly driver: string | null;
}

/** A message as a recorder sees it. */
export interface SentUevent extends Uevent {
  /** The function or mediated device; of `vfio-dev`, its parent; null for a group. */
  readonly device: string | null;
  /** The group's number; null for others. */
  readonly group: number | null;
}
