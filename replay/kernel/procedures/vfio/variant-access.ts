/**
 * Reads and writes that a variant of vfio-pci serves itself, or passes on to vfio-pci-core. What it
 * does is in the hooks of its model.
 */
import type { Own, RegionAccess, Served, Shown, Variant } from '../../../model/drivers/index.js';
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

/** Hooks of the driver, with what it kept when the access of the thread began. */
function begun(k: Kernel): { variant: Variant; own: Own } {
  const { variant } = variantOf(k, k.dev)!;
  return { variant, own: k.vfio.values.at(k.n) };
}

function serve(k: Kernel): Served {
  const { variant, own } = begun(k);
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
  const { variant, own } = begun(k);
  const seen = [...(variant.shown?.(own, accessOf(k), given) ?? given)];
  for (const { at, bytes: over } of served.over ?? []) {
    for (const [i, byte] of over.entries()) if (at + i < bytes) seen[at + i] = byte;
  }
  return seen;
}

export const VARIANT_ACCESS = [
  procedure('variant_rw', {
    enter: (k) => {
      const { variant, own } = variantOf(k, k.dev)!;
      const { doors } = variant;
      k.n = k.vfio.values.numberOf(own);
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
      // What the driver puts over it depends on what it kept when the call began, and on nothing
      // that the core or others have done since.
      k.endCall(k.ret, givenOf(k, seenOf(k, serve(k), k.ret), k.ret));
      k.set(k.vfio.access(k.thread), 0);
      k.done(k.ret);
    }),
  }),
];
