/** VFIO_DEVICE_QUERY_GFX_PLANE (uapi vfio.h). */
import { ERRNO } from '../../../traces/index.js';
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
  if (argsz < BYTES) return [-ERRNO.EINVAL];
  if (flags === (PLANE.PROBE | way)) return [0];
  return flags === way ? found : [-ERRNO.EINVAL];
}
