/**
 * Reads and writes that a variant of vfio-pci serves itself, or passes on to vfio-pci-core. What it
 * does is in the hooks of its model.
 */
import type { RegionAccess, Served, Shown } from '../../../model/drivers/index.js';
import { poke, type Width } from '../../../model/vfio-pci-core/little-endian.js';
import type { CallName } from '../../calls.js';
import type { Kernel } from '../../kernel.js';
import { joined, procedure } from '../../steps.js';
import { actionOf } from './common.js';
import { begin, givenOf } from './region-access.js';
import { keepOwn, variantOf } from './variant-hooks.js';

/** Bytes of a write that an operation has. */
const VALUE_BYTES = 4;

function accessOf(k: Kernel): RegionAccess {
  const { write, region, offset, count, value } = actionOf<'access'>(k);
  const data = new Uint8Array(write ? Math.min(count, VALUE_BYTES) : 0);
  if (write) poke(data, 0, data.length as Width, value);
  return { region, offset, count, data };
}

function serve(k: Kernel): Served {
  const { variant, own } = variantOf(k, k.dev)!;
  const hook = actionOf<'access'>(k).write ? variant.write : variant.read;
  return hook?.(own, accessOf(k)) ?? { by: 'core' };
}

/** The first bytes that the user gets. */
function seenOf(k: Kernel, served: Served, ret: number): Shown {
  const bytes = Math.min(Math.max(ret, 0), VALUE_BYTES);
  if (served.by === 'driver') {
    return Array.from({ length: bytes }, (_, at) => served.byte?.(at) ?? null);
  }
  const cell = k.vfio.access(k.thread);
  const core = k.get(cell) === 0 ? [] : k.vfio.accessOf(k.thread).seen;
  const given = Array.from({ length: bytes }, (_, at) => core[at] ?? null);
  const { variant, own } = variantOf(k, k.dev)!;
  const seen = [...(variant.shown?.(own, accessOf(k), given) ?? given)];
  for (const { at, bytes: over } of served.over ?? []) {
    for (const [i, byte] of over.entries()) if (at + i < bytes) seen[at + i] = byte;
  }
  return seen;
}

export const VARIANT_ACCESS = [
  procedure('variant_rw', {
    enter: (k) => {
      const { doors } = variantOf(k, k.dev)!.variant;
      const { write, count } = actionOf<'access'>(k);
      begin(k, (write ? doors.write : doors.read) as CallName);
      const served = serve(k);
      if (served.by === 'driver') {
        keepOwn(k, k.dev, served.own);
        k.endCall(served.ret, givenOf(k, seenOf(k, served, served.ret), served.ret));
        return k.done(served.ret);
      }
      keepOwn(k, k.dev, served.own);
      return k.call('vfio_pci_rw', k.dev, 0, served.count ?? count);
    },
    exit: joined((k) => {
      // What the driver puts over it does not depend on what the core did.
      k.endCall(k.ret, givenOf(k, seenOf(k, serve(k), k.ret), k.ret));
      k.set(k.vfio.access(k.thread), 0);
      k.done(k.ret);
    }),
  }),
];
