/**
 * The effects of one access of a user in vfio-pci-core: physical accesses, and calls into the PCI
 * core. A model yields them one by one and receives the result of each.
 */
import type { Width } from './little-endian.js';

export type Effect =
  | { readonly type: 'read'; readonly offset: number; readonly width: Width }
  | {
      readonly type: 'write';
      readonly offset: number;
      readonly width: Width;
      /** Null when it depends on bytes of the user that were not recorded. */
      readonly value: number | null;
    }
  /** `vfio_basic_config_write` handles a part of a write to the header. */
  | {
      readonly type: 'virtual';
      readonly offset: number;
      readonly width: Width;
      readonly value: number | null;
    }
  /** Removes all mappings of the BARs, and takes `memory_lock` for writing. */
  | { readonly type: 'zap' }
  /** `pci_try_reset_function` */
  | { readonly type: 'reset' }
  /** `pci_set_power_state`: 0 is D0, 3 is D3hot. */
  | { readonly type: 'power'; readonly state: number };

/** The result of an effect. */
export interface Answer {
  /** What was read; for `virtual`, the bytes of the user. Null when it was not recorded. */
  readonly value: number | null;
  /** 0 or a negative errno. */
  readonly ret: number;
}

export const DONE: Answer = { value: null, ret: 0 };

/** Effects of one step, and what it ends with. */
export type Steps<T> = Generator<Effect, T, Answer>;

/** The recording does not contain what the step depends on. */
export const UNKNOWN = 'unknown';
export type Unknown = typeof UNKNOWN;
