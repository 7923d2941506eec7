import { VfrError } from '../../../traces/index.js';

/** Kinds of BTF types (kernel include/uapi/linux/btf.h 6.12, enum of BTF_KIND_*). */
export const Kind = {
  void: 0,
  int: 1,
  pointer: 2,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  forward: 7,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  func: 12,
  funcProto: 13,
  variable: 14,
  dataSection: 15,
  float: 16,
  declTag: 17,
  typeTag: 18,
  enum64: 19,
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

const MAGIC = 0xeb9f;
const HEADER_LENGTH = 24;
const TYPE_LENGTH = 12;

/** Bytes that follow the common part of a type, by kind: a fixed part and a part per element. */
const EXTRA: readonly (readonly [fixed: number, perElement: number] | undefined)[] = [
  undefined, // void is never written
  [4, 0],
  [0, 0],
  [12, 0],
  [0, 12],
  [0, 12],
  [0, 8],
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 8],
  [4, 0],
  [0, 12],
  [0, 0],
  [4, 0],
  [0, 0],
  [0, 12],
];

export interface Member {
  /** Empty for an anonymous struct or union. */
  readonly name: string;
  readonly type: number;
  readonly bitOffset: number;
  /** 0 unless the member is a bit field. */
  readonly bitWidth: number;
}

export interface Parameter {
  readonly name: string;
  readonly type: number;
}

/**
 * The type information of one kernel image or module, read in place.
 *
 * Ids and string offsets of a module's BTF ("split BTF") continue those of its base; id 0 is void.
 * Every offset is checked when it is used, so damaged data can only cause a VfrError.
 */
export class Btf {
  readonly #view: DataView;
  readonly #text: Buffer;
  readonly #littleEndian: boolean;
  readonly #typesAt: number;
  readonly #stringsAt: number;
  readonly #stringsLength: number;
  /** Position of each own type, relative to the type section. */
  readonly #positions: Uint32Array;
  readonly #firstId: number;
  readonly #firstString: number;

  /**
   * @param where Origin of the bytes, for messages.
   * @throws VfrError when they are not BTF.
   */
  constructor(
    bytes: Uint8Array,
    readonly where: string,
    readonly base?: Btf,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < HEADER_LENGTH) throw this.#damaged('too short for a header');
    this.#littleEndian = this.#view.getUint16(0, true) === MAGIC;
    if (this.#u16(0) !== MAGIC) throw this.#damaged('no BTF magic at the start');
    if (this.#view.getUint8(2) !== 1) throw this.#damaged('unknown BTF version');
    const header = this.#u32(4);
    if (header < HEADER_LENGTH) throw this.#damaged('header length below the minimum');
    const section = (at: number): readonly [start: number, length: number] => {
      const [start, length] = [header + this.#u32(at), this.#u32(at + 4)];
      if (start + length > bytes.length) throw this.#damaged('a section ends past the data');
      return [start, length];
    };
    const [typesAt, typesLength] = section(8);
    [this.#stringsAt, this.#stringsLength] = section(16);
    this.#typesAt = typesAt;
    this.#firstId = base ? base.typeCount : 1;
    this.#firstString = base ? base.#stringsEnd : 0;
    this.#positions = this.#index(typesLength);
  }

  #damaged(what: string): VfrError {
    return new VfrError(
      'BTF_DAMAGED',
      `the kernel's type information (BTF) cannot be read: ${what}`,
      'Run vfr doctor; without BTF vfr records tracepoints only.',
      { file: this.where },
    );
  }

  #u16(at: number): number {
    return this.#view.getUint16(at, this.#littleEndian);
  }

  #u32(at: number): number {
    return this.#view.getUint32(at, this.#littleEndian);
  }

  get #stringsEnd(): number {
    return this.#firstString + this.#stringsLength;
  }

  /** Walks the type section once and notes where each type starts. */
  #index(length: number): Uint32Array {
    const positions = new Uint32Array(Math.floor(length / TYPE_LENGTH));
    let count = 0;
    let at = 0;
    while (at < length) {
      if (at + TYPE_LENGTH > length) throw this.#damaged('the last type is cut');
      const info = this.#u32(this.#typesAt + at + 4);
      const extra = EXTRA[(info >>> 24) & 0x1f];
      if (!extra) throw this.#damaged(`type ${this.#firstId + count} has an unknown kind`);
      positions[count++] = at;
      at += TYPE_LENGTH + extra[0] + extra[1] * (info & 0xffff);
    }
    if (at !== length) throw this.#damaged('the last type is cut');
    return positions.slice(0, count);
  }

  /** One past the highest type id, those of the base included. */
  get typeCount(): number {
    return this.#firstId + this.#positions.length;
  }

  /** Position in the data of a type of our own (not of the base). */
  #at(id: number): number {
    const position = this.#positions[id - this.#firstId];
    if (position === undefined) throw this.#damaged(`type id ${id} does not exist`);
    return this.#typesAt + position;
  }

  #inBase(id: number): Btf | undefined {
    return id < this.#firstId ? this.base : undefined;
  }

  #string(offset: number): string {
    if (offset < this.#firstString && this.base) return this.base.#string(offset);
    const start = offset - this.#firstString;
    if (start < 0 || start >= this.#stringsLength) throw this.#damaged(`no string at ${offset}`);
    const from = this.#stringsAt + start;
    const end = this.#text.indexOf(0, from);
    if (end < 0 || end >= this.#stringsAt + this.#stringsLength) {
      throw this.#damaged(`the string at ${offset} has no end`);
    }
    return this.#text.toString('latin1', from, end);
  }

  kind(id: number): Kind {
    if (id === 0) return Kind.void;
    return (this.#inBase(id)?.kind(id) ?? (this.#u32(this.#at(id) + 4) >>> 24) & 0x1f) as Kind;
  }

  name(id: number): string {
    if (id === 0) return 'void';
    return this.#inBase(id)?.name(id) ?? this.#string(this.#u32(this.#at(id)));
  }

  /**
   * The size in bytes of a sized type, or the type referred to by pointers, typedefs, qualifiers.
   */
  sizeOrType(id: number): number {
    return this.#inBase(id)?.sizeOrType(id) ?? this.#u32(this.#at(id) + 8);
  }

  /** The word that follows an int: encoding (bit 24 is "signed"), bit offset, bits. */
  intEncoding(id: number): number {
    return this.#inBase(id)?.intEncoding(id) ?? this.#u32(this.#at(id) + TYPE_LENGTH);
  }

  /** Element type and number of elements of an array. */
  array(id: number): { readonly element: number; readonly length: number } {
    const base = this.#inBase(id);
    if (base) return base.array(id);
    const at = this.#at(id) + TYPE_LENGTH;
    return { element: this.#u32(at), length: this.#u32(at + 8) };
  }

  /** Whether the values of an enum are signed. */
  enumIsSigned(id: number): boolean {
    return this.#inBase(id)?.enumIsSigned(id) ?? this.#u32(this.#at(id) + 4) >>> 31 === 1;
  }

  members(id: number): Member[] {
    const base = this.#inBase(id);
    if (base) return base.members(id);
    const at = this.#at(id);
    const info = this.#u32(at + 4);
    const packed = info >>> 31 === 1;
    return Array.from({ length: info & 0xffff }, (_, index) => {
      const member = at + TYPE_LENGTH + 12 * index;
      const offset = this.#u32(member + 8);
      return {
        name: this.#string(this.#u32(member)),
        type: this.#u32(member + 4),
        bitOffset: packed ? offset & 0xffffff : offset,
        bitWidth: packed ? offset >>> 24 : 0,
      };
    });
  }

  parameters(prototype: number): Parameter[] {
    const base = this.#inBase(prototype);
    if (base) return base.parameters(prototype);
    const at = this.#at(prototype);
    return Array.from({ length: this.#u32(at + 4) & 0xffff }, (_, index) => ({
      name: this.#string(this.#u32(at + TYPE_LENGTH + 8 * index)),
      type: this.#u32(at + TYPE_LENGTH + 8 * index + 4),
    }));
  }

  /**
   * Ids of all types of the given kinds with exactly this name; own ones first, then the base's.
   */
  find(name: string, ...kinds: readonly Kind[]): number[] {
    const offsets = new Set(this.#offsetsOf(name));
    return this.#findByString(offsets, kinds);
  }

  #findByString(names: ReadonlySet<number>, kinds: readonly Kind[]): number[] {
    const found: number[] = [];
    for (let index = 0; names.size > 0 && index < this.#positions.length; index++) {
      const at = this.#typesAt + this.#positions[index]!;
      if (!names.has(this.#u32(at))) continue;
      const kind = ((this.#u32(at + 4) >>> 24) & 0x1f) as Kind;
      if (kinds.includes(kind)) found.push(this.#firstId + index);
    }
    return this.base ? [...found, ...this.base.#findByString(names, kinds)] : found;
  }

  /** Offsets of a string in the string sections: a name is stored once per section. */
  #offsetsOf(name: string): number[] {
    const needle = Buffer.from(`\0${name}\0`, 'latin1');
    const section = this.#text.subarray(this.#stringsAt, this.#stringsAt + this.#stringsLength);
    const found = this.base ? this.base.#offsetsOf(name) : [];
    if (section.subarray(0, name.length + 1).equals(needle.subarray(1))) {
      found.push(this.#firstString);
    }
    for (let at = section.indexOf(needle); at >= 0; at = section.indexOf(needle, at + 1)) {
      found.push(this.#firstString + at + 1);
    }
    return found;
  }
}
