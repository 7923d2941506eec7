/** Which rule takes which kind of VFIO's events. */
import type { Kind } from '../../traces/index.js';
import type { Rule } from '../engine/engine.js';
import { STIMULUS } from '../engine/verdict.js';
import { busError, dmaFault } from './faults.js';
import { configAccess } from './vfio-config.js';
import { close, open, power, request, reset, setIrqs } from './vfio-device.js';
import { dmaMap, dmaUnmap } from './vfio-dma-runs.js';
import { ioctl } from './vfio-ioctl.js';
import { mmap, munmap, pageFault } from './vfio-memory.js';
import { regionAccess } from './vfio-region.js';

export const VFIO_RULES: Readonly<Partial<Record<Kind, Rule>>> = {
  ioctl: ioctl,
  'config.read': configAccess,
  'config.write': configAccess,
  'region.read': regionAccess,
  'region.write': regionAccess,
  mmap: mmap,
  munmap,
  'fault.page': pageFault,
  'fault.bus': busError,
  'fault.dma': dmaFault,
  'dma.map': dmaMap,
  'dma.unmap': dmaUnmap,
  'device.open': open,
  'device.close': close,
  'device.request': request,
  'irq.set': setIrqs,
  reset,
  power,
};

/**
 * System calls that strace saw are what the kernel's own functions show in more detail: where both
 * were recorded, the kernel's count.
 */
const kernelFirst =
  (rule: Rule): Rule =>
  (engine, e) =>
    engine.records('vfio_pci_core_enable') ? STIMULUS : rule(engine, e);

/** Rules for what strace recorded, where they are others. */
export const STRACE_RULES: Readonly<Partial<Record<Kind, Rule>>> = {
  ioctl: kernelFirst(ioctl),
  'config.read': kernelFirst(configAccess),
  'config.write': kernelFirst(configAccess),
  'region.read': kernelFirst(regionAccess),
  'region.write': kernelFirst(regionAccess),
  mmap: kernelFirst(mmap),
};
