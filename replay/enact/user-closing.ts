/** Which file of a process is closed, read off the events of closing it. */
import type { Groups } from './groups.js';
import type { RecordedEvent } from './recording.js';
import type { UserCalls } from './user-calls.js';
import type { UserFile } from './user-file.js';
import type { UserFiles } from './user-files.js';

/** A file of a device that a thread has closed. */
interface Closed {
  readonly device: string | null;
  /** Place of its last event in `STEPS`; later ones are of the same file. */
  readonly step: number;
  /** Closing it also detaches it from an iommufd. */
  readonly detaches: boolean;
}

const UNBIND = 'vfio_df_unbind_iommufd';
/** Functions by which a file of a device is closed, in their order. */
const STEPS: readonly string[] = [
  ...['vfio_device_fops_release', UNBIND, 'vfio_df_close'],
  ...['vfio_pci_core_close_device', 'vfio_pci_core_disable'],
];
/** Functions by which a device leaves its iommufd, as a part of closing its file. */
const OF_IOMMUFD: ReadonlySet<string> = new Set([
  ...['iommufd_device_unbind', 'vfio_iommufd_physical_detach_ioas'],
]);

/** Kinds of what the IOMMU does then. */
const BY_DETACHING: ReadonlySet<string> = new Set(['iommu.attach', 'dma.unmap']);

export class UserClosing {
  /** The file of a device that each thread closed last. */
  readonly #closed = new Map<number, Closed>();

  /** @param next number of the next event of the same thread, of each event */
  constructor(
    private readonly events: readonly RecordedEvent[],
    private readonly next: Int32Array,
    private readonly groups: Groups,
    private readonly calls: UserCalls,
  ) {}

  /** A thread makes its next call: what it closed is closed. */
  end(tid: number): void {
    this.#closed.delete(tid);
  }

  /** Whether an event is a part of what closing a device does. */
  isPart({ tid, device }: RecordedEvent): boolean {
    const closed = this.#closed.get(tid);
    return closed !== undefined && closed.device === device;
  }

  /**
   * An event of closing a file.
   * @param at its number
   * @returns why nothing shows which file it is; null when something does
   */
  close(files: UserFiles, e: RecordedEvent, at: number): string | null {
    const { name, kind, tid } = e;
    if (name === 'iommufd_fops_release') {
      if (files.knowsDescriptors) files.releaseIommufd();
      else this.calls.releaseIommufd(files);
    } else if (name === 'vfio_fops_release') {
      const file = files.of('container').at(-1);
      if (file !== undefined) files.close(file);
    } else if (STEPS.includes(name)) return this.#device(files, e, at);
    else if (!OF_IOMMUFD.has(name)) {
      const isDetached = BY_DETACHING.has(kind) && this.#closed.get(tid)?.detaches === true;
      const file = isDetached ? null : this.#group(files, e, at);
      if (file !== null) files.close(file);
    }
    return null;
  }

  /** A file of a device is closed, which is several events. */
  #device(files: UserFiles, { name, device, tid }: RecordedEvent, at: number): string | null {
    const before = this.#closed.get(tid);
    const step = STEPS.indexOf(name);
    const isSame = before?.device === device;
    if (before !== undefined && isSame && step > before.step) {
      this.#closed.set(tid, { ...before, step });
      return null;
    }
    const file = this.#fileOf(files, name, device, at);
    const isBound = file === null || file.kind === 'device' || files.isBound(file);
    const isMapped = isBound && files.unmapAll(device);
    const detaches = file !== null && files.iommufds.has(file);
    if (file !== null) files.close(file);
    // That of a character device that is not bound has no further events.
    this.#closed.set(tid, { device, step: isBound ? step : STEPS.length, detaches });
    return file === null && !isMapped && !isSame ? 'a device of an unknown user' : null;
  }

  #fileOf(files: UserFiles, name: string, device: string | null, at: number): UserFile | null {
    const address = device ?? '';
    if (name !== UNBIND) return files.fileOfCall(address, -1, true);
    // Only a file that is bound is closed further.
    const next = this.events[this.next[at]];
    const isOpen = next?.kind === 'device.close' && next.device === device;
    return files.cdevAt(address, isOpen);
  }

  /** The group that leaves its container: that of the function which gets another domain. */
  #group(files: UserFiles, { device, tid }: RecordedEvent, at: number): UserFile | null {
    let address = device;
    for (let i = this.next[at]; address === null && i < this.events.length; i = this.next[i]) {
      const next = this.events[i];
      if (next.phase === 'begin' || next.tid !== tid) break;
      if (next.kind === 'iommu.attach') address = next.device;
    }
    const group = address === null ? null : this.groups.of(address);
    return group === null ? (files.of('group').at(-1) ?? null) : files.groupAt(group);
  }
}
