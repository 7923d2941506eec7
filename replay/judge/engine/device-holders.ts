/** Who has a device: its driver, the holder of its lock, users of VFIO, and who waits. */
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
  /** Thread that probes or releases and so has the device lock; null when nobody is known to. */
  readonly lock: number | null;
  /** Somebody has it open through VFIO; null when that is not known. */
  readonly open: boolean | null;
  readonly underWay: readonly UnderWay[];
}

/** Null when the machine has no such device. */
export function holdersOf(engine: Engine, address: string): Holders | null {
  const device = engine.machine.find(address);
  if (device === undefined) return null;
  const frames = engine.frames.allOnDevice(device);
  const holder = frames.find((f) => f.type === 'match' || (f.type === 'release' && f.removed));
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
    case 'match':
      return `${frame.driver} is tried`;
    case 'really':
    case 'bus':
    case 'own':
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
