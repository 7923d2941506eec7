/** The rules of VFIO's kinds of events. */
import type { Kind } from '../../../traces/index.js';
import type { Rule } from '../engine/engine.js';
import { STIMULUS } from '../engine/verdict.js';
import { learnWrite } from './config-registers.js';
import { covered } from './covered-devices.js';
import { aerEvent, eventfd, learnBusReset, recovery } from './error-recovery.js';
import { busError, dmaFault } from './fault-rules.js';
import { closeMdev, mdevRegion, openMdev, orAnyMdev, orMdev } from './mdev-device.js';
import { copyRead } from './own-regions.js';
import { power } from './power-states.js';
import { straceRead } from './strace-values.js';
import { cdevOpened } from './vfio-cdev.js';
import { configAccess } from './vfio-config.js';
import { containerOpened, groupOpened } from './vfio-container.js';
import { iommufdClosed, systemCall } from './vfio-descriptors.js';
import { close, open, request, reset, setIrqs } from './vfio-device.js';
import { dmaMap, dmaUnmap } from './vfio-dma-runs.js';
import { ioctl } from './vfio-ioctl.js';
import { mmap, munmap, pageFault } from './vfio-memory.js';
import { regionAccess } from './vfio-region.js';

/** Accesses of a user through VFIO, not those of the kernel and of sysfs. */
const ofUser = covered(configAccess, 'config');
const config: Rule = (engine, e) =>
  e.path === 'kernel' || e.path === 'sysfs'
    ? configAccess(engine, e)
    : (copyRead(engine, e) ?? ofUser(engine, e));

const IOCTL = orMdev(ioctl, covered(ioctl, 'regions'));
const REGION = orMdev(mdevRegion, covered(regionAccess, 'regions'));
const MMAP = covered(mmap, 'regions');

export const VFIO_RULES: Readonly<Partial<Record<Kind, Rule>>> = {
  syscall: systemCall,
  'file.open': (engine, e) => {
    cdevOpened(engine, e);
    return containerOpened(engine, e);
  },
  'group.open': groupOpened,
  'file.close': iommufdClosed,
  ioctl: IOCTL,
  'config.read': config,
  'config.write': config,
  'region.read': REGION,
  'region.write': REGION,
  mmap: MMAP,
  munmap: covered(munmap),
  'fault.page': covered(pageFault, 'regions'),
  'fault.bus': covered(busError),
  'fault.dma': dmaFault,
  'dma.map': dmaMap,
  'dma.unmap': dmaUnmap,
  'device.open': orAnyMdev(openMdev, covered(open)),
  'device.close': orAnyMdev(closeMdev, covered(close)),
  // The core's own function: every caller has a device of vfio-pci-core.
  'device.request': request,
  'irq.set': covered(setIrqs),
  reset: (engine, e) => {
    learnBusReset(engine, e);
    return reset(engine, e);
  },
  power,
  'fault.aer': aerEvent,
  recovery,
  eventfd,
};

/**
 * System calls that strace saw are what the kernel's own functions show in more detail: where both
 * were recorded, the kernel's count.
 */
const kernelFirst =
  (rule: Rule): Rule =>
  (engine, e) =>
    engine.records('vfio_pci_core_enable') ? STIMULUS : rule(engine, e);

/** The value that a user received is judged in both cases. */
const straceConfigRead: Rule = (engine, e) => {
  const verdict = kernelFirst(config)(engine, e);
  if (verdict.type === 'diverge') return verdict;
  return straceRead(engine, e) ?? verdict;
};

const straceConfigWrite: Rule = (engine, e) => {
  learnWrite(engine, e);
  return kernelFirst(config)(engine, e);
};

/** Rules for what strace recorded, where they are others. */
export const STRACE_RULES: Readonly<Partial<Record<Kind, Rule>>> = {
  ioctl: kernelFirst(IOCTL),
  'config.read': straceConfigRead,
  'config.write': straceConfigWrite,
  'region.read': kernelFirst(REGION),
  'region.write': kernelFirst(REGION),
  mmap: kernelFirst(MMAP),
  // It names the files in its own events.
  syscall: () => STIMULUS,
};
