/**
 * Accesses of a device's regions (vfio_pci_rw, kernel drivers/vfio/pci/vfio_pci_core.c and
 * vfio_pci_config.c 6.1).
 */
import { ERRNO } from '../../../../traces/index.js';
import { RPM_FLAG } from '../../../model/power/runtime-pm.js';
import {
  answerAccess,
  beginAccess,
  type ConfigAccess,
} from '../../../model/vfio-pci-core/config-access.js';
import type { WriteContext } from '../../../model/vfio-pci-core/config-write.js';
import { copyReads, shownByte } from '../../../model/vfio-pci-core/device-regions.js';
import { type Answer, DONE, type Effect } from '../../../model/vfio-pci-core/effects.js';
import { peek, poke, type Width } from '../../../model/vfio-pci-core/little-endian.js';
import { IRQ, type OpenDevice } from '../../../model/vfio-pci-core/open-device.js';
import { ROM } from '../../../model/vfio-pci-core/pci-function.js';
import {
  barAccess,
  deviceRegion,
  REGION,
  REGIONS,
  serveDeviceRegion,
} from '../../../model/vfio-pci-core/regions.js';
import type { CallAnswer, CallName } from '../../calls.js';
import { writeRegister } from '../../hardware.js';
import type { Kernel } from '../../kernel.js';
import { DEVICE, FAULT } from '../../layout.js';
import { joined, procedure, takes } from '../../steps.js';
import { FILE, VDEV } from '../../vfio-cells.js';
import { isPowered, put } from '../power/counts.js';
import { wakeByCall } from '../power/low-power.js';
import {
  actionOf,
  addressOf,
  checkDeviceFile,
  EBADF,
  fileOf,
  isMediated,
  vdevOf,
} from './common.js';
import { configOf, setPower } from './device.js';
import { ENDS_WITH_FILE, holdFile } from './held-file.js';
import { memoryLock, reachesAsleep, reads, zapMappings } from './memory.js';
import { hasDoor } from './variant-hooks.js';

/**
 * From Linux 6.9 on, the event of a read has what the user received; that of a write of up to 4
 * bytes has them.
 */
const GIVEN_SINCE = 6009;
const VALUE_BYTES = 4;

/** Bytes of the access; a variant may pass fewer of them on, which `k.arg` holds. */
const countOf = (k: Kernel): number => (k.arg > 0 ? k.arg : actionOf<'access'>(k).count);

export function begin(k: Kernel, call: CallName): void {
  const { write, region, offset, value } = actionOf<'access'>(k);
  const count = countOf(k);
  const device = addressOf(k);
  const place = { call, write, device, region, offset, length: count };
  k.beginCall(write && count <= VALUE_BYTES ? { ...place, value } : place);
}

/** `vfio_pci_rw` of a region besides those of every PCI device. */
function endOwnRegion(k: Kernel): undefined {
  const { region: index, write, offset, count } = actionOf<'access'>(k);
  const device = k.vfio.openDevice(vdevOf(k))!;
  const ret = serveDeviceRegion(device, index, { offset, count, write })?.[0] ?? -ERRNO.EINVAL;
  const found = ret > 0 && !write ? deviceRegion(device, index) : null;
  const region = found === 'unknown' ? null : found;
  const seen = Array.from({ length: Math.max(ret, 0) }, (_, i) =>
    region === null ? null : shownByte(region, offset + i),
  );
  if (region?.copyOf !== undefined) readCopy(k, region.copyOf, offset, seen);
  return leave(k, ret, givenOf(k, seen, ret));
}

/** `vfio_pci_rw` returns: the device may go to sleep again. */
function leave(k: Kernel, ret: number, given: CallAnswer = {}): undefined {
  if (isPowered(k, k.dev)) put(k, k.dev);
  k.endCall(ret, given);
  return k.done(ret);
}

/** Whether the device has a region: without it, nothing wakes the device. */
function hasRegion(k: Kernel, region: number): boolean {
  const device = k.vfio.openDevice(vdevOf(k))!;
  return region < REGIONS || deviceRegion(device, region) !== null;
}

/** Reads the configuration space of another function, which the region shows. */
function readCopy(k: Kernel, of: string, start: number, seen: (number | null)[]): void {
  const dev = k.findDevice(k.world.place(of));
  if (dev === 0) return;
  const config = configOf(k, dev);
  for (const { offset, width } of copyReads(start, seen.length)) {
    const value = peek(config, offset, width);
    const place = { device: of, region: REGION.CONFIG, offset, length: width };
    k.beginCall({ call: `pci_user_read_config_${WIDTH_NAMES[width]}`, ...place });
    k.endCall(0, { value });
    for (let i = 0; i < width; i++) seen[offset - start + i] = config[offset + i];
  }
}

/** What the end of a read records of the value that the user received. */
export function givenOf(k: Kernel, seen: readonly (number | null)[], ret: number): CallAnswer {
  const { write } = actionOf<'access'>(k);
  const count = countOf(k);
  if (write || ret <= 0 || count > VALUE_BYTES || k.rules.version < GIVEN_SINCE) return {};
  return {
    value: seen.slice(0, ret).reduceRight<number>((all, byte) => all * 256 + (byte ?? 0), 0),
  };
}

function contextOf(k: Kernel, device: OpenDevice): WriteContext {
  const { irqType, fn } = device;
  const hasVfs = k.get(k.dev + DEVICE.numVfs) > 0 && !k.hasBug('sleepingPfGetsVfs');
  return { fn, isMsi: irqType === IRQ.MSI, hasVfs };
}

/** Serves an access on the current device until it needs the hardware. */
function serve(k: Kernel, work: (draft: OpenDevice, context: WriteContext) => ConfigAccess): void {
  const access = k.vfio.changeDevice(vdevOf(k), (draft) => work(draft, contextOf(k, draft)));
  k.vfio.put(k.vfio.access(k.thread), access);
}

function beginConfig(k: Kernel): void {
  const { write, offset, value } = actionOf<'access'>(k);
  const count = countOf(k);
  const data = new Uint8Array(write ? Math.min(count, VALUE_BYTES) : 0);
  if (write) poke(data, 0, data.length as Width, value);
  serve(k, ({ space }, context) => beginAccess(space, context, { write, offset, count, data }));
}

/** Resumes the current access with the result of its effect. */
function answer(k: Kernel, told: Answer): void {
  const draft = k.vfio.values.draft<ConfigAccess>(k.get(k.vfio.access(k.thread)));
  const { done } = draft;
  serve(k, ({ space }, context) => {
    answerAccess(space, context, draft, told);
    return draft;
  });
  // The part of a write that the header handles ends with it.
  if (k.n === 0 || (draft.done === done && draft.result === null)) return;
  k.endCall(k.n);
  k.n = 0;
  if (k.holds(memoryLock(k))) k.release(memoryLock(k));
}

const COMMAND = 4;
const COMMAND_INTX_OFF = 0x400;
const WIDTH_NAMES = { 1: 'byte', 2: 'word', 4: 'dword' } as const;

function readHardware(k: Kernel, offset: number, width: Width): Answer {
  const recorded = k.hardware?.register(k.thread) ?? null;
  const value = recorded ?? peek(configOf(k, k.dev), offset, width);
  const place = { device: addressOf(k), region: REGION.CONFIG, offset, length: width };
  k.beginCall({ call: `pci_user_read_config_${WIDTH_NAMES[width]}`, ...place });
  k.endCall(0, { value });
  return { value, ret: 0 };
}

function writeHardware(k: Kernel, offset: number, width: Width, value: number): Answer {
  const place = { device: addressOf(k), region: REGION.CONFIG, offset, length: width, value };
  k.beginCall({ call: `pci_user_write_config_${WIDTH_NAMES[width]}`, ...place });
  const { pci } = k.placeOf(k.dev);
  const after = writeRegister(configOf(k, k.dev), pci, offset, width, value);
  k.vfio.put(vdevOf(k) + VDEV.config, after);
  k.endCall(0);
  return DONE;
}

/** Whether the access changes DisINTx in COMMAND while INTx is in use. */
function masksIntx(k: Kernel): boolean {
  const { write, offset, value } = actionOf<'access'>(k);
  const { irqType, space } = k.vfio.openDevice(vdevOf(k))!;
  const changes = ((value & COMMAND_INTX_OFF) !== 0) !== space.virqDisabled;
  return write && offset === COMMAND && irqType === IRQ.INTX && changes;
}

/** What the kernel does next for the access of the thread; null when it is over. */
const nextOf = (k: Kernel): Effect | null => k.vfio.accessOf(k.thread).next;

/** COMMAND is written, and read first: memory may go, or come. */
const locksForCommand = (k: Kernel): boolean =>
  k.n !== 0 && k.i === COMMAND && k.vfio.accessOf(k.thread).answers.length === 2;

/** Whether what comes next has to be done with `memory_lock`. */
const needsLock = (k: Kernel): boolean =>
  !k.holds(memoryLock(k)) && (nextOf(k)?.type === 'zap' || locksForCommand(k));

/**
 * Performs the next effect, which no other thread sees in part.
 * @returns its result
 */
function carryOut(k: Kernel, effect: Exclude<Effect, { readonly type: 'reset' }>): Answer {
  switch (effect.type) {
    case 'read':
      return readHardware(k, effect.offset, effect.width);
    case 'write':
      return writeHardware(k, effect.offset, effect.width, effect.value ?? 0);
    case 'virtual': {
      const { offset, width, value } = effect;
      const place = { device: addressOf(k), region: REGION.CONFIG, offset, length: width };
      k.beginCall({ call: 'vfio_basic_config_write', ...place, value: value ?? 0 });
      k.n = width;
      k.i = offset;
      return { value, ret: 0 };
    }
    case 'zap':
      zapMappings(k, k.dev);
      return DONE;
    case 'power':
      setPower(k, k.dev, effect.state);
      return DONE;
  }
}

function finish(k: Kernel): undefined {
  const { result, seen } = k.vfio.accessOf(k.thread);
  // A variant that called the core looks at what it has read.
  if (k.arg === 0) k.set(k.vfio.access(k.thread), 0);
  const ret = typeof result === 'number' ? result : -ERRNO.EIO;
  if (k.holds(memoryLock(k))) k.release(memoryLock(k));
  const given = givenOf(k, seen, ret);
  k.endCall(ret, given);
  return leave(k, ret, given);
}

export const REGION_ACCESS = [
  procedure('access', {
    enter: (k) => {
      const { file: name, count } = actionOf<'access'>(k);
      const file = fileOf(k, name);
      if (file === 0) return k.done(EBADF);
      const refused = checkDeviceFile(k, file, ERRNO.EINVAL);
      if (refused < 0) return k.done(refused);
      if (count === 0) return k.done(0);
      const dev = k.get(k.vfio.file(file) + FILE.dev);
      holdFile(k, file);
      if (isMediated(k, dev)) return k.call('mdev_access', dev);
      return k.call(hasDoor(k, dev) ? 'variant_rw' : 'vfio_pci_rw', dev);
    },
    ...ENDS_WITH_FILE,
  }),

  procedure('vfio_pci_rw', {
    enter: (k) => {
      const { region } = actionOf<'access'>(k);
      begin(k, 'vfio_pci_rw');
      if (!isPowered(k, k.dev)) {
        wakeByCall(k);
        return undefined;
      }
      if (hasRegion(k, region)) return k.call('rpm_resume', k.dev, 0, RPM_FLAG.GET_PUT);
      k.endCall(-ERRNO.EINVAL);
      return k.done(-ERRNO.EINVAL);
    },
    route: joined((k) => {
      const { region, write } = actionOf<'access'>(k);
      if (region === REGION.CONFIG) return k.call('vfio_pci_config_rw', k.dev, 0, k.arg, 'served');
      if (region <= ROM && !(region === ROM && write)) return 'bar';
      return region >= REGIONS ? endOwnRegion(k) : leave(k, -ERRNO.EINVAL);
    }),
    bar: (k) => begin(k, 'vfio_pci_bar_rw'),
    access: reads((k) => {
      const { region, offset } = actionOf<'access'>(k);
      const count = countOf(k);
      if (reachesAsleep(k)) k.fault(FAULT.asleepAccess);
      const ret = reachesAsleep(k)
        ? count
        : barAccess(k.vfio.openDevice(vdevOf(k))!, region, offset, count);
      const given = givenOf(k, new Array(count).fill(0), ret);
      k.endCall(ret, given);
      return leave(k, ret, given);
    }),
    served: joined((k) => k.done(k.ret)),
  }),

  /** The model's effects are performed one by one, and the model continues with the results. */
  procedure('vfio_pci_config_rw', {
    enter: (k) => {
      begin(k, 'vfio_pci_config_rw');
      k.was = Number(k.hasBug('intxUnlocked') && masksIntx(k));
      beginConfig(k);
    },
    next: (k) => {
      if (needsLock(k)) return 'lock';
      const next = nextOf(k);
      if (next === null) return k.was === 1 ? 'mask' : finish(k);
      if (next.type === 'reset') return k.call('pci_try_reset_function', k.dev, 0, 0, 'reset');
      answer(k, carryOut(k, next));
      return 'next';
    },
    // Another thread may have ended INTx since its use was tested.
    mask: (k) => {
      if (k.vfio.openDevice(vdevOf(k))?.irqType !== IRQ.INTX) k.fault(FAULT.interruptUseAfterFree);
      return finish(k);
    },
    lock: takes(memoryLock, (k) => {
      if (nextOf(k)?.type === 'zap') answer(k, carryOut(k, { type: 'zap' }));
      return 'next';
    }),
    reset: joined((k) => {
      answer(k, { value: null, ret: k.ret });
      return 'next';
    }),
  }),
];
