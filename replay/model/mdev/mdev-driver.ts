/** What a driver of mediated devices does of its own. */
import type { Results } from '../vfio/device-ioctl.js';
import type { MigrationModel } from '../vfio/migration-state.js';

export interface MdevDriver {
  readonly name: string;
  /** First kernel, as major * 1000 + minor, that it is like this in. */
  readonly since: number;
  /** Errnos with which it, or the core for it, refuses one more device. */
  readonly full: readonly number[];
  /** What its devices take of its parent, by the name of their type in sysfs. */
  readonly types: Readonly<Record<string, number>>;
  /** How much of that its parent has: serial ports, MiB, or devices. */
  readonly capacity: number;
  /** The core counts its devices, up to the last reference to each; else it does so itself. */
  readonly countedByCore: boolean;
  /** GET_REGION_INFO of an index, with a size of the argument, works; null: kernels differ. */
  readonly hasRegion: (index: number, argsz: number) => boolean | null;
  /** Whether it answers GET_IRQ_INFO of an index. */
  readonly hasIrq: (index: number) => boolean;
  /** It takes the limits of interrupts from GET_INFO, and has none before. */
  readonly limitsAsked: boolean;
  /** It sets interrupts; else SET_IRQS is -EINVAL. */
  readonly setsIrqs: boolean;
  readonly migration: MigrationModel | null;
  /** It tracks dirty pages. */
  readonly logsDma: boolean;
  /**
   * Ioctls that the others do not have.
   * @returns undefined for an ioctl that it does not have, either
   */
  readonly own: (name: string, words: readonly number[]) => Results | undefined;
  /** What an access to a region returns: all of it, or an errno. */
  readonly access: (region: number, count: number) => Results;
  /** Whether a region can be mapped. */
  readonly maps: (region: number) => boolean;
}
