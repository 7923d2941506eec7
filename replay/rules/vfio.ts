/** Which rule takes which kind of VFIO's events. */
import type { Kind } from '../../traces/index.js';
import type { Rule } from '../engine/engine.js';
import { configAccess } from './vfio-config.js';
import { close, open, power, request, reset, setIrqs } from './vfio-device.js';
import { dmaMap, dmaUnmap } from './vfio-dma.js';
import { ioctl } from './vfio-ioctl.js';
import { mmap, munmap, pageFault } from './vfio-memory.js';
import { regionAccess } from './vfio-region.js';

export const VFIO_RULES: Readonly<Partial<Record<Kind, Rule>>> = {
  ioctl,
  'config.read': configAccess,
  'config.write': configAccess,
  'region.read': regionAccess,
  'region.write': regionAccess,
  mmap,
  munmap,
  'fault.page': pageFault,
  'dma.map': dmaMap,
  'dma.unmap': dmaUnmap,
  'device.open': open,
  'device.close': close,
  'device.request': request,
  'irq.set': setIrqs,
  reset,
  power,
};
