/**
 * GPUs whose memory the CPU reaches coherently: the driver shows it as BARs 2 and 4, which the
 * device does not have (kernel drivers/vfio/pci/nvgrace-gpu/main.c 6.9 to 6.19).
 */
import { ERRNO } from '../../../traces/index.js';
import { REGION } from '../vfio-pci-core/regions.js';
import { defineVfioPci, pciIds } from './driver.js';
import { NVGRACE_ROWS } from './nvgrace-gpu-rows.js';
import { accessPart, hasMigBug, mapPart, NO_PART, type Part, split } from './nvgrace-memory.js';
import { overlap, type ProbeFacts, type RegionAccess, variant } from './variant.js';

/** What firmware says of the memory; without both, the driver leaves the device to the core. */
const PROPERTY = { SIZE: 'nvidia,gpu-mem-size', BASE: 'nvidia,gpu-mem-base-pa' } as const;
/** 1 when another driver has claimed BAR 0. */
const CLAIMED = 'bar0-claimed';
/**
 * The kernel from which on the probe maps BAR 0 and waits, 30 seconds at most, until its registers
 * show that memory and link are ready. The result of waiting in vain is lost: the probe goes on.
 */
const WAITS_SINCE = 6014;

/** A register of 64 bits in configuration space, for each part of the memory. */
const RESMEM = { region: 2, register: 0x18 } as const;
const USEMEM = { region: 4, register: 0x20 } as const;
const REGISTER_BYTES = 8;
/** 64 bits wide, prefetchable. */
const BAR_FLAGS = 0xcn;

/** A part of the memory, with what the user has written into its register. */
interface FakeBar extends Part {
  readonly bar: Uint8Array;
}

interface Nvgrace {
  readonly usemem: FakeBar;
  readonly resmem: FakeBar;
}

const zeroed = (part: Part): FakeBar => ({ ...part, bar: new Uint8Array(REGISTER_BYTES) });
const withZeroBars = ({ usemem, resmem }: Nvgrace): Nvgrace => ({
  usemem: zeroed(usemem),
  resmem: zeroed(resmem),
});

function probe({ config, properties, version }: ProbeFacts): Nvgrace | number {
  if (version >= WAITS_SINCE && properties[CLAIMED] === 1) return -ERRNO.EBUSY;
  const total = properties[PROPERTY.SIZE] ?? 0;
  if (total === 0 || properties[PROPERTY.BASE] === undefined) {
    return { usemem: zeroed(NO_PART), resmem: zeroed(NO_PART) };
  }
  const parts = split(total, hasMigBug(config));
  return typeof parts === 'number'
    ? parts
    : { usemem: zeroed(parts.usemem), resmem: zeroed(parts.resmem) };
}

/** The part of the memory that a region is; undefined for a region of the device's own. */
function partAt({ usemem, resmem }: Nvgrace, region: number): FakeBar | undefined {
  if (region === USEMEM.region && usemem.length > 0) return usemem;
  return region === RESMEM.region && resmem.length > 0 ? resmem : undefined;
}

/**
 * The register that an access to configuration space is about. The first that it touches decides:
 * where there is no `resmem`, an access to both registers reaches neither.
 */
function registerAt(own: Nvgrace, access: RegionAccess) {
  for (const { region, register } of [RESMEM, USEMEM]) {
    const shared = overlap(access, register, REGISTER_BYTES);
    if (shared === null) continue;
    const part = partAt(own, region);
    return part === undefined ? null : { part, shared, name: NAMES[region] };
  }
  return null;
}

const NAMES = { [RESMEM.region]: 'resmem', [USEMEM.region]: 'usemem' } as const;

/** The address bits that a BAR of its size has. */
function shown({ bar, barSize }: FakeBar): Uint8Array {
  const view = new DataView(bar.buffer.slice(bar.byteOffset, bar.byteOffset + REGISTER_BYTES));
  const stored = view.getBigUint64(0, true);
  view.setBigUint64(0, (stored & ~(BigInt(barSize) - 1n)) | BAR_FLAGS, true);
  return new Uint8Array(view.buffer);
}

function written(own: Nvgrace, access: RegionAccess) {
  const found = registerAt(own, access);
  if (found === null) return { by: 'core' } as const;
  const { part, shared, name } = found;
  const bar = part.bar.slice();
  bar.set(access.data.subarray(shared.at, shared.at + shared.count), shared.from);
  return { by: 'driver', ret: shared.count, own: { ...own, [name]: { ...part, bar } } } as const;
}

export const nvgraceGpuVfioPci = defineVfioPci({
  name: 'nvgrace_gpu_vfio_pci',
  probe: 'nvgrace_gpu_probe',
  kernels: '6.9 to 6.19',
  table: pciIds(0x10de, 0x2342, 0x2345, 0x2348, 0x2941, 0x31c2),
  own: ['config', 'regions'],
  rows: NVGRACE_ROWS,
  variant: variant<Nvgrace>({
    doors: { read: 'nvgrace_gpu_read', write: 'nvgrace_gpu_write', mmap: 'nvgrace_gpu_mmap' },
    probe,
    open: withZeroBars,

    region(own, index) {
      const part = partAt(own, index);
      return part && { size: part.barSize, mmap: true, sparse: part.length };
    },

    ioctl(own, name, [argsz, , index]) {
      if (name === 'VFIO_DEVICE_RESET') return { by: 'core', own: withZeroBars(own) };
      if (name === 'VFIO_DEVICE_IOEVENTFD' && own.usemem.length > 0) {
        return { by: 'driver', results: [-ERRNO.ENOTTY] };
      }
      if (name !== 'VFIO_DEVICE_GET_REGION_INFO' || !partAt(own, index)) return undefined;
      return { by: 'driver', results: [argsz < 32 ? -ERRNO.EINVAL : 0] };
    },

    read(own, access) {
      const part = partAt(own, access.region);
      if (part !== undefined) return accessPart(part, access);
      const found = access.region === REGION.CONFIG ? registerAt(own, access) : null;
      if (found === null) return { by: 'core' };
      const { part: fake, shared } = found;
      const bytes = shown(fake).subarray(shared.from, shared.from + shared.count);
      return { by: 'core', over: [{ at: shared.at, bytes }] };
    },

    write(own, access) {
      const part = partAt(own, access.region);
      if (part !== undefined) return { by: 'driver', ret: accessPart(part, access).ret };
      return access.region === REGION.CONFIG ? written(own, access) : { by: 'core' };
    },

    mmap(own, region, offset, length) {
      const part = partAt(own, region);
      return part && mapPart(part, offset, length);
    },
  }),
});
