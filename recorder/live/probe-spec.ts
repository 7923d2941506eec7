import { assert } from '../../traces/index.js';

/** Probes are chosen by group: `vfr record --only config,vfio`. */
export const PROBE_GROUPS = {
  binding: 'driver core: matching, probing, binding, overrides, sysfs stores',
  pci: 'PCI: functions that come and go, SR-IOV, power, resets',
  config: 'configuration space accesses of the kernel and of sysfs',
  vfio: 'VFIO: ioctls, region accesses, mappings, page faults, interrupts',
  iommu: 'IOMMU faults',
  nvme: 'the nvme driver, as an example of a native driver',
} as const;
export type ProbeGroup = keyof typeof PROBE_GROUPS;

/** One value that a probe fetches, in terms of the function's source code. */
export interface ArgumentSpec {
  /** Name of the event's field. */
  readonly field: string;
  /** Names under which kernels know the parameter, newest first. */
  readonly parameters: readonly string[];
  /**
   * Members from the parameter on, alternatives newest first; `['']` for the parameter itself. The
   * first that this kernel's types have is taken.
   */
  readonly paths: readonly string[];
  /** Reads at this offset of what the (pointer) parameter points to, in user or kernel memory. */
  readonly at: { readonly user: boolean; readonly offset: number } | undefined;
  /** Type of the field in the probe definition: s32, x64, string, … */
  readonly type: string;
}

/** A probe on one function: an event at its entry, at its return, or one of each. */
export interface ProbeSpec {
  readonly group: ProbeGroup;
  readonly event: string;
  readonly function: string;
  /** Where the function is, unless in the kernel image. */
  readonly module: string | undefined;
  readonly arguments: readonly ArgumentSpec[];
  /** Type of the return value; the entry event then has a twin `EVENT_ret`. */
  readonly returns: string | undefined;
  /**
   * What the function returns through a pointer: fetched at the return, which needs a kernel that
   * keeps entry arguments until then (6.9).
   */
  readonly output: ArgumentSpec | undefined;
  /** Functions of the same source file, to tell static functions of one name apart. */
  readonly neighbours: readonly string[];
}

const ARGUMENT = /^(\w+)=([\w|]+)((?:<\w+>)?(?:\.[\w.<>|]+)?)(?:\[(u?)(\d+)\])?:(\w+)$/;

/**
 * Reads the short form of an argument: `FIELD=PARAMETER[.path]:TYPE`, or `FIELD=PARAMETER[OFFSET]:TYPE`
 * for what a pointer points to (`[uOFFSET]` in user memory). `|` separates the names of different
 * kernels: `where=pos|where:s32`.
 */
export function parseArgument(text: string): ArgumentSpec {
  const match = ARGUMENT.exec(text);
  assert(match, `"${text}" is not a probe argument`);
  const [, field, parameters, path, user, offset, type] = match;
  return {
    field: field!,
    parameters: parameters!.split('|'),
    paths: path!.split('|').map((part, index) => (index === 0 ? part : `.${part}`)),
    at: offset === undefined ? undefined : { user: user === 'u', offset: Number(offset) },
    type: type!,
  };
}
