/** The rows of the list of events: calls, and below those that were opened what is inside. */
import { firstIndex } from '../../../traces/index.js';
import type { CallIndex } from './call-index.js';

/** Rows below an opened call. */
interface Block {
  /** Position of the opened call. */
  readonly call: number;
  /** Row of the first of them. */
  readonly row: number;
  readonly positions: readonly number[];
  readonly depths: readonly number[];
  /** Rows of all blocks until the end of this one. */
  readonly until: number;
}

export class CallList {
  readonly #blocks: readonly Block[];

  /**
   * @param base positions of the rows without opened calls, ascending
   * @param opened positions of the calls whose insides are shown
   */
  constructor(
    readonly base: Int32Array,
    readonly opened: ReadonlySet<number>,
    private readonly calls: CallIndex,
  ) {
    const blocks: Block[] = [];
    let before = 0;
    for (const at of [...opened].filter((one) => this.#inBase(one)).sort((a, b) => a - b)) {
      const block = { positions: [] as number[], depths: [] as number[] };
      this.#addInside(at, 1, block);
      const row = firstAtLeast(base, at) + 1 + before;
      before += block.positions.length;
      blocks.push({ call: at, row, ...block, until: before });
    }
    this.#blocks = blocks;
  }

  get length(): number {
    return this.base.length + (this.#blocks.at(-1)?.until ?? 0);
  }

  positionAt(row: number): number {
    const block = this.#blockOf(row);
    if (block === undefined) return this.base[row];
    const at = row - block.row;
    return block.positions[at] ?? this.base[row - block.until];
  }

  /** How many opened calls enclose a row. */
  depthAt(row: number): number {
    const block = this.#blockOf(row);
    return block?.depths[row - block.row] ?? 0;
  }

  /** The row of an event; else of the call around it, of the next event shown, or the last row. */
  indexOf(position: number): number {
    const at = this.calls.rowOf(position);
    const around = [at, ...this.calls.ancestors(at)];
    const root = around.find((one) => this.#inBase(one));
    const row = this.#rowOfBase(firstAtLeast(this.base, root ?? at));
    const block = root === undefined ? undefined : this.#blockBelow(root);
    const inner = block === undefined ? -1 : nearest(block.positions, around);
    return Math.min(row + 1 + inner, Math.max(0, this.length - 1));
  }

  has(position: number): boolean {
    return (
      this.length > 0 && this.positionAt(this.indexOf(position)) === this.calls.rowOf(position)
    );
  }

  #rowOfBase(index: number): number {
    const at = this.base[index] ?? Number.POSITIVE_INFINITY;
    const before = firstIndex(this.#blocks.length, (i) => this.#blocks[i].call >= at) - 1;
    return index + (this.#blocks[before]?.until ?? 0);
  }

  #blockBelow(call: number): Block | undefined {
    const block =
      this.#blocks[firstIndex(this.#blocks.length, (i) => this.#blocks[i].call >= call)];
    return block?.call === call ? block : undefined;
  }

  #blockOf(row: number): Block | undefined {
    return this.#blocks[firstIndex(this.#blocks.length, (i) => this.#blocks[i].row > row) - 1];
  }

  #inBase(position: number): boolean {
    return this.base[firstAtLeast(this.base, position)] === position;
  }

  #addInside(call: number, depth: number, block: { positions: number[]; depths: number[] }): void {
    for (const at of this.calls.inside(call)) {
      block.positions.push(at);
      block.depths.push(depth);
      if (this.opened.has(at)) this.#addInside(at, depth + 1, block);
    }
  }
}

/** Index of the first of some positions that is among others, or -1. */
function nearest(among: readonly number[], positions: readonly number[]): number {
  for (const position of positions) {
    const index = among.indexOf(position);
    if (index >= 0) return index;
  }
  return -1;
}

/** Index of the first ascending value that is at least `value`, or the length. */
export function firstAtLeast(values: ArrayLike<number>, value: number): number {
  return firstIndex(values.length, (i) => values[i] >= value);
}
