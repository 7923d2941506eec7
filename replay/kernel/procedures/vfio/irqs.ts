/**
 * Interrupts of a device and the eventfds that they signal (kernel
 * drivers/vfio/pci/vfio_pci_intrs.c 6.1). `igate` is held within one step.
 */
import { ERRNO } from '../../../../traces/index.js';
import {
  applyIrqs,
  IRQ_SET,
  type IrqRequest,
  irqsResult,
  setsUnmasker,
  validIrqs,
} from '../../../model/vfio/vfio-irqs.js';
import { IRQ, type OpenDevice } from '../../../model/vfio-pci-core/open-device.js';
import type { Kernel } from '../../kernel.js';
import { FILE, type Triggers, VDEV } from '../../vfio-cells.js';
import { fileOf, ioctlOf, isMediated, wordsOf } from './common.js';

const { DATA_NONE, DATA_BOOL, DATA_EVENTFD, UNMASK, TRIGGER } = IRQ_SET;
const HEADER_BYTES = 20;

/** A trigger that is set while INTx waits for its user to unmask it. */
const MASKED = 'masked';
/** The eventfd that unmasks INTx. */
const UNMASKER = 'unmask';
const keyOf = (index: number, vector: number): string => `${index}.${vector}`;

function emit(k: Kernel, dev: number, { flags, index, start, count }: IrqRequest): void {
  const device = k.placeOf(dev).address;
  const place = { device, region: index, offset: start, length: count, value: flags };
  k.beginCall({ call: 'vfio_pci_set_irqs_ioctl', ...place });
}

/** The eventfd of an interrupt; 0 if it has none. */
export const eventfdOf = (k: Kernel, dev: number, index: number, vector: number): number =>
  k.vfio.triggers(k.vdev(dev))[keyOf(index, vector)] ?? 0;

/** Signals the eventfd of an interrupt, when there is one. */
export function signal(k: Kernel, dev: number, index: number, vector: number): void {
  const file = eventfdOf(k, dev, index, vector);
  if (file !== 0) k.add(k.vfio.file(file) + FILE.signals, 1);
}

/** As the device is closed: the interrupts that are in use go. */
export function clearInterrupts(k: Kernel, dev: number): void {
  const vdev = k.vdev(dev);
  const index = k.vfio.openDevice(vdev)?.irqType ?? IRQ.NONE;
  const request = { flags: DATA_NONE | TRIGGER, index, start: 0, count: 0 };
  emit(k, dev, request);
  k.endCall(index === IRQ.NONE ? -ERRNO.ENOTTY : 0);
}

/** Bytes of the data of one interrupt. */
const bytesOf = (flags: number): number =>
  (flags & DATA_BOOL) !== 0 ? 1 : (flags & DATA_EVENTFD) !== 0 ? 4 : 0;

/** VFIO_DEVICE_SET_IRQS. @returns what it returns */
export function setIrqs(k: Kernel, dev: number, device: OpenDevice): number {
  const action = ioctlOf(k);
  const [argsz, flags, index, start = 0, count = 0] = wordsOf(action);
  const request = { flags, index, start, count };
  if (argsz < HEADER_BYTES || !validIrqs(device, request, k.rules.version)) return -ERRNO.EINVAL;
  if (argsz - HEADER_BYTES < count * bytesOf(flags)) return -ERRNO.EINVAL;
  emit(k, dev, request);
  const ret = serve(k, dev, device, request);
  k.endCall(ret);
  return ret;
}

/** `vfio_virqfd_enable`, and `vfio_virqfd_disable` for a descriptor of -1. */
function setUnmask(k: Kernel, vdev: number): number {
  const triggers = k.vfio.triggers(vdev);
  const { files, answer } = ioctlOf(k);
  const [name] = files;
  // The descriptor of a recorded call is not known: its result says what it was.
  if (answer !== undefined && answer < 0) return answer;
  if (name === undefined || name === null) {
    removeTrigger(k, vdev, UNMASKER);
    return 0;
  }
  const file = fileOf(k, name);
  if (file === 0) return -ERRNO.EBADF;
  if (k.world.file(file).kind !== 'eventfd') return -ERRNO.EINVAL;
  if (UNMASKER in triggers && answer === undefined) return -ERRNO.EBUSY;
  const signalled = k.get(k.vfio.file(file) + FILE.signals) > 0;
  const kept = signalled ? without(triggers, (key) => key === MASKED) : triggers;
  putTriggers(k, vdev, { ...kept, [UNMASKER]: file });
  return 0;
}

const without = (triggers: Triggers, gone: (key: string) => boolean): Triggers =>
  Object.fromEntries(Object.entries(triggers).filter(([key]) => !gone(key)));

/** A user writes to an eventfd: what waits for it takes the signal. */
export function writeEventfd(k: Kernel, file: number): void {
  let taken = false;
  for (const vdev of unmaskedBy(k, file)) {
    taken = true;
    removeTrigger(k, vdev, MASKED);
  }
  if (!taken) k.add(k.vfio.file(file) + FILE.signals, 1);
}

/** An eventfd is released: it unmasks nothing any more; a worker frees what waited for it. */
export function releaseEventfd(k: Kernel, file: number): void {
  for (const vdev of unmaskedBy(k, file)) removeTrigger(k, vdev, UNMASKER);
}

/** A device whose INTx an eventfd unmasks; 0 for none. */
export const firstUnmaskedBy = (k: Kernel, file: number): number => unmaskedBy(k, file)[0] ?? 0;

/** Devices whose INTx an eventfd unmasks. */
function unmaskedBy(k: Kernel, file: number): number[] {
  const found: number[] = [];
  if (!k.world.canUnmask) return found;
  for (let i = 0; i < k.deviceList.length; i++) {
    const vdev = k.vdev(k.deviceList.at(i));
    if (k.vfio.triggers(vdev)[UNMASKER] === file) found.push(vdev);
  }
  return found;
}

function removeTrigger(k: Kernel, vdev: number, gone: string): void {
  const left = without(k.vfio.triggers(vdev), (key) => key === gone);
  putTriggers(k, vdev, left);
}

function putTriggers(k: Kernel, vdev: number, triggers: Triggers): void {
  const isEmpty = Object.keys(triggers).length === 0;
  k.vfio.put(vdev + VDEV.triggers, isEmpty ? null : triggers);
}

function serve(k: Kernel, dev: number, device: OpenDevice, request: IrqRequest): number {
  const vdev = k.vdev(dev);
  const results = irqsResult(device, request, k.rules.version) ?? [0];
  const [ret] = results;
  if (ret !== 0) return ret;
  if (request.index === IRQ.INTX && setsUnmasker(request.flags)) return setUnmask(k, vdev);
  const isEventfd = (request.flags & DATA_EVENTFD) !== 0;
  const files = ioctlOf(k).files.map((name) => (name === null ? 0 : fileOf(k, name)));
  k.vfio.changeDevice(vdev, (draft) => {
    applyIrqs(draft, request);
    if (!isEventfd || (request.index !== IRQ.ERR && request.index !== IRQ.REQ)) return;
    draft.signals[request.index === IRQ.ERR ? 'err' : 'req'] = (files[0] ?? 0) !== 0;
  });
  const before = k.vfio.triggers(vdev);
  const after = triggersAfter(k, dev, before, request, files);
  if (after !== before) k.vfio.put(vdev + VDEV.triggers, after);
  return 0;
}

function triggersAfter(
  k: Kernel,
  dev: number,
  before: Triggers,
  { flags, index, start, count }: IrqRequest,
  files: readonly number[],
): Triggers {
  const left = (gone: (key: string) => boolean) => without(before, gone);
  if ((flags & UNMASK) !== 0) return left((key) => key === MASKED);
  if ((flags & TRIGGER) === 0) return before;
  if (count === 0) {
    const ofIntx = (key: string) => key === MASKED || key === UNMASKER;
    return left((key) => key.startsWith(`${index}.`) || ofIntx(key));
  }
  if ((flags & DATA_EVENTFD) === 0) {
    for (let i = 0; i < count; i++) signal(k, dev, index, start + i);
    return before;
  }
  const keys = Array.from({ length: count }, (_, i) => keyOf(index, start + i));
  const added = keys.flatMap((key, i) => ((files[i] ?? 0) > 0 ? [[key, files[i]] as const] : []));
  const kept = left((key) => keys.includes(key));
  const all = [...Object.entries(kept), ...added].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(all);
}

/** Number by which the kernel knows the first interrupt of a device; each has 64 of them. */
const irqOf = (k: Kernel, dev: number, vector: number): number =>
  32 + 64 * k.placeOf(dev).index + vector;

/** The hardware raises an interrupt. INTx is masked until its user unmasks it. */
export function raise(k: Kernel, dev: number, index: number, vector: number): void {
  const vdev = k.vdev(dev);
  // A driver of a mediated device raises its interrupts by software.
  if (isMediated(k, dev)) signal(k, dev, index, vector);
  const device = k.vfio.openDevice(vdev);
  if (device === null || device.irqType !== index || vector >= device.vectors) return;
  const triggers = k.vfio.triggers(vdev);
  if (index === IRQ.INTX) {
    if (MASKED in triggers || device.space.virqDisabled) return;
    k.vfio.put(vdev + VDEV.triggers, { ...triggers, [MASKED]: 0 });
  }
  const call = index === IRQ.INTX ? 'vfio_intx_handler' : 'vfio_msihandler';
  k.pointCall({ call, value: irqOf(k, dev, vector) });
  signal(k, dev, index, vector);
}
