/** VFIO_DEVICE_QUERY_GFX_PLANE (uapi vfio.h). */
import { ERRNO } from '../../../traces/index.js';
import { hex } from '../hex.js';
import { because } from '../reason.js';
import type { Results } from '../vfio/device-ioctl.js';

/** VFIO_GFX_PLANE_TYPE_*: how a display can be had. */
export const PLANE = { PROBE: 1, DMABUF: 2, REGION: 4 } as const;

/** The argument up to the region or the buffer. */
const BYTES = 60;

/**
 * Of a device whose display can be had in one way.
 * @param found what a query of that way returns
 */
export function planeOf(way: number, words: readonly number[], found: Results): Results {
  const [argsz, flags] = words;
  if (argsz < BYTES) return because(ERRNO.EINVAL, `argsz is ${argsz}, less than ${BYTES}`);
  if (flags === (PLANE.PROBE | way)) return [0];
  return flags === way
    ? found
    : because(ERRNO.EINVAL, `flags ${hex(flags)} ask for a plane in another form than it has`);
}
