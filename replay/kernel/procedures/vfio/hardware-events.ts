/** What functions do by themselves: interrupts, and DMA that the IOMMU lets through or not. */
import { DMA_MAP } from '../../../model/iommu/type1.js';
import { MAP } from '../../../model/iommufd/index.js';
import { isAsleep } from '../../../model/power/power-state.js';
import { peek } from '../../../model/vfio-pci-core/little-endian.js';
import { IRQ } from '../../../model/vfio-pci-core/open-device.js';
import type { Kernel } from '../../kernel.js';
import { FAULT, POWER } from '../../layout.js';
import { procedure } from '../../steps.js';
import { FILE, GROUP } from '../../vfio-cells.js';
import { isPowered } from '../power/counts.js';
import { actionOf } from './common.js';
import { configOf } from './device.js';
import { eventfdOf, raise } from './irqs.js';

const COMMAND = 4;
const COMMAND_MASTER = 4;

function containerMaps(k: Kernel, container: number, iova: bigint, write: boolean): boolean {
  const isSet = k.get(k.vfio.file(container) + FILE.iommu) !== 0;
  const mappings = isSet ? k.vfio.dma(container).mappings : [];
  const mapping = mappings.find((m) => m.iova <= iova && iova < m.iova + m.size);
  const need = write ? DMA_MAP.WRITE : DMA_MAP.READ;
  return mapping !== undefined && (mapping.flags & need) !== 0;
}

/** What a function reaches by the page table of its group; all is blocked without one. */
function iommufdMaps(k: Kernel, dev: number, iova: bigint, write: boolean): boolean {
  const group = k.groupOf(dev);
  const { groups, objects } = k.vfio.context(k.get(group + GROUP.owner));
  const table = objects.get(groups.get(String(k.vfio.numberOfGroup(group))) ?? 0);
  const ioas = table?.type === 'hwpt' ? objects.get(table.ioas) : undefined;
  const areas = ioas?.type === 'ioas' ? ioas.space.areas : [];
  const area = areas.find((one) => one.iova <= iova && iova <= one.last);
  return area !== undefined && (area.flags & (write ? MAP.WRITE : MAP.READ)) !== 0;
}

/**
 * A function reads or writes memory. Of one whose group VFIO owns, only what its container or
 * iommufd maps is reached; others do not concern VFIO.
 */
function dma(k: Kernel, dev: number, iova: number, write: boolean): void {
  const group = k.groupOf(dev);
  const container = k.get(group + GROUP.container);
  const iommufd = k.get(group + GROUP.owner);
  if (container === 0 && iommufd === 0) return;
  if ((peek(configOf(k, dev), COMMAND, 2) & COMMAND_MASTER) === 0) return;
  const at = BigInt(iova);
  if (container !== 0 ? containerMaps(k, container, at, write) : iommufdMaps(k, dev, at, write)) {
    return;
  }
  const device = k.placeOf(dev).address;
  k.pointCall({ call: 'io_page_fault', device, offset: iova, value: Number(write) });
}

/** The function of the operation; 0 when there is none that does anything: one that sleeps. */
function acting(k: Kernel): number {
  const dev = k.findDevice(k.doing.place);
  if (dev === 0 || !isPowered(k, dev)) return dev;
  return isAsleep(k.get(k.power(dev) + POWER.state)) ? 0 : dev;
}

export const HARDWARE_EVENTS = [
  procedure('interrupt', {
    raise: (k) => {
      const { index, vector } = actionOf<'interrupt'>(k);
      const dev = acting(k);
      const isSplit = index === IRQ.INTX && k.hasBug('intxHandlerGoes');
      k.n = dev === 0 ? 0 : eventfdOf(k, dev, index, vector);
      if (isSplit && k.n !== 0) {
        k.dev = dev;
        return undefined;
      }
      if (dev !== 0) raise(k, dev, index, vector);
      return k.done(0);
    },
    // Its user may have replaced the eventfd since the handler read it.
    signal: (k) => {
      const { index, vector } = actionOf<'interrupt'>(k);
      if (eventfdOf(k, k.dev, index, vector) !== k.n) k.fault(FAULT.interruptUseAfterFree);
      else raise(k, k.dev, index, vector);
      return k.done(0);
    },
  }),

  procedure('dma', {
    transfer: (k) => {
      const { iova, write } = actionOf<'dma'>(k);
      const dev = acting(k);
      if (dev !== 0) dma(k, dev, iova, write);
      k.done(0);
    },
  }),
];
