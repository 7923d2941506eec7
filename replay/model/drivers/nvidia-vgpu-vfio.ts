/**
 * nvidia-vgpu-vfio, as posted for comments in 2025 (drivers/vfio/pci/nvidia-vgpu): a VF is a vGPU
 * of a type, and its configuration space is software. The posting opens the device by itself; here
 * it is opened as vfio-pci-core opens one.
 */
import { ERRNO } from '../../../traces/index.js';
import { peek, poke } from '../vfio-pci-core/little-endian.js';
import { defineVfioPci, pciClass } from './driver.js';
import { rows } from './model-row.js';
import { overlap, type Properties, type RegionAccess, type Served, variant } from './variant.js';
import { PROPERTY } from './vgpu-types.js';

const CONFIG = 7;
/** MSI-X is the hardware's. */
const MSIX = { at: 0x7c, bytes: 0xc } as const;
const COMMAND = 4;
const STATUS = 6;
const BAR = { FIRST: 0x10, BAR1: 0x14, BAR1_HIGH: 0x18, BAR3: 0x1c, BAR3_HIGH: 0x20 } as const;
const FLAGS_64_PREFETCHABLE = 0xc;
const MAPPED_REGIONS = 5;
const MIB = 2 ** 20;
/** Firmware that the driver was written for: 1; any other number is another one. */
const SUPPORTED_FIRMWARE = 1;

interface Vgpu {
  /** Null: its type is not known. */
  readonly type: number | null;
  readonly bytes: readonly number[];
  /** Sizes of BAR 0, 1 and 3. */
  readonly sizes: readonly [bar0: number, bar1: number, bar3: number];
}

/** Configuration space as it is when the device is opened. */
function configOf(type: number, properties: Properties): number[] {
  const bytes = new Uint8Array(256);
  const id = properties[PROPERTY.vdevId(type)] ?? 0;
  poke(bytes, 0, 2, 0x10de);
  poke(bytes, 2, 2, Math.floor(id / 0x10000));
  poke(bytes, STATUS, 2, 0x10);
  poke(bytes, 0x0b, 1, 3);
  poke(bytes, BAR.BAR1, 4, FLAGS_64_PREFETCHABLE);
  poke(bytes, BAR.BAR3, 4, FLAGS_64_PREFETCHABLE);
  poke(bytes, 0x2c, 2, 0x10de);
  poke(bytes, 0x2e, 2, id % 0x10000);
  bytes[0x34] = MSIX.at;
  return [...bytes];
}

/** A byte of the hardware's, or one that depends on it. */
const isHardware = (offset: number): boolean =>
  (offset >= MSIX.at && offset < MSIX.at + MSIX.bytes) ||
  offset === 8 ||
  (offset >= STATUS && offset < STATUS + 2);

function readConfig({ type, bytes }: Vgpu, { offset, count }: RegionAccess): Served<Vgpu> {
  const byte = (at: number) =>
    type === null || isHardware(offset + at) ? null : (bytes[offset + at] ?? 0);
  return { by: 'driver', ret: count, byte };
}

/** The address bits of a BAR, low and high. */
const low = (size: number): number => Number(BigInt.asUintN(32, -BigInt(size)) & ~0xfn);
const high = (size: number): number => Number(BigInt.asUintN(64, -BigInt(size)) >> 32n);

function maskOf({ sizes: [bar0, bar1, bar3] }: Vgpu, offset: number): number | null {
  switch (offset) {
    case BAR.FIRST:
      return low(bar0);
    case BAR.BAR1:
      return low(bar1);
    case BAR.BAR1_HIGH:
      return high(bar1);
    case BAR.BAR3:
      return low(bar3);
    case BAR.BAR3_HIGH:
      return high(bar3);
    default:
      return null;
  }
}

/** Registers of BARs keep the bits that their sizes allow; COMMAND keeps all. */
function writeConfig(own: Vgpu, { offset, count, data }: RegionAccess): Served<Vgpu> {
  const done = { by: 'driver', ret: count } as const;
  if (own.type === null) return done;
  const mask = maskOf(own, offset);
  const bytes = Uint8Array.from(own.bytes);
  if (mask !== null && count === 4) {
    const kept = (peek(data, 0, 4) & mask) >>> 0;
    poke(bytes, offset, 4, (kept | (bytes[offset] & 0xf)) >>> 0);
  } else if (overlap({ offset, count }, COMMAND, 2) !== null && offset === COMMAND) {
    bytes.set(data.subarray(0, Math.min(count, 2)), COMMAND);
  } else return done;
  return { ...done, own: { ...own, bytes: [...bytes] } };
}

const INVALID = { by: 'driver', ret: -ERRNO.EINVAL } as const;

/** BAR 0 is mapped by the driver at the first access; the hardware answers. */
const bar0 = ({ count }: RegionAccess): Served<Vgpu> => ({
  by: 'driver',
  ret: count,
  byte: () => null,
  mayFail: true,
});

export const nvidiaVgpuVfio = defineVfioPci({
  name: 'nvidia-vgpu-vfio',
  kernels: 'posted, RFC',
  table: [pciClass(0x030200, 0xff_ffff, 0x10de)],
  overrideOnly: false,
  own: ['config', 'regions'],
  variant: variant<Vgpu>({
    ownsConfig: true,
    doors: {
      read: 'nvidia_vgpu_vfio_read',
      write: 'nvidia_vgpu_vfio_write',
      mmap: 'nvidia_vgpu_vfio_mmap',
    },
    probe({ fn, properties }) {
      const firmware = properties[PROPERTY.FIRMWARE] ?? SUPPORTED_FIRMWARE;
      if (!fn.isVf || firmware !== SUPPORTED_FIRMWARE) return -ERRNO.EINVAL;
      const type = properties[PROPERTY.CHOSEN] ?? null;
      const sizeOf = (bar: number) => {
        const { start = 0, end = 0 } = fn.resources[bar] ?? {};
        return end > start ? end - start + 1 : 0;
      };
      const bar1 = type === null ? 0 : (properties[PROPERTY.bar1(type)] ?? 0) * MIB;
      return {
        type,
        bytes: type === null ? [] : configOf(type, properties),
        sizes: [sizeOf(0), bar1, sizeOf(3)],
      };
    },
    opens: ({ type }) => (type === null ? -ERRNO.ENODEV : 0),
    read: (own, access) =>
      access.region === CONFIG
        ? readConfig(own, access)
        : access.region === 0
          ? bar0(access)
          : INVALID,
    write: (own, access) =>
      access.region === CONFIG
        ? writeConfig(own, access)
        : access.region === 0
          ? bar0(access)
          : INVALID,
    ioctl: (_own, name) =>
      name === 'VFIO_DEVICE_RESET' || name === 'VFIO_DEVICE_PCI_HOT_RESET'
        ? { by: 'driver', results: [0] }
        : undefined,
    mmap: ({ sizes }, region) =>
      region < MAPPED_REGIONS && (region !== 0 || sizes[0] > 0) ? 0 : -ERRNO.EINVAL,
  }),
  rows: rows(
    'nvidia-vgpu',
    'RFC posting of the NVIDIA vGPU VFIO driver',
    ['ids', 'any device of NVIDIA of class 0x0302 matches, not by override only'],
    ['vf-only', 'the probe of a function that is not a VF is -EINVAL'],
    ['no-type', 'opening a device without a type is -ENODEV'],
    ['type-busy', 'a type that is written while the device is open: -EBUSY'],
    ['type-unknown', 'a type that there is not: -ENODEV'],
    ['type-mixed', 'another type than that of the GPU: -EINVAL'],
    ['type-exhausted', 'no instance of the type is left: -ENOSPC'],
    ['type-counted-twice', 'a type that a VF has already is counted again when it is written'],
    ['config', 'configuration space is of software: ids of the type, BAR 0, 1 and 3'],
    ['sizing', 'registers of BARs keep the bits that their sizes allow'],
    ['regions', 'reads and writes of other regions than BAR 0 and configuration space: -EINVAL'],
    ['reset', 'RESET and PCI_HOT_RESET return 0 and do nothing'],
    ['version', 'a version of the firmware that is not in the list: -EINVAL'],
  ),
});
