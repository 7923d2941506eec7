/** What a call on an iommufd changes of another, when both may be one. */
import { type Context, forget } from './iommufd-objects.js';

/** Calls that change mappings, but no objects. */
const MAPS: ReadonlySet<string> = new Set([
  'IOMMU_IOAS_MAP',
  'IOMMU_IOAS_MAP_FILE',
  'IOMMU_IOAS_UNMAP',
  'IOMMU_IOAS_COPY',
  'IOMMU_IOAS_ALLOW_IOVAS',
  'VFIO_IOMMU_MAP_DMA',
  'VFIO_IOMMU_UNMAP_DMA',
]);

/** Calls that change how an IOAS maps. */
const OPTIONS: ReadonlySet<string> = new Set(['IOMMU_OPTION', 'VFIO_SET_IOMMU']);

/** Calls that make or destroy objects, or choose one. */
const OBJECTS = /^IOMMU_(?:DESTROY|VFIO_IOAS|\w+_ALLOC)$/;

/** Records that a call succeeded which may have been on this iommufd. */
export function disturb(context: Context, name: string): void {
  if (OBJECTS.test(name)) forget(context);
  else if (MAPS.has(name) || OPTIONS.has(name)) {
    for (const object of context.objects.values()) {
      if (object.type !== 'ioas') continue;
      if (OPTIONS.has(name)) object.space.smallPages = null;
      else Object.assign(object.space, { areas: [], complete: false, allowed: null });
    }
  }
}
