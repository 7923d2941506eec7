/** The state of udev and of /dev. A machine without udev has none of it. */
import type { Cells } from './cells.js';
import type { NodeAccess } from './dev-nodes.js';
import type { NodeKind } from './machine-spec.js';
import type { Place } from './place.js';
import type { UdevRules } from './udev-rules.js';
import type { Uevent } from './uevents.js';
import type { ValueTable } from './values.js';
import type { World } from './world.js';

const NO_UEVENTS: readonly Uevent[] = [];

export class UdevState {
  readonly #queues: number;
  readonly #groups: number;
  readonly #devices: number;
  readonly #numbers: readonly number[];

  /** @param firstThread the thread that handles uevents of the first device with rules */
  constructor(
    private readonly cells: Cells,
    private readonly values: ValueTable,
    readonly rules: UdevRules,
    { places }: World,
    readonly firstThread: number,
  ) {
    this.#numbers = [...new Set(places.map(({ group }) => group))];
    this.#queues = cells.allocate(rules.served.length);
    this.#groups = cells.allocate(this.#numbers.length);
    this.#devices = cells.allocate(places.length);
  }

  /** Uevents that udev has not handled, of the devices that a thread of udev serves. */
  queue(served: number): readonly Uevent[] {
    const number = this.cells.get(this.#queues + served);
    return number === 0 ? NO_UEVENTS : this.values.at(number);
  }

  setQueue(served: number, queue: readonly Uevent[]): void {
    this.cells.set(
      this.#queues + served,
      queue.length === 0 ? 0 : this.values.numberOf(queue as Uevent[]),
    );
  }

  #cell(kind: NodeKind, place: Place): number {
    return kind === 'group'
      ? this.#groups + this.#numbers.indexOf(place.group)
      : this.#devices + place.index;
  }

  /** The file in /dev of the group of a function, or of its device of VFIO; null for none. */
  node(kind: NodeKind, place: Place): NodeAccess | null {
    const number = this.cells.get(this.#cell(kind, place));
    return number === 0 ? null : this.values.at(number);
  }

  setNode(kind: NodeKind, place: Place, node: NodeAccess | null): void {
    this.cells.set(this.#cell(kind, place), node === null ? 0 : this.values.numberOf(node));
  }
}
