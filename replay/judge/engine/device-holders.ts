/**
 * The holders of a device: its driver, the holder of its lock, users of VFIO, and waiting threads.
 */
import { describe } from '../../model/possible.js';
import type { Frame } from './call-frames.js';
import type { Engine } from './engine.js';

/** A kernel function that is under way on a device. */
export interface UnderWay {
  readonly seq: number;
  readonly tid: number;
  readonly what: string;
}

export interface Holders {
  readonly driver: string;
  readonly override: string;
  /** Thread that probes or releases and so has the device lock; null if none is known. */
  readonly lock: number | null;
  /** The device is open through VFIO; null when that is not known. */
  readonly open: boolean | null;
  readonly underWay: readonly UnderWay[];
}

/** Null when the machine has no such device. */
export function holdersOf(engine: Engine, address: string): Holders | null {
  const device = engine.machine.find(address);
  if (device === undefined) return null;
  const frames = engine.frames.allOnDevice(device);
  const holder = frames.find(
    (f) => f.type === '__driver_probe_device' || (f.type === 'release' && f.removed),
  );
  const user = engine.vfio.functions.get(address);
  return {
    driver: describe(device.driver),
    override: describe(device.override),
    lock: holder?.tid ?? null,
    open: user === undefined ? false : user.open === 'unknown' ? null : user.open !== 'closed',
    underWay: frames.map((frame) => ({ seq: frame.seq, tid: frame.tid, what: whatOf(frame) })),
  };
}

function whatOf(frame: Frame): string {
  switch (frame.type) {
    case 'store':
      return `write to ${frame.driver === null ? '' : `${frame.driver}/`}${frame.attribute}`;
    case '__driver_probe_device':
      return `${frame.driver} is tried`;
    case 'really_probe':
    case 'pci_device_probe':
    case 'driver_probe':
      return `${frame.driver} probes (${frame.type})`;
    case 'attach':
      return `${frame.driver} is bound by hand`;
    case 'release':
      return `${frame.driver ?? 'no driver'} is released`;
    case 'enable':
      return `${frame.vfs} VFs are enabled`;
    case 'add-vf':
      return `VF ${frame.index} is added`;
    default:
      return frame.type;
  }
}
