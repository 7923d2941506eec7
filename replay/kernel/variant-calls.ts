/** Functions by which variants of vfio-pci serve regions themselves, as a recorder sees them. */
import type { Kind, Path } from '../../traces/index.js';
import { DRIVERS } from '../model/drivers/index.js';

const KINDS = { read: 'region.read', write: 'region.write', mmap: 'mmap' } as const;

/** The name of such a function. */
export type DoorName = string & { readonly door: true };

/** What an event of each is. */
export const VARIANT_CALLS: Readonly<Record<string, { readonly kind: Kind; readonly path: Path }>> =
  Object.fromEntries(
    DRIVERS.flatMap(({ variant }) =>
      Object.entries<string>({ ...variant?.doors }).map(([what, name]) => [
        name,
        { kind: KINDS[what as keyof typeof KINDS], path: 'vfio' as const },
      ]),
    ),
  );
