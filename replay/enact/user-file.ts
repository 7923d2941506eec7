/** A file of a user of VFIO. */

export type UserFileKind = 'container' | 'group' | 'cdev' | 'iommufd';

export interface UserFile {
  readonly name: string;
  readonly kind: UserFileKind | 'device';
  /** The function of a device; of a group any of its functions. */
  readonly address: string | null;
  /** Number of a group. */
  readonly group: number | null;
}
