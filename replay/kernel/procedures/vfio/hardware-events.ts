/** What functions do by themselves: interrupts, and DMA that the IOMMU lets through or not. */
import { DMA_MAP } from '../../../model/iommu/type1.js';
import { peek } from '../../../model/vfio-pci-core/little-endian.js';
import type { Kernel } from '../../kernel.js';
import { procedure } from '../../steps.js';
import { FILE, GROUP } from '../../vfio-cells.js';
import { actionOf } from './common.js';
import { configOf } from './device.js';
import { raise } from './irqs.js';

const COMMAND = 4;
const COMMAND_MASTER = 4;

/**
 * A function reads or writes memory. Of one whose group VFIO owns, only what its container maps is
 * reached; others do not concern VFIO.
 */
function dma(k: Kernel, dev: number, iova: number, write: boolean): void {
  const container = k.get(k.vfio.group(k.placeOf(dev)) + GROUP.container);
  if (container === 0 || (peek(configOf(k, dev), COMMAND, 2) & COMMAND_MASTER) === 0) return;
  const isSet = k.get(k.vfio.file(container) + FILE.iommu) !== 0;
  const mappings = isSet ? k.vfio.dma(container).mappings : [];
  const at = BigInt(iova);
  const mapping = mappings.find((m) => m.iova <= at && at < m.iova + m.size);
  const need = write ? DMA_MAP.WRITE : DMA_MAP.READ;
  if (mapping !== undefined && (mapping.flags & need) !== 0) return;
  const device = k.placeOf(dev).address;
  k.pointCall({ call: 'io_page_fault', device, offset: iova, value: Number(write) });
}

export const HARDWARE_EVENTS = [
  procedure('interrupt', {
    raise: (k) => {
      const { index, vector } = actionOf<'interrupt'>(k);
      const dev = k.findDevice(k.doing.place);
      if (dev !== 0) raise(k, dev, index, vector);
      k.done(0);
    },
  }),

  procedure('dma', {
    transfer: (k) => {
      const { iova, write } = actionOf<'dma'>(k);
      const dev = k.findDevice(k.doing.place);
      if (dev !== 0) dma(k, dev, iova, write);
      k.done(0);
    },
  }),
];
