/** Leaves out of a run what cannot matter to one function. */
import {
  type Action,
  type Condition,
  conditionsOf,
  functionOfWrite,
  type OperationSpec,
  type RunSpec,
  World,
} from '../kernel/index.js';
import { vfAddressOf } from '../model/binding/vf-address.js';

/**
 * A run without the operations on other functions: kept are those on the function, on its PF or its
 * VFs, on functions of its IOMMU group or that an actor looks at, and all that name no function.
 * Functions without any operation stay.
 *
 * An operation on another function can only matter by what it does to a probe that was put off, by
 * an actor that stops after an error, or by one that others wait for: these are kept, too.
 */
export function sliceOf(spec: RunSpec, question: string): RunSpec {
  const operations = spec.actors.flatMap((actor) => actor.operations);
  const conditions = conditionsOf(operations, spec.machine.drivers);
  const related = new Set([...relatedTo(spec, question), ...observed(spec, conditions)]);
  const awaited = new Set(conditions.map((one) => (one.type === 'done' ? one.actor : null)));
  // Rules of udev may carry what happens to one function to another.
  if (spec.machine.udev !== undefined || new World(spec).canDefer) return spec;
  const isKept = ({ action, onError }: OperationSpec) => {
    const address = functionOf(action);
    return onError === 'stop' || address === null || related.has(address);
  };
  const actors = spec.actors.map((actor) =>
    awaited.has(actor.name)
      ? actor
      : { ...actor, operations: actor.operations.filter((operation) => isKept(operation)) },
  );
  return { ...spec, actors: actors.filter(({ operations }) => operations.length > 0) };
}

/** Functions that an actor reads of, has a condition about, or whose links it follows. */
function observed({ actors }: RunSpec, conditions: readonly Condition[]): string[] {
  const actions = actors.flatMap(({ operations }) => operations.map(({ action }) => action));
  return [
    ...actions.flatMap((action) => (action.type === 'read' ? [action.address] : [])),
    ...actions
      .flatMap((action) => (action.type === 'write' ? (action.links ?? []) : []))
      .map(({ address }) => address),
    ...conditions.flatMap((one) => ('address' in one ? [one.address] : [])),
  ];
}

/** The function that an operation is about; null when it may be any. */
function functionOf(action: Action): string | null {
  if (action.type === 'write') return functionOfWrite(action);
  // What a user does with files and mappings reaches functions by names.
  return action.type === 'unplug' || action.type === 'removal' || action.type === 'release'
    ? action.address
    : null;
}

/** The function, its PF or its VFs, and the functions of its group. */
function relatedTo({ machine: { functions } }: RunSpec, question: string): ReadonlySet<string> {
  const related = new Set([question]);
  const asked = functions.find(({ address }) => address === question);
  for (const { address, group } of functions) {
    if (group !== undefined && group === asked?.group) related.add(address);
  }
  for (const { address, sriov } of functions) {
    if (sriov === null) continue;
    const { offset, stride, totalVfs } = sriov;
    const vfAt = (i: number): string => vfAddressOf(address, offset, stride, i);
    const vfs = Array.from({ length: totalVfs }, (_, i) => vfAt(i));
    if (address === question) for (const vf of vfs) related.add(vf);
    else if (vfs.includes(question)) related.add(address);
  }
  return related;
}
