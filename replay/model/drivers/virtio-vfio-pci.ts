/**
 * VFs of virtio network and block devices. Where the PF has the admin commands for it, a network VF
 * looks transitional to its user, with an I/O BAR 0 that these commands serve (kernel
 * drivers/vfio/pci/virtio/main.c and legacy_io.c 6.13); and it can migrate (migrate.c 6.13).
 */
import { ERRNO } from '../../../traces/index.js';
import { fileRules } from '../vfio/migration-file.js';
import type { MigrationModel } from '../vfio/migration-state.js';
import { isIo, lengthOf, resourceOf } from '../vfio-pci-core/pci-function.js';
import { REGION } from '../vfio-pci-core/regions.js';
import { defineVfioPci, pciIds } from './driver.js';
import { everyArc } from './migration-arcs.js';
import { rows } from './model-row.js';
import {
  type Overlay,
  overlap,
  type RegionAccess,
  type Served,
  type Shown,
  variant,
} from './variant.js';

/** What the PF's admin commands can do: serve legacy devices, read and set parts of a device. */
const LEGACY = 'legacy-admin-commands';
const PARTS = 'device-parts';
/** The errno with which the PF refuses to say where the notification register is; 0 if it does. */
const NOTIFY_ERRNO = 'notify-info-errno';
const NET = 0x1041;

/** Bytes of BAR 0: the legacy header with MSI-X, and the configuration of a network device. */
const BAR_BYTES = 32;
const NOTIFY = { at: 16, bytes: 2 } as const;
const COMMAND_IO = 1;

/** A transitional device has what its user wrote of two registers; others have nothing. */
interface Virtio {
  readonly command?: Uint8Array;
  readonly bar0?: Uint8Array;
}

const REGISTERS = { command: { at: 4, bytes: 2 }, bar0: { at: 0x10, bytes: 4 } } as const;

/** Registers of a transitional network device, by their offsets. */
const FIXED: readonly (readonly [at: number, bytes: readonly number[]])[] = [
  [0x02, [0x00, 0x10]],
  [0x08, [0x00]],
  [0x2c, [0xf4, 0x1a, 0x01, 0x00]],
];

const isTransitional = (own: Virtio): own is Required<Virtio> => own.command !== undefined;

/** A register over what the core has read, if the access touches it. */
function over(access: RegionAccess, at: number, bytes: readonly number[]): Overlay[] {
  const shared = overlap(access, at, bytes.length);
  if (shared === null) return [];
  const part = Uint8Array.from(bytes.slice(shared.from, shared.from + shared.count));
  return [{ at: shared.at, bytes: part }];
}

function overlays({ bar0 }: Required<Virtio>, access: RegionAccess): Overlay[] {
  return [
    ...FIXED.flatMap(([at, bytes]) => over(access, at, bytes)),
    ...over(access, REGISTERS.bar0.at, [(bar0[0] & ~(BAR_BYTES - 1)) | 1, ...bar0.slice(1)]),
  ];
}

/** Bit IO of COMMAND is set in what the core has read, whose other bits stay. */
function shown(own: Virtio, access: RegionAccess, core: Shown): Shown {
  if (!isTransitional(own) || access.region !== REGION.CONFIG) return core;
  const at = REGISTERS.command.at - access.offset;
  const io = own.command[0] & COMMAND_IO;
  return core.map((byte, i) => (byte === null || i !== at ? byte : byte | io));
}

/** The bytes of a register after a write. */
function stored(bytes: Uint8Array, register: number, access: RegionAccess): Uint8Array {
  const shared = overlap(access, register, bytes.length);
  if (shared === null) return bytes;
  const after = bytes.slice();
  after.set(access.data.subarray(shared.at, shared.at + shared.count), shared.from);
  return after;
}

/** An admin command serves all but the notification, which is a register of the VF. */
function bar0Access({ command }: Required<Virtio>, access: RegionAccess): Served<Virtio> {
  const { offset, count } = access;
  const refused = (errno: number) => ({ by: 'driver', ret: -errno }) as const;
  if (count === 0) return { by: 'driver', ret: 0 };
  if ((command[0] & COMMAND_IO) === 0) return refused(ERRNO.EIO);
  if (offset + count > BAR_BYTES) return refused(ERRNO.EINVAL);
  if (offset === NOTIFY.at && count !== NOTIFY.bytes) return refused(ERRNO.EINVAL);
  return { by: 'driver', ret: count, mayFail: true };
}

function read(own: Virtio, access: RegionAccess): Served<Virtio> {
  if (!isTransitional(own)) return { by: 'core' };
  if (access.region === 0) return bar0Access(own, access);
  return access.region === REGION.CONFIG
    ? { by: 'core', over: overlays(own, access) }
    : { by: 'core' };
}

function write(own: Virtio, access: RegionAccess): Served<Virtio> {
  if (!isTransitional(own)) return { by: 'core' };
  if (access.region === 0) return bar0Access(own, access);
  if (access.region !== REGION.CONFIG) return { by: 'core' };
  const command = stored(own.command, REGISTERS.command.at, access);
  const bar0 = stored(own.bar0, REGISTERS.bar0.at, access);
  return { by: 'core', own: { command, bar0 } };
}

/** A record of the stream has a header of 16 bytes; the bytes of a device are its own choice. */
const RECORD_BYTES = 16 + 1024;

/** It can migrate, and copy while it runs, from Linux 6.13 on. */
const virtioMigration: MigrationModel = {
  ...everyArc,
  files: fileRules('virtiovf_mig', RECORD_BYTES, 2 * RECORD_BYTES),
  needs: PARTS,
  since: 6013,
};

const noRegisters: Virtio = { command: new Uint8Array(2), bar0: new Uint8Array(4) };

export const virtioVfioPci = defineVfioPci({
  name: 'virtio_vfio_pci',
  probe: 'virtiovf_pci_probe',
  kernels: '6.8 to 7.3',
  table: pciIds(0x1af4, 0x1041, 0x1042),
  own: ['config', 'regions'],
  migration: virtioMigration,
  variant: variant<Virtio>({
    doors: { read: 'virtiovf_pci_core_read', write: 'virtiovf_pci_core_write' },
    probe({ fn, properties }) {
      const bar0 = resourceOf(fn, 0);
      const hasIoBar = isIo(bar0) && lengthOf(bar0) > 0;
      const can = fn.isVf && fn.device === NET && properties[LEGACY] === 1 && !hasIoBar;
      if (!can) return {};
      const { [NOTIFY_ERRNO]: errno = 0 } = properties;
      return errno === 0 ? noRegisters : -errno;
    },
    region: (own, index) =>
      isTransitional(own) && index === 0 ? { size: BAR_BYTES, mmap: false } : undefined,
    ioctl(own, name, [argsz, , index]) {
      const asks = name === 'VFIO_DEVICE_GET_REGION_INFO' && isTransitional(own) && index === 0;
      return asks ? { by: 'driver', results: [argsz < 32 ? -ERRNO.EINVAL : 0] } : undefined;
    },
    read,
    write,
    shown,
    /** The I/O BAR is off after it, until the user turns it on again. */
    resetDone: (own) => (isTransitional(own) ? { ...own, command: new Uint8Array(2) } : own),
  }),
  rows: rows(
    'virtio',
    'drivers/vfio/pci/virtio 6.13',
    ['ids', '1af4:1041, and 1042 for block devices, match by override only'],
    ['ops', 'a network VF without an I/O BAR is transitional if the PF has legacy admin commands'],
    ['overlay', 'device id 0x1000, revision 0, subsystem 1af4:0001, whatever the width of a read'],
    ['command', 'bit IO of COMMAND reads as it was written; the rest is that of the core'],
    ['bar0-sizing', 'BAR 0 reads 0xFFFFFFE1 after a write of all ones'],
    ['config-write', 'a write of COMMAND or BAR 0 is kept, and also reaches the core'],
    ['bar0-info', 'BAR 0 has 32 bytes, READ and WRITE, and cannot be mapped'],
    ['bar0-off', 'an access to BAR 0 is -EIO while bit IO of COMMAND is off'],
    ['bar0-bounds', 'an access past BAR 0 is -EINVAL, and is not cut; of 0 bytes it gives 0'],
    ['notify', 'an access to the notification register has 2 bytes, or is -EINVAL'],
    ['admin', 'other accesses are one admin command each, whose errno the user gets'],
    ['reset', 'after a reset bit IO of COMMAND is off'],
    ['abilities', 'from 6.13 on: STOP_COPY, P2P and PRE_COPY, if the PF has device parts'],
    ['arcs', 'every arc of the state machine'],
    ['read-drained', 'a read while the device runs is -ENOMSG when the data is used up'],
    ['closed', 'reads and writes after the driver closed the file are -ENODEV'],
    [
      'record-tag',
      'a record with an unknown tag that is mandatory is -EOPNOTSUPP',
      'the bytes that are written are not recorded',
    ],
    [
      'notify-info',
      'the probe asks the PF where the notification register is, and fails with its errno',
    ],
    [
      'command-choice',
      'the offset selects the admin command, by whether MSI-X is on',
      'no call of the user shows it, and admin commands of the PF are not recorded',
    ],
  ),
});
