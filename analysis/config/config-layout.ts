/**
 * Where each function of a trace has its capabilities, from its configuration space: as a snapshot
 * recorded it, or as reads of its capability list show it.
 */
import { type Batch, isPresent, type Kind, type TraceReader } from '../../traces/index.js';
import {
  CAPABILITIES,
  type Capability,
  EXTENDED,
  HEADER,
  MSI_ID,
  msiRegisters,
  type Register,
} from './register-map.js';

/** A byte of configuration space, and the register to which it belongs. */
export interface LaidByte {
  readonly device: string;
  readonly offset: number;
  /** First byte of the register. */
  readonly first: number;
  readonly register: string;
}

/** Bytes of configuration space that are known; a byte that is not is -1. */
type Image = Int16Array;

const SPACE_BYTES = 4096;
const STANDARD_BYTES = 256;
/** A reader without rights gets this much of the space (kernel drivers/pci/pci-sysfs.c 6.1). */
const STANDARD_HEADER = 64;
const POINTER = 0x34;

/** The registers of all functions whose capability lists are known, byte by byte. */
export function* configLayouts(reader: TraceReader): Generator<LaidByte> {
  const layouts = new ConfigLayouts();
  for (const info of reader.batches) {
    const ids = info.stats.ids.kind;
    const { kind } = reader.dictionaries;
    if (ids?.some((id) => LAID_BY.has(kind[id])) !== false) layouts.add(reader.batch(info));
  }
  yield* layouts.all();
}

/** Kinds whose events show configuration space. */
const LAID_BY: ReadonlySet<string> = new Set(['snapshot', 'config.read'] satisfies Kind[]);

/** The layout of each function that the batches so far show. */
export class ConfigLayouts {
  readonly #images = new Map<string, Image>();
  /** Registers by device, until more of its configuration space becomes known. */
  readonly #registers = new Map<string, readonly Register[]>();

  /** Adds the next batch. */
  add(batch: Batch): void {
    for (const device of addBatch(batch, this.#images)) this.#registers.delete(device);
  }

  /** The register to which a byte of a function belongs; null when that is not known. */
  registerAt(device: string | null, offset: number): Register | null {
    const registers = device === null ? HEADER : this.#registersOf(device);
    const found = registers.find(([first, bytes]) => offset >= first && offset < first + bytes);
    return found ?? null;
  }

  *all(): Generator<LaidByte> {
    for (const device of this.#images.keys()) {
      for (const [first, bytes, register] of this.#registersOf(device))
        for (let offset = first; offset < first + bytes; offset++)
          yield { device, offset, first, register };
    }
  }

  #registersOf(device: string): readonly Register[] {
    let registers = this.#registers.get(device);
    if (registers === undefined) {
      const image = this.#images.get(device);
      registers = image === undefined ? HEADER : [...registersIn(image)];
      this.#registers.set(device, registers);
    }
    return registers;
  }
}

/** The registers of a function, with their places in its configuration space. */
function* registersIn(image: Image): Generator<Register> {
  const all = [...placed(image)].sort((a, b) => a.at - b.at);
  for (const [i, { at, registers }] of all.entries()) {
    // A register that the capability is too short for belongs to what follows.
    const space = at < STANDARD_BYTES ? STANDARD_BYTES : SPACE_BYTES;
    const end = Math.min(all[i + 1]?.at ?? space, space);
    for (const [first, bytes, register] of registers) {
      const shown = Math.min(end - at - first, bytes);
      if (shown > 0) yield [at + first, shown, register];
    }
  }
}

interface Placed {
  readonly at: number;
  readonly registers: readonly Register[];
}

function* placed(image: Image): Generator<Placed> {
  yield { at: 0, registers: HEADER };
  for (const at of standardList(image)) {
    const id = image[at];
    const found = id === MSI_ID ? msiAt(image, at) : CAPABILITIES[id];
    yield { at, registers: [...heads(found, `cap_${hex(id)}`, 2), ...(found?.registers ?? [])] };
  }
  for (const at of extendedList(image)) {
    const id = word(image, at, 2);
    const found = EXTENDED[id];
    yield { at, registers: [...heads(found, `ecap_${hex(id)}`, 4), ...(found?.registers ?? [])] };
  }
}

const hex = (id: number) => `0x${id.toString(16).padStart(2, '0')}`;

/** The bytes with which a capability begins: its id, and the place of the next one. */
const heads = (found: Capability | undefined, unnamed: string, bytes: number): Register[] => [
  [0, bytes, `${found?.name ?? unnamed}.header`],
];

const msiAt = (image: Image, at: number) => {
  const control = word(image, at + 2, 2);
  return control < 0 ? CAPABILITIES[MSI_ID] : msiRegisters(control);
};

/** Little-endian number; negative when a byte is not known. */
function word(image: Image, at: number, bytes: number): number {
  let value = 0;
  for (let i = bytes - 1; i >= 0; i--) {
    if (at + i >= SPACE_BYTES || image[at + i] < 0) return -1;
    value = value * 256 + image[at + i];
  }
  return value;
}

/** Offsets of the capabilities; a list that loops ends there. */
function* standardList(image: Image): Generator<number> {
  let at = image[POINTER] & ~3;
  const seen = new Set<number>();
  while (image[POINTER] >= 0) {
    if (at < 0x40 || at >= STANDARD_BYTES || image[at] < 0 || seen.has(at)) return;
    seen.add(at);
    yield at;
    if (image[at + 1] < 0) return;
    at = image[at + 1] & ~3;
  }
}

function* extendedList(image: Image): Generator<number> {
  let at = STANDARD_BYTES;
  const seen = new Set<number>();
  while (!seen.has(at)) {
    seen.add(at);
    const header = word(image, at, 4);
    // A function without extended capabilities reads as zeros or ones.
    if (header <= 0 || header === 0xffff_ffff) return;
    yield at;
    at = Math.floor(header / 2 ** 20) & ~3;
    if (at < STANDARD_BYTES) return;
  }
}

/** Paths whose reads return what the function has; VFIO hides some capabilities from its users. */
const PHYSICAL: ReadonlySet<string> = new Set(['kernel', 'sysfs', 'hardware']);

/**
 * Adds what a batch shows to what is known of the configuration space of each function. The first
 * value of a byte counts. Returns the devices that more is known about.
 */
function addBatch(batch: Batch, images: Map<string, Image>): ReadonlySet<string> {
  const changed = new Set<string>();
  const kind = batch.column('kind');
  const [snapshot, read] = ['snapshot', 'config.read'].map((name) => kind.entries.indexOf(name));
  const device = batch.column('device');
  const offset = batch.column('offset');
  const length = batch.column('length');
  const value = batch.column('value');
  const path = batch.column('path');
  const isPhysical = path.entries.map((name) => PHYSICAL.has(name));
  const known = device.entries.map((name) => imageOf(images, name));
  for (let row = 0; row < batch.rows; row++) {
    const id = kind.ids[row];
    if ((id !== snapshot && id !== read) || !isPresent(device.bits, row)) continue;
    const image = known[device.ids[row]];
    if (id === snapshot) {
      const bytes = batch.column('data').at(row);
      if (bytes === null || bytes.byteLength < STANDARD_HEADER) continue;
      fill(image, 0, bytes);
      changed.add(device.entries[device.ids[row]]);
    } else if (isPresent(value.bits, row) && isPhysical[path.id(row)]) {
      const at = offset.number(row);
      const bytes = length.number(row);
      if (bytes > 4 || at + bytes > SPACE_BYTES || image[at] >= 0) continue;
      fill(image, at, littleEndian(value.number(row), bytes));
      changed.add(device.entries[device.ids[row]]);
    }
  }
  return changed;
}

function imageOf(images: Map<string, Image>, device: string): Image {
  let image = images.get(device);
  if (image === undefined) {
    image = new Int16Array(SPACE_BYTES).fill(-1);
    images.set(device, image);
  }
  return image;
}

const littleEndian = (value: number, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) % 256);

function fill(image: Image, at: number, bytes: ArrayLike<number>): void {
  const end = Math.min(bytes.length, SPACE_BYTES - at);
  for (let i = 0; i < end; i++) if (image[at + i] < 0) image[at + i] = bytes[i];
}
