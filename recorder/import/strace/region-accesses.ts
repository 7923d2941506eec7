/** Reads, writes and mappings of VFIO device files. */
import { CELL, type EventAppender, REGION_CONFIG } from '../../../traces/index.js';
import type { CallView } from './call-view.js';
import type { Draft } from './strace-emitter.js';
import type { Mapping, OpenFile } from './vfio-files.js';

/** Bits of a VFIO file offset below the region index, in its high word (uapi vfio.h). */
const REGION_SHIFT_HIGH = 8;
const REGION_MASK_HIGH = 0xff;
const REGION_MAX = 0x7fff;
const VALUE_BYTES_MAX = 8;
const TWO_32 = 0x1_0000_0000;
/** User addresses are below this on every architecture that has VFIO. */
const ADDRESS_HIGH_MAX = 0x00ff_ffff;

export class Accesses {
  readonly #kinds: Record<
    'configRead' | 'configWrite' | 'read' | 'write' | 'map' | 'unmap',
    number
  >;
  readonly #vfio: number;

  constructor(
    private readonly events: EventAppender,
    private readonly view: CallView,
  ) {
    this.#vfio = events.dictionaries.path.id('vfio');
    this.#kinds = {
      configRead: events.kind('config.read'),
      configWrite: events.kind('config.write'),
      read: events.kind('region.read'),
      write: events.kind('region.write'),
      map: events.kind('mmap'),
      unmap: events.kind('munmap'),
    };
  }

  /** Notes the file of an event: the door, and the device when it is known. */
  file(draft: Draft, file: OpenFile): void {
    const { row } = draft;
    row.set(CELL.path, this.#vfio);
    if (file.device !== null) {
      row.set(CELL.device, this.events.dictionaries.device.id(file.device));
    }
  }

  /** `pread64(fd, buffer, count, offset)` that returned. */
  read(draft: Draft, file: OpenFile): void {
    draft.valueKnownAtEnd = true;
    this.#place(draft, file, this.#kinds.configRead, this.#kinds.read);
    if (this.view.result > 0) this.#bytes(draft, this.view.result);
  }

  /** `pwrite64(fd, buffer, count, offset)`. */
  write(draft: Draft, file: OpenFile): void {
    const length = this.#place(draft, file, this.#kinds.configWrite, this.#kinds.write);
    if (length < TWO_32) this.#bytes(draft, length);
  }

  /** `mmap(address, length, protection, flags, fd, offset)`; noted when it has returned. */
  map(draft: Draft, file: OpenFile, hasReturned: boolean): void {
    const { view } = this;
    const { row } = draft;
    const size = this.#length(draft, 1);
    if (!view.number(5)) return;
    const region = this.#position(draft);
    if (region < 0) return;
    row.set(CELL.kind, this.#kinds.map);
    this.file(draft, file);
    const { hasRet, retHigh, retLow } = view.line;
    if (!hasReturned || !hasRet || retHigh > ADDRESS_HIGH_MAX) return;
    const start = retHigh * TWO_32 + retLow;
    const { low, high } = view.cursor;
    const offset = (high & REGION_MASK_HIGH) * TWO_32 + low;
    view.files.map(view.process, { start, end: start + size, file, region, offset });
  }

  /** `munmap(address, length)`: of a device when a part of one is mapped there. */
  unmap(draft: Draft): void {
    const { view } = this;
    if (!view.number(0)) return;
    const address = view.cursor.value;
    const { process } = view;
    const mapping = view.files.mappingAt(process, address);
    if (mapping === undefined) return;
    draft.row.set(CELL.kind, this.#kinds.unmap);
    this.address(draft, mapping, address);
    this.#length(draft, 1);
    process.mappings.splice(process.mappings.indexOf(mapping), 1);
  }

  /** Notes a user address: as a place in a region when a region is mapped there. */
  address(draft: Draft, mapping: Mapping | undefined, address: number): void {
    const offset = mapping === undefined ? address : mapping.offset + (address - mapping.start);
    draft.row.setNumber(CELL.offset, offset);
    if (mapping === undefined) return;
    draft.row.set(CELL.region, mapping.region);
    this.file(draft, mapping.file);
  }

  /** Where and how much: the third and fourth argument of pread64 and pwrite64. @returns length */
  #place(draft: Draft, file: OpenFile, config: number, other: number): number {
    const length = this.#length(draft, 2);
    const region = this.view.number(3) ? this.#position(draft) : -1;
    draft.row.set(CELL.kind, region === REGION_CONFIG ? config : other);
    draft.textIsArguments = false;
    this.file(draft, file);
    return length;
  }

  /** Notes the length in an argument. @returns it, infinite when it is no number */
  #length(draft: Draft, index: number): number {
    const { view } = this;
    if (!view.number(index)) return Number.POSITIVE_INFINITY;
    const { low, high, value } = view.cursor;
    draft.row.setWords(CELL.length, low, high);
    return value;
  }

  /**
   * Stores an offset of a device file as region and offset.
   * @returns the region; -1 if there is none
   */
  #position(draft: Draft): number {
    const { low, high } = this.view.cursor;
    const region = high >>> REGION_SHIFT_HIGH;
    const isRegion = region <= REGION_MAX;
    draft.row.setWords(CELL.offset, low, isRegion ? high & REGION_MASK_HIGH : high);
    if (!isRegion) return -1;
    draft.row.set(CELL.region, region);
    return region;
  }

  /** The bytes of an access: as a value when there are at most eight, otherwise as data. */
  #bytes(draft: Draft, count: number): void {
    const { view } = this;
    if (!view.string(1)) return;
    const { bytes, length: shown } = view.decoded;
    const length = Math.min(shown, count);
    if (count > VALUE_BYTES_MAX || length < count) {
      draft.data = bytes.subarray(0, length);
      return;
    }
    bytes.fill(0, length, VALUE_BYTES_MAX);
    draft.row.setWords(CELL.value, bytes.readUInt32LE(0), bytes.readUInt32LE(4));
  }
}
