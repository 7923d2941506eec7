/** What the IOMMU driver of a container serves (kernel drivers/vfio/vfio_iommu_type1.c 6.12). */
import { ERRNO } from '../../../../traces/index.js';
import {
  addMapping,
  checkMap,
  checkUnmap,
  DMA_MAP,
  type DmaMapping,
  type DmaSpace,
  type MapRequest,
  removeMapping,
} from '../../../model/iommu/type1.js';
import { wrapErrno } from '../../../model/kernel-rules.js';
import type { Kernel } from '../../kernel.js';
import type { IoctlAction } from '../../machine-spec.js';
import { FILE } from '../../vfio-cells.js';
import { hasDomain, mapPages, unmapPages } from './container.js';
import { faultIn } from './memory.js';

const viewOf = (data: Uint8Array) => new DataView(data.buffer, data.byteOffset, data.byteLength);

/** @returns what the ioctl of a container with an IOMMU driver returns */
export function serveDma(k: Kernel, file: number, action: IoctlAction): number {
  const { name, data } = action;
  switch (name) {
    case 'VFIO_IOMMU_GET_INFO':
      if (data === null) return -ERRNO.EFAULT;
      return viewOf(data).getUint32(0, true) < 16 ? -ERRNO.EINVAL : 0;
    case 'VFIO_IOMMU_MAP_DMA':
      return data === null ? -ERRNO.EFAULT : mapDma(k, file, viewOf(data), action);
    case 'VFIO_IOMMU_UNMAP_DMA':
      return data === null ? -ERRNO.EFAULT : unmapDma(k, file, viewOf(data));
    default:
      return -ERRNO.ENOTTY;
  }
}

/**
 * The answer of an action is why the memory cannot be pinned; for an address that only some IOMMUs
 * reach it is what the call returns.
 */
function mapDma(k: Kernel, file: number, data: DataView, action: IoctlAction): number {
  const { answer, touches = [] } = action;
  const request: MapRequest = {
    argsz: data.getUint32(0, true),
    flags: data.getUint32(4, true),
    vaddr: data.getBigUint64(8, true),
    iova: data.getBigUint64(16, true),
    size: data.getBigUint64(24, true),
  };
  const result = checkMap(k.vfio.dma(file), request, wrapErrno(k.rules.version));
  const refused = result ?? answer ?? -ERRNO.EINVAL;
  if (refused < 0 || (request.flags & DMA_MAP.VADDR) !== 0) return refused;
  for (const touch of touches) faultIn(k, touch);
  if (answer !== undefined && answer < 0) return answer;
  if (hasDomain(k, file)) mapPages(k, request.iova, request.size, request.vaddr);
  k.vfio.change(k.vfio.file(file) + FILE.dma, (space: DmaSpace) => addMapping(space, request));
  return 0;
}

function unmapDma(k: Kernel, file: number, data: DataView): number {
  const request = {
    argsz: data.getUint32(0, true),
    flags: data.getUint32(4, true),
    iova: data.getBigUint64(8, true),
    size: data.getBigUint64(16, true),
  };
  const found = checkUnmap(k.vfio.dma(file), request, wrapErrno(k.rules.version));
  if (found === null) return -ERRNO.EINVAL;
  if (typeof found === 'number') return found;
  if (hasDomain(k, file)) for (const { iova, size } of found) unmapPages(k, iova, size);
  if (found.length > 0) {
    k.vfio.change(k.vfio.file(file) + FILE.dma, (space: DmaSpace) => remove(space, found));
  }
  return 0;
}

function remove(space: DmaSpace, found: readonly DmaMapping[]): void {
  for (const { iova } of found) {
    const mapping = space.mappings.find((one) => one.iova === iova);
    if (mapping !== undefined) removeMapping(space, mapping);
  }
}
