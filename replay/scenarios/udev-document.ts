/** What rules of udev match, and what is done to files in /dev, in a scenario's document. */

/** What a rule or a program makes of a file in /dev; `mode` is octal, such as 0660. */
export interface NodeDocument {
  readonly owner?: number;
  readonly group?: number;
  readonly mode?: string;
}

export interface UdevMatchDocument {
  readonly action?: 'add' | 'change' | 'bind' | 'unbind' | 'remove';
  readonly subsystem?: 'pci' | 'mdev' | 'vfio' | 'vfio-dev' | 'misc';
  readonly kernel?: string;
  readonly driver?: string;
  readonly vendor?: string;
  readonly device?: string;
  readonly class?: string;
}

export type UdevOperationDocument =
  | { readonly settle: true }
  | ({ readonly chown: 'group' | 'cdev'; readonly of: string } & NodeDocument);
