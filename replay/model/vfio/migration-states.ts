/** States of a device that can migrate. */

/** VFIO_DEVICE_STATE_* of uapi vfio.h. */
export const STATE = {
  ERROR: 0,
  STOP: 1,
  RUNNING: 2,
  STOP_COPY: 3,
  RESUMING: 4,
  RUNNING_P2P: 5,
  PRE_COPY: 6,
  PRE_COPY_P2P: 7,
} as const;
export type State = (typeof STATE)[keyof typeof STATE];

/** Migration of an open device. Plain data. */
export interface Migration {
  readonly state: State;
  /** The data file that is open: reading it, or writing to it, works. */
  readonly file: 'save' | 'resume' | null;
  /** Dirty pages are tracked. */
  readonly logging?: true;
}
