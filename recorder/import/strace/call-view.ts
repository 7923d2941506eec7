/** The arguments of the call at hand by what they mean: numbers, strings, VFIO files. */

import { Interner } from '../../byte-matching/interner.js';
import { Cursor } from '../line-cursor.js';
import { Arguments, StringDecoder } from './call-arguments.js';
import type { CallLine } from './call-line.js';
import type { Files, OpenFile, Process } from './vfio-files.js';

const ANGLE_OPEN = 0x3c;
const STRING_BYTES_MAX = 1 << 16;
/** What -yy adds to the path of a device file. */
const DEVICE_TYPE = /<char \d+:\d+>$/;
/** Every path that has to do with VFIO has one of these in it. */
const OF_VFIO = /vfio|iommu/;

/** A string argument that is a path, or what a link points to. */
export interface Path {
  readonly text: string;
  /** False when strace cut it. */
  readonly isComplete: boolean;
  readonly isOfVfio: boolean;
}

export class CallView {
  readonly #arguments = new Arguments();
  /** Paths as strace shows them after descriptors; null for those that are not of VFIO. */
  readonly #shown = new Interner((path) =>
    OF_VFIO.test(path) ? path.replace(DEVICE_TYPE, '') : null,
  );
  readonly #paths = new Interner((argument) => this.#pathOf(Buffer.from(argument)));
  /** Holds the number that `number` took last. */
  readonly cursor = new Cursor();
  /** Holds the string that `string` decoded last. */
  readonly decoded = new StringDecoder(STRING_BYTES_MAX);
  line!: CallLine;

  constructor(readonly files: Files) {}

  /** Moves to the call of a line. */
  set(line: CallLine): void {
    this.line = line;
    this.#arguments.set(line.bytes, line.argsStart, line.argsEnd);
  }

  /** Whether the call has an argument `index`, counted from 0. */
  has(index: number): boolean {
    return this.#arguments.has(index);
  }

  start(index: number): number {
    return this.#arguments.starts[index];
  }

  end(index: number): number {
    return this.#arguments.ends[index];
  }

  /** An argument as the line has it; the call must have it. */
  text(index: number): string {
    return this.line.bytes.toString('utf8', this.start(index), this.end(index));
  }

  /** Whether the argument starts with a number, which `cursor` then has. */
  number(index: number): boolean {
    if (!this.#arguments.has(index)) return false;
    this.cursor.set(this.line.bytes, this.start(index), this.end(index));
    return this.cursor.number();
  }

  /** Whether the argument is a string, which `decoded` then has. */
  string(index: number): boolean {
    if (!this.#arguments.has(index)) return false;
    return this.decoded.decode(this.line.bytes, this.start(index), this.end(index));
  }

  /** The argument as a path, or null when it is not a string. */
  path(index: number): Path | null {
    if (!this.#arguments.has(index)) return null;
    return this.#paths.get(this.line.bytes, this.start(index), this.end(index));
  }

  #pathOf(argument: Buffer): Path | null {
    if (!this.decoded.decode(argument, 0, argument.byteLength)) return null;
    const { bytes, length, complete: isComplete } = this.decoded;
    const text = bytes.toString('utf8', 0, length);
    return { text, isComplete, isOfVfio: OF_VFIO.test(text) };
  }

  /** The VFIO file that the descriptor in an argument refers to, or null. */
  file(index: number): OpenFile | null {
    if (!this.number(index)) return null;
    const { cursor } = this;
    const known = this.process.files.get(cursor.low) ?? null;
    if (!cursor.byte(ANGLE_OPEN)) return known;
    // Under -y the path is the truth; the table adds which device it is.
    const path = this.#shown.get(this.line.bytes, cursor.at, cursor.end - 1);
    const shown = path === null ? null : this.files.named(path);
    return known !== null && known.kind === shown?.kind ? known : shown;
  }

  get process(): Process {
    return this.files.process(this.line.tid);
  }

  /** The number that the call returned when it succeeded and it is small enough, or -1. */
  get result(): number {
    const { hasRet, retHigh, retLow } = this.line;
    return hasRet && retHigh === 0 ? retLow : -1;
  }
}
