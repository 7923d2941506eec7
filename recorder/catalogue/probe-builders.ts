/** Short forms that the catalogue is written in. */
import type { Columns, Fetch, FetchType, Probe, Site } from './probe-definition.js';

type FunctionSite = Extract<Site, { type: 'function' }>;

/** A probed function: what to fetch at its entry, and which event its call becomes. */
export interface Call extends Omit<Probe, 'event' | 'role' | 'call' | 'site' | 'name' | 'columns'> {
  readonly symbol: string;
  /** Event name, when it is not the symbol. */
  readonly event?: string;
  readonly name?: string;
  readonly module?: string;
  readonly near?: string;
  readonly fetch?: Readonly<Record<string, Fetch>>;
  readonly columns?: Columns;
}

const base = (call: Call): Omit<Probe, 'event' | 'role' | 'site'> => ({
  group: call.group,
  kind: call.kind,
  call: call.symbol,
  name: call.name ?? call.symbol,
  columns: call.columns ?? {},
  ...(call.path === undefined ? {} : { path: call.path }),
  ...(call.vfio === undefined ? {} : { vfio: call.vfio }),
});

const site = (call: Call, fetch: FunctionSite['fetch']): FunctionSite => ({
  type: 'function',
  symbol: call.symbol,
  ...(call.module === undefined ? {} : { module: call.module }),
  ...(call.near === undefined ? {} : { near: call.near }),
  fetch,
});

const eventName = (call: Call) => call.event ?? call.symbol;

/** A function whose entry alone matters, or that returns nothing. */
export const point = (call: Call): Probe[] => [
  { ...base(call), event: eventName(call), role: 'point', site: site(call, call.fetch ?? {}) },
];

/** A function from entry to return; `ret` is the type of its return value, null for void. */
export const span = (call: Call, ret: FetchType | null = 's32'): Probe[] => [
  { ...base(call), event: eventName(call), role: 'entry', site: site(call, call.fetch ?? {}) },
  {
    ...base(call),
    event: `${eventName(call)}_ret`,
    role: 'return',
    site: site(call, ret === null ? {} : { ret: { arg: 0, type: ret } }),
  },
];

/**
 * A function whose return record fetches more than its result, on kernels whose return probes see
 * the arguments of the entry (Linux 6.9). These fields become data of the end.
 */
export const answered = (
  call: Call,
  answers: Readonly<Record<string, Fetch>>,
  words: NonNullable<Columns['answer']>,
  ret: FetchType | null = 's32',
): Probe[] =>
  span(call, ret).map((probe) =>
    probe.role !== 'return' || probe.site.type !== 'function'
      ? probe
      : {
          ...probe,
          columns: { ...probe.columns, answer: words },
          site: { ...probe.site, fetch: { ...answers, ...probe.site.fetch } },
        },
  );

/** A function that returns a value through pointer argument `arg`. */
export const reader = (call: Call, arg: number, type: FetchType): Probe[] => [
  ...span({ ...call, columns: { ...call.columns, value: 'val' } }),
  {
    ...base(call),
    columns: { value: 'val' },
    event: `${eventName(call)}_val`,
    role: 'value',
    site: site(call, { val: { arg, deref: true, type } }),
  },
];

type OwnOfTracepoint = 'event' | 'site' | 'name' | 'columns' | 'call';

/** A kernel tracepoint of its own name. */
export const tracepoint = (
  system: string,
  event: string,
  probe: Omit<Probe, OwnOfTracepoint> & Partial<Pick<Probe, 'name' | 'columns' | 'call'>>,
): Probe[] => [
  {
    name: event,
    call: event,
    columns: {},
    ...probe,
    event,
    site: { type: 'tracepoint', system, event },
  },
];

/** An argument as it is. */
export const arg = (n: number, type: FetchType): Fetch => ({ arg: n, type });
/** A string that an argument points to. */
export const text = (n: number): Fetch => ({ arg: n, type: 'string' });
/** A member of the struct that an argument points to. */
export const member = (n: number, type: FetchType, ...path: string[]): Fetch => ({
  arg: n,
  path,
  type,
});
/** What a kernel pointer argument points to. */
export const deref = (n: number, type: FetchType): Fetch => ({ arg: n, deref: true, type });
/** A word of the user memory that an argument points to. */
export const user = (n: number, offset: number, type: FetchType): Fetch => ({
  arg: n,
  user: offset,
  type,
});

/** Name of the device that a `struct device *` argument points to. */
export const device = (n: number) => member(n, 'string', 'device.kobj.name');
/** Name of the driver that a `struct device_driver *` argument points to. */
export const driver = (n: number) => member(n, 'string', 'device_driver.name');
/** Name of the driver bound to the device that a `struct device *` argument points to. */
export const boundDriver = (n: number) => member(n, 'string', 'device.driver.name');
/** PCI address of the function that a `struct pci_dev *` argument points to. */
export const pciDev = (n: number) => member(n, 'string', 'pci_dev.dev.kobj.name');
