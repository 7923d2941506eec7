/** What a process of a recording did with its files, as operations of an actor, for any door of VFIO. */
import type {
  FunctionSpec,
  IoctlAction,
  MachineSpec,
  OperationSpec,
  UserAction,
} from '../replay/kernel/index.js';
import type { EventRow } from './build-trace.js';

const PAGE = 4096n;
const REGION_PAGES = 2n ** 28n;
/** VFIO_IRQ_SET_DATA_EVENTFD. */
const IS_EVENTFD = 4;

export const num = (value: bigint | undefined): number => Number(value ?? 0n);

interface Mapping {
  readonly name: string;
  readonly start: bigint;
  readonly end: bigint;
  readonly device: string | undefined;
}

export class ClientActions {
  readonly operations: OperationSpec[] = [];
  #maps: Mapping[] = [];
  #mapped = 0;

  do(action: UserAction): void {
    this.operations.push({ action, when: null, onError: 'continue' });
  }

  access(file: string, e: EventRow): void {
    this.do({
      type: 'access',
      file,
      write: e.kind === 'region.write',
      region: e.region ?? 0,
      offset: num(e.offset),
      count: num(e.length),
      value: num(e.value),
    });
  }

  map(file: string, e: EventRow): void {
    const start = e.offset ?? 0n;
    const end = Buffer.from(e.data ?? []).readBigUInt64LE(0);
    const name = `map-${this.#mapped++}`;
    const offset = num(((e.value ?? 0n) % REGION_PAGES) * PAGE);
    const length = num(end - start);
    this.do({ type: 'mmap', file, region: e.region ?? 0, offset, length, as: name });
    this.#maps.push({ name, start, end, device: e.device });
  }

  /** An access to memory that is mapped; memory of the process's own is none of VFIO. */
  touch(e: EventRow): void {
    const address = e.offset ?? 0n;
    const found = this.#maps.findLast(({ start, end }) => address >= start && address < end);
    if (found === undefined) return;
    this.do({ type: 'touch', map: found.name, offset: num(address - found.start) });
  }

  /** Takes away what is mapped of a device. */
  unmapAll(device: string | null): void {
    const isOf = (map: Mapping) => map.device === device;
    for (const { name } of this.#maps.filter(isOf)) this.do({ type: 'munmap', map: name });
    this.#maps = this.#maps.filter((map) => !isOf(map));
  }

  /** VFIO_DEVICE_SET_IRQS. @param inner events within the call, which show how many eventfds it has */
  setIrqs(call: IoctlAction, inner: readonly EventRow[]): void {
    const irqs = inner.find(({ kind }) => kind === 'irq.set');
    const count = (num(irqs?.value) & IS_EVENTFD) !== 0 ? num(irqs?.length) : 0;
    if (count > 0) this.do({ type: 'open', file: 'eventfd', address: null, as: 'event' });
    this.do({ ...call, files: Array.from({ length: count }, () => 'event') });
  }
}

/** A machine on which vfio-pci has some of the functions, and no other has a driver. */
export const vfioMachine = (
  kernel: string,
  functions: readonly FunctionSpec[],
  ofVfio: (address: string) => boolean,
): MachineSpec => ({
  kernel,
  functions: functions.map((fn) =>
    ofVfio(fn.address) ? { ...fn, driver: 'vfio-pci', override: 'vfio-pci' } : fn,
  ),
  drivers: [
    {
      name: 'vfio-pci',
      loaded: true,
      table: null,
      isAsync: false,
      sriov: null,
      answers: [],
      defersUntil: null,
    },
  ],
});
