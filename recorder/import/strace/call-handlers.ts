/** The system calls that can concern a VFIO file, and what events they are. */
import { CELL, type EventAppender } from '../../../traces/index.js';
import { Interner } from '../../byte-matching/interner.js';
import type { CallLine } from './call-line.js';
import { CallView } from './call-view.js';
import { nameOf, type Request, requestOf } from './ioctl-name.js';
import { Accesses } from './region-accesses.js';
import type { Draft } from './strace-emitter.js';
import type { Files, OpenFile } from './vfio-files.js';

/**
 * Fills the draft of a call. `false`: what the call concerns will only be known with its result, so
 * that its begin cannot be written yet.
 * @param hasReturned whether the result is known, or only the arguments that strace prints before
 * it
 */
export type Handler = (draft: Draft, hasReturned: boolean) => boolean;

/** Arguments of VFIO_SET_IOMMU (uapi vfio.h): those of POWER, all others are of type 1. */
const SPAPR_IOMMUS: readonly number[] = [2, 7];
const TYPE1_IOMMUS: readonly number[] = [1, 3, 6];

export class Handlers {
  readonly byName: ReadonlyMap<string, Handler>;
  readonly accesses: Accesses;
  readonly #view: CallView;
  readonly #requests = new Interner(requestOf);
  readonly #names = new Map<string, number>();
  readonly #kinds: Record<
    'ioctl' | 'groupOpen' | 'deviceOpen' | 'groupClose' | 'deviceClose',
    number
  >;

  constructor(
    private readonly events: EventAppender,
    private readonly files: Files,
  ) {
    this.#view = new CallView(files);
    this.accesses = new Accesses(events, this.#view);
    this.#kinds = {
      ioctl: events.kind('ioctl'),
      groupOpen: events.kind('group.open'),
      deviceOpen: events.kind('device.open'),
      groupClose: events.kind('group.close'),
      deviceClose: events.kind('device.close'),
    };
    this.byName = this.#table();
  }

  /** Fills the draft of a call with what its handler knows of it. */
  fill(handler: Handler, line: CallLine, draft: Draft, hasReturned: boolean): boolean {
    this.#view.set(line);
    return handler(draft, hasReturned);
  }

  #table(): ReadonlyMap<string, Handler> {
    const handlers: readonly [string, Handler][] = [
      ['open', (draft, hasReturned) => this.#open(draft, hasReturned, 0)],
      ['openat openat2', (draft, hasReturned) => this.#open(draft, hasReturned, 1)],
      ['readlink', () => this.#readlink(0)],
      ['readlinkat', () => this.#readlink(1)],
      ['close', (draft, hasReturned) => this.#close(draft, hasReturned)],
      ['ioctl', (draft, hasReturned) => this.#ioctl(draft, hasReturned)],
      ['pread64', (draft, hasReturned) => this.#read(draft, hasReturned)],
      ['pwrite64', (draft) => this.#write(draft)],
      ['mmap mmap2', (draft, hasReturned) => this.#map(draft, hasReturned)],
      ['munmap', (draft) => this.#unmap(draft)],
      ['dup dup2 dup3', () => this.#dup()],
      ['clone clone3 fork vfork', () => this.#fork()],
    ];
    const each = handlers.flatMap(([names, handler]) =>
      names.split(' ').map((name) => [name, handler] as const),
    );
    return new Map(each);
  }

  #open(draft: Draft, hasReturned: boolean, index: number): boolean {
    const view = this.#view;
    const path = view.path(index);
    if (path === null) return true;
    if (path.isOfVfio) this.files.sawPath(path.text);
    const file = path.isOfVfio ? this.files.open(path.text) : null;
    const descriptor = hasReturned ? view.result : -1;
    if (file === null) {
      if (descriptor >= 0) view.process.files.delete(descriptor);
      return true;
    }
    if (descriptor >= 0) view.process.files.set(descriptor, file);
    this.accesses.file(draft, file);
    if (file.kind === 'group') draft.row.set(CELL.kind, this.#kinds.groupOpen);
    else if (file.kind === 'device') draft.row.set(CELL.kind, this.#kinds.deviceOpen);
    else return true;
    draft.text = path.text;
    return true;
  }

  #close(draft: Draft, hasReturned: boolean): boolean {
    const view = this.#view;
    const file = view.file(0);
    if (file === null) return true;
    this.accesses.file(draft, file);
    if (file.kind === 'group') draft.row.set(CELL.kind, this.#kinds.groupClose);
    else if (file.kind === 'device') draft.row.set(CELL.kind, this.#kinds.deviceClose);
    if (hasReturned && view.result === 0 && view.number(0)) {
      view.process.files.delete(view.cursor.low);
    }
    return true;
  }

  #ioctl(draft: Draft, hasReturned: boolean): boolean {
    const view = this.#view;
    if (!view.has(1)) return true;
    const request = this.#requests.get(view.line.bytes, view.start(1), view.end(1));
    const file = view.file(0);
    if (request === null || (file === null && !request.isOwn)) return true;
    const shown = view.has(2) ? view.text(2) : '';
    const name = nameOf(request, file, request.names.length > 1 ? shown : '');
    draft.row.set(CELL.kind, this.#kinds.ioctl);
    draft.row.set(CELL.name, this.#nameId(name));
    if (request.command >= 0) draft.row.setWords(CELL.value, request.command, 0);
    draft.textIsArguments = false;
    if (file !== null) this.accesses.file(draft, file);
    // An iommufd also accepts the calls of a container; their names do not show which file they are
    // for.
    if (file?.kind === 'iommufd') {
      draft.row.set(CELL.driver, this.events.dictionaries.driver.id('iommufd'));
    }
    this.#ioctlArgument(draft);
    if (hasReturned) this.#learn(request, name, file);
    return true;
  }

  /** Learns from a successful call what its file is, or which IOMMU it has. */
  #learn(request: Request, name: string, file: OpenFile | null): void {
    const view = this.#view;
    const { result, process } = view;
    if (result < 0) return;
    if (name === 'VFIO_GROUP_GET_DEVICE_FD') this.#gotDevice(file);
    const kind = file?.kind ?? request.file;
    const isNew = file === null && kind !== undefined;
    const iommu = name === 'VFIO_SET_IOMMU' && view.number(2) ? iommuOf(view.cursor.low) : null;
    if (kind === undefined || (!isNew && iommu === null) || !view.number(0)) return;
    const known = file ?? { kind, group: null, device: null };
    process.files.set(view.cursor.low, iommu === null ? known : { ...known, iommu });
  }

  /** The third argument: an address or number, or a struct that strace decoded. */
  #ioctlArgument(draft: Draft): void {
    const view = this.#view;
    const { cursor } = view;
    if (view.number(2) && cursor.at === cursor.end) {
      draft.row.setWords(CELL.offset, cursor.low, cursor.high);
    } else if (view.has(2)) draft.text = view.text(2);
  }

  /** Notes the device file that a group handed out. */
  #gotDevice(group: OpenFile | null): void {
    const { result, process } = this.#view;
    process.files.set(result, { kind: 'device', group: null, device: group?.device ?? null });
  }

  #nameId(name: string): number {
    let id = this.#names.get(name);
    if (id === undefined) {
      id = this.events.dictionaries.name.id(name);
      this.#names.set(name, id);
    }
    return id;
  }

  /** A read of a device file. The data, length and offset follow its result. */
  #read(draft: Draft, hasReturned: boolean): boolean {
    const file = this.#view.file(0);
    if (file?.kind !== 'device') return true;
    if (!hasReturned || !this.#view.has(3)) return false;
    this.accesses.read(draft, file);
    return true;
  }

  #write(draft: Draft): boolean {
    const file = this.#view.file(0);
    if (file?.kind === 'device' && this.#view.has(3)) this.accesses.write(draft, file);
    return true;
  }

  #map(draft: Draft, hasReturned: boolean): boolean {
    const file = this.#view.file(4);
    if (file?.kind === 'device' && this.#view.has(5)) {
      this.accesses.map(draft, file, hasReturned);
    }
    return true;
  }

  #unmap(draft: Draft): boolean {
    this.accesses.unmap(draft);
    return true;
  }

  #dup(): boolean {
    const file = this.#view.file(0);
    const { result, process } = this.#view;
    if (file !== null && result >= 0) process.files.set(result, file);
    return true;
  }

  #fork(): boolean {
    const { line, result } = this.#view;
    if (result <= 0) return true;
    const text = line.bytes.toString('latin1', line.argsStart, line.argsEnd);
    this.files.fork(line.tid, result, text.includes('CLONE_FILES'));
    return true;
  }

  #readlink(index: number): boolean {
    const view = this.#view;
    const path = view.path(index);
    const target = path?.isOfVfio === true ? view.path(index + 1) : null;
    if (path !== null && target !== null) {
      this.files.sawLink(path.text, target.text, target.isComplete);
    }
    return true;
  }
}

function iommuOf(type: number): 'type1' | 'spapr' | null {
  if (SPAPR_IOMMUS.includes(type)) return 'spapr';
  return TYPE1_IOMMUS.includes(type) ? 'type1' : null;
}
