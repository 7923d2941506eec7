/**
 * Rules of udev, for the devices of a run. udev handles uevents of one device, of its parents and
 * of its children in the order in which they were sent, and others at the same time (systemd
 * src/udev/udev-manager.c 252). A device whose uevents no rule matches needs nothing.
 */
import { type DevFile, type NodeAccess, newNode } from './dev-nodes.js';
import type { OperationSpec, UdevMatch, UdevRule, UdevSpec } from './machine-spec.js';
import type { Operation } from './operation.js';
import type { Place } from './place.js';
import type { Uevent, UeventSubsystem } from './uevents.js';

/** A rule as it is for one device. */
export interface ServedRule {
  readonly rule: UdevRule;
  /** Numbers of the operations that it runs: from `first`, below `end`. */
  readonly first: number;
  readonly end: number;
}

/** A function with its device of VFIO, or a group: udev handles its uevents one after the other. */
export interface Served {
  /** The name of the function or of the group, for people. */
  readonly name: string;
  /** The function, or any one of the group. */
  readonly place: Place;
  readonly rules: readonly ServedRule[];
  readonly operations: readonly Operation[];
}

const GROUP_SUBSYSTEMS = ['vfio'] as const;
const FUNCTION_SUBSYSTEMS = ['pci', 'vfio-dev'] as const;
const MDEV_SUBSYSTEMS = ['mdev', 'vfio-dev'] as const;

/** The operations of a rule for the device with a name. */
function runsFor(rule: UdevRule, kernel: string): readonly OperationSpec[] {
  const text = JSON.stringify(rule.runs, (_, value) =>
    typeof value === 'string' ? value.replaceAll('$kernel', kernel) : value,
  );
  return JSON.parse(text);
}

/** What rules may do to functions at some addresses, and to groups with some numbers. */
export const runsOf = (spec: UdevSpec | undefined, names: readonly string[]): OperationSpec[] =>
  (spec?.rules ?? []).flatMap((rule) => names.flatMap((name) => runsFor(rule, name)));

/** The kernel's name of a device, where it is known before the run. */
function kernelName(place: Place, subsystem: UeventSubsystem): string | null {
  if (subsystem === 'pci' || subsystem === 'mdev') return place.address;
  return subsystem === 'vfio' && place.group >= 0 ? String(place.group) : null;
}

const fits = <T>(wanted: T | undefined, value: T): boolean =>
  wanted === undefined || wanted === value;

/** Whether a rule can match uevents of a device, whatever their action and driver are. */
function concerns(match: UdevMatch, place: Place, subsystem: UeventSubsystem): boolean {
  if (!fits(match.subsystem, subsystem)) return false;
  if (!fits<string | null>(match.kernel, kernelName(place, subsystem))) return false;
  if (match.driver !== undefined && subsystem.startsWith('vfio')) return false;
  const { vendor, device, class: code } = match;
  // A group has no parent, whose ids it could have; neither do mediated devices of virtual parents.
  if (subsystem === 'vfio' || place.mediated) {
    return vendor === undefined && device === undefined && code === undefined;
  }
  const { ids } = place;
  return fits(vendor, ids.vendor) && fits(device, ids.device) && fits(code, ids.class);
}

/** Whether a rule that concerns the device of a uevent matches it. */
export const matchesUevent = ({ match }: UdevRule, { action, subsystem, driver }: Uevent) =>
  fits(match.action, action) &&
  fits(match.subsystem, subsystem) &&
  fits<string | null>(match.driver, driver);

export class UdevRules {
  readonly served: readonly Served[];
  readonly #functions: readonly number[];
  readonly #groups: ReadonlyMap<number, number>;

  /** @param operationOf makes an operation of its specification */
  constructor(
    private readonly spec: UdevSpec,
    places: readonly Place[],
    operationOf: (spec: OperationSpec) => Operation,
  ) {
    const served: Served[] = [];
    const add = (name: string, place: Place, subsystems: readonly UeventSubsystem[]): number => {
      const operations: Operation[] = [];
      const rules: ServedRule[] = [];
      for (const rule of spec.rules) {
        const of = subsystems.find((subsystem) => concerns(rule.match, place, subsystem));
        if (of === undefined) continue;
        const first = operations.length;
        const runs = runsFor(rule, kernelName(place, of) ?? '');
        operations.push(...runs.map(operationOf));
        rules.push({ rule, first, end: operations.length });
      }
      return rules.length === 0 ? -1 : served.push({ name, place, rules, operations }) - 1;
    };
    this.#functions = places.map((place) =>
      add(place.address, place, place.mediated ? MDEV_SUBSYSTEMS : FUNCTION_SUBSYSTEMS),
    );
    const groups = new Map(places.map((place) => [place.group, place]));
    this.#groups = new Map(
      [...groups].map(([group, place]) => [
        group,
        add(`group of ${place.address}`, place, GROUP_SUBSYSTEMS),
      ]),
    );
    this.served = served;
  }

  /** The number of what is served, for uevents of a device; -1 when no rule is about it. */
  servedBy(place: Place, subsystem: UeventSubsystem): number {
    return subsystem === 'vfio'
      ? (this.#groups.get(place.group) ?? -1)
      : this.#functions[place.index];
  }

  /**
   * A file in /dev for which all rules have run: of a device that was there before the run, or of
   * the container and of iommufd, which always are.
   */
  settledNode(kind: DevFile, place: Place | null): NodeAccess {
    const node = newNode(kind);
    const changes = this.spec.rules
      .filter(({ match }) => {
        if (!fits(match.action, 'add')) return false;
        if (place !== null) return concerns(match, place, kind === 'group' ? 'vfio' : 'vfio-dev');
        const { subsystem, kernel, driver, vendor, device, class: code } = match;
        const isOfPci = [driver, vendor, device, code].some((one) => one !== undefined);
        const name = kind === 'container' ? 'vfio' : 'iommu';
        return fits(subsystem, 'misc') && fits(kernel, name) && !isOfPci;
      })
      .map((rule) => rule.node);
    return Object.assign({}, node, ...changes);
  }
}
