/** Reads, writes and mappings of VFIO device files. */
import { type EventAppender, REGION_CONFIG } from '../../../traces/index.js';
import type { CallView } from './call-view.js';
import type { Draft } from './emitter.js';
import type { Mapping, OpenFile } from './files.js';

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
    draft.path = this.#vfio;
    if (file.device !== null) draft.device = this.events.dictionaries.device.id(file.device);
  }

  /** `pread64(fd, buffer, count, offset)` that returned. */
  read(draft: Draft, file: OpenFile): void {
    draft.isResult = true;
    this.#place(draft, file, this.#kinds.configRead, this.#kinds.read);
    if (this.view.result > 0) this.#bytes(draft, this.view.result);
  }

  /** `pwrite64(fd, buffer, count, offset)`. */
  write(draft: Draft, file: OpenFile): void {
    this.#place(draft, file, this.#kinds.configWrite, this.#kinds.write);
    if (draft.lengthHigh === 0) this.#bytes(draft, draft.lengthLow);
  }

  /** `mmap(address, length, protection, flags, fd, offset)`; noted when it has returned. */
  map(draft: Draft, file: OpenFile, hasReturned: boolean): void {
    const { view } = this;
    this.#length(draft);
    const size = view.cursor.value;
    if (!view.number(5) || !this.#position(draft)) return;
    draft.kind = this.#kinds.map;
    this.file(draft, file);
    const { hasRet, retHigh, retLow } = view.line;
    if (!hasReturned || !hasRet || retHigh > ADDRESS_HIGH_MAX) return;
    const start = retHigh * TWO_32 + retLow;
    const offset = draft.offsetHigh * TWO_32 + draft.offsetLow;
    const { region } = draft;
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
    draft.kind = this.#kinds.unmap;
    this.address(draft, mapping, address);
    this.#length(draft);
    process.mappings.splice(process.mappings.indexOf(mapping), 1);
  }

  /** Notes a user address: as a place in a region when a region is mapped there. */
  address(draft: Draft, mapping: Mapping | undefined, address: number): void {
    const offset = mapping === undefined ? address : mapping.offset + (address - mapping.start);
    draft.hasOffset = true;
    draft.offsetLow = offset % TWO_32;
    draft.offsetHigh = Math.floor(offset / TWO_32);
    if (mapping === undefined) return;
    draft.region = mapping.region;
    this.file(draft, mapping.file);
  }

  /** Where and how much: the third and fourth argument of pread64 and pwrite64. */
  #place(draft: Draft, file: OpenFile, config: number, other: number): void {
    const { view } = this;
    draft.hasLength = view.number(2);
    draft.lengthLow = view.cursor.low;
    draft.lengthHigh = view.cursor.high;
    draft.kind = other;
    draft.hasArguments = false;
    if (view.number(3) && this.#position(draft) && draft.region === REGION_CONFIG) {
      draft.kind = config;
    }
    this.file(draft, file);
  }

  /** The second argument of mmap and munmap. */
  #length(draft: Draft): void {
    const { view } = this;
    draft.hasLength = view.number(1);
    draft.lengthLow = view.cursor.low;
    draft.lengthHigh = view.cursor.high;
  }

  /** Splits an offset of a device file into region and offset; false when no region is so high. */
  #position(draft: Draft): boolean {
    const { low, high } = this.view.cursor;
    const region = high >>> REGION_SHIFT_HIGH;
    draft.hasOffset = true;
    draft.offsetLow = low;
    draft.offsetHigh = high;
    if (region > REGION_MAX) return false;
    draft.offsetHigh = high & REGION_MASK_HIGH;
    draft.region = region;
    return true;
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
    draft.hasValue = true;
    draft.valueLow = bytes.readUInt32LE(0);
    draft.valueHigh = bytes.readUInt32LE(4);
  }
}
