/**
 * Files of a process of a recording. Where neither their opening nor their descriptors are
 * recorded, a process has one file of each kind and device, which is opened when it is first used.
 */
import type { UserActions } from './user-actions.js';
import { UserContainers } from './user-containers.js';
import type { UserFile, UserFileKind } from './user-file.js';
import { UserIommufds } from './user-iommufds.js';

export class UserFiles {
  /** It has several files of one kind, and its calls do not name the one that they are on. */
  isGuess = false;
  /** The recording has descriptors of files that it opened. */
  knowsDescriptors = false;
  /** The process that it began as a copy of. */
  #root: number | null = null;
  /** Files of the process that this one began as a copy of. */
  readonly #inherited = new Set<UserFile>();
  readonly containers = new UserContainers();
  /** Iommufds, which a process shares with those that began as copies of it. */
  iommufds = new UserIommufds();
  /** Iommufds that groups are in. */
  readonly #joined = new Map<UserFile, UserFile>();
  /** Iommufds that are closed, and that bound devices hold. */
  #held = 0;
  /** Files of character devices that are bound to an iommufd. */
  readonly #bound = new Set<UserFile>();
  /** Groups that are in a container. */
  readonly #attached = new Set<UserFile>();
  /** Files that are open, the one that was opened last is last. */
  #open: UserFile[] = [];
  /** Files by descriptor; undefined for a descriptor without a file of VFIO. */
  readonly #descriptors = new Map<number, UserFile>();

  constructor(
    private readonly actions: UserActions,
    /** A number for the process. */
    readonly process: number,
  ) {}

  of(kind: UserFile['kind']): UserFile[] {
    return this.#open.filter((file) => file.kind === kind);
  }

  /** The file of a descriptor, if it is of one of these kinds. */
  at(fd: number, ...kinds: readonly UserFile['kind'][]): UserFile | null {
    const file = this.#descriptors.get(fd);
    return file !== undefined && kinds.includes(file.kind) ? file : null;
  }

  /** A file whose descriptor was not known has this one. */
  adopt(fd: number, kind: UserFile['kind']): UserFile | null {
    const known = new Set(this.#descriptors.values());
    const file = this.#open.find((one) => one.kind === kind && !known.has(one)) ?? null;
    if (file !== null) this.#descriptors.set(fd, file);
    return file;
  }

  /** The file of a device by which it is used, whichever way it was opened. */
  deviceAt(address: string, fd: number): UserFile | null {
    const named = this.at(fd, 'device', 'cdev');
    if (named !== null) return named;
    const isOf = ({ kind, address: own }: UserFile) =>
      (kind === 'device' || kind === 'cdev') && own === address;
    return this.#open.find(isOf) ?? null;
  }

  /** The file of a call of a character device. @param isBound what comes of the call shows this */
  fileOfCall(address: string, fd: number, isBound: boolean): UserFile | null {
    const named = this.at(fd, 'device', 'cdev');
    if (named !== null) return named;
    const isOf = ({ kind, address: own }: UserFile) => kind === 'cdev' && own === address;
    const found = this.#open.find((file) => isOf(file) && this.#bound.has(file) === isBound);
    return found ?? this.deviceAt(address, -1);
  }

  /** A file of a character device that is bound, or is not; another one if there is none such. */
  cdevAt(address: string, isBound: boolean): UserFile | null {
    const all = this.of('cdev').filter((file) => file.address === address);
    return all.find((file) => this.isBound(file) === isBound) ?? all[0] ?? null;
  }

  /** Whether a file of a character device is bound to an iommufd. */
  isBound(file: UserFile): boolean {
    return this.#bound.has(file);
  }

  bind(file: UserFile): void {
    this.#bound.add(file);
  }

  groupAt(group: number): UserFile | null {
    return this.#open.find((file) => file.kind === 'group' && file.group === group) ?? null;
  }

  /** A new file. @param fd its descriptor; -1 when that is not known */
  add(file: Omit<UserFile, 'name'>, fd: number): UserFile {
    const added = { ...file, name: this.actions.newName(file.kind) };
    this.#open.push(added);
    const isSecond = file.kind === 'group' && fd < 0 && this.of('group').length > 1;
    this.isGuess ||= file.kind === 'cdev' || file.kind === 'iommufd' || isSecond;
    if (fd >= 0) this.#descriptors.set(fd, added);
    this.knowsDescriptors ||= fd >= 0 && file.kind !== 'device';
    return added;
  }

  /** Opens a file by its name in /dev. */
  open(
    file: Omit<UserFile, 'name' | 'kind'> & { readonly kind: UserFileKind },
    fd: number,
  ): UserFile {
    const opened = this.add(file, fd);
    const { address, name } = opened;
    this.actions.do({ type: 'open', file: file.kind, address, as: name });
    return opened;
  }

  /** Whether it has a file by which a device is used. */
  uses(address: string): boolean {
    return this.deviceAt(address, -1) !== null;
  }

  get root(): number {
    return this.#root ?? this.process;
  }

  get isEmpty(): boolean {
    return this.#open.length === 0;
  }

  /** The process begins as a copy of another one. */
  inherit(parent: UserFiles): void {
    this.actions.inherit(this.process, parent.process);
    this.#root = parent.root;
    this.iommufds = parent.iommufds;
    this.knowsDescriptors = parent.knowsDescriptors;
    this.isGuess = true;
    this.#open = [...parent.#open];
    for (const file of parent.#open) this.#inherited.add(file);
    for (const [fd, file] of parent.#descriptors) this.#descriptors.set(fd, file);
  }

  /**
   * A group joins a container, or an iommufd in its place.
   * @param setBy number of the event by which it gets an IOMMU afterwards
   */
  join(group: UserFile, file: UserFile, setBy: number | null): void {
    this.#attached.add(group);
    if (file.kind === 'container') this.containers.join(file, group, setBy);
    else {
      this.iommufds.join(file);
      this.#joined.set(group, file);
    }
  }

  /** A device is opened by its group. */
  opens(group: UserFile, device: UserFile): void {
    const iommufd = this.#joined.get(group);
    if (iommufd !== undefined) this.iommufds.bind(iommufd, device, -1);
  }

  /** A group leaves its container. */
  leave(group: UserFile): void {
    this.#attached.delete(group);
    this.#joined.delete(group);
    this.containers.leave(group);
  }

  /** Whether the end of the process changes nothing that a recording shows. */
  get endsUnseen(): boolean {
    const hasDevice = (file: UserFile) => file.kind === 'device' || this.#bound.has(file);
    const own = this.#open.filter((file) => !this.#inherited.has(file));
    return this.#attached.size === 0 && !own.some(hasDevice);
  }

  /** Removes what is mapped of a device. @returns whether anything was */
  unmapAll(address: string | null): boolean {
    return this.actions.unmapAll(this.process, address);
  }

  /** Closes groups that are in an iommufd, which shows in nothing else. */
  closeGroupsIn(iommufd: UserFile): void {
    for (const [group, file] of this.#joined) if (file === iommufd) this.close(group);
  }

  /** An iommufd is released: one that bound devices held, or the last that is open. */
  releaseIommufd(): void {
    const file = this.of('iommufd').at(-1);
    if (this.#held > 0 && !this.#open.some((one) => this.#bound.has(one))) this.#held--;
    else if (file !== undefined) this.close(file);
    // One without any recorded call was opened before it is closed.
    else this.close(this.open({ kind: 'iommufd', address: null, group: null }, -1));
  }

  close(file: UserFile): void {
    if (!this.#open.includes(file)) return;
    this.actions.do({ type: 'close', file: file.name });
    if (file.kind === 'iommufd' && this.#open.some((one) => this.#bound.has(one))) this.#held++;
    if (file.kind === 'group') this.leave(file);
    this.iommufds.unbind(file);
    this.#open = this.#open.filter((one) => one !== file);
    for (const [fd, one] of this.#descriptors) if (one === file) this.#descriptors.delete(fd);
  }

  /** The file of a descriptor that is closed; null if it is no file of VFIO. */
  closeAt(fd: number): UserFile | null {
    const file = this.#descriptors.get(fd) ?? null;
    this.#descriptors.delete(fd);
    return file;
  }
}
