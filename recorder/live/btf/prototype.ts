import { type Btf, Kind } from './btf.js';
import { shapeOf, strip, type ValueShape } from './type-path.js';

export interface PrototypeParameter {
  readonly name: string;
  /** 1 for the first parameter: the N of `$argN` in a kprobe definition. */
  readonly position: number;
  /** Name of the struct or union that it points to, when it points to one. */
  readonly pointsTo: string | undefined;
  readonly shape: ValueShape;
}

export interface Prototype {
  readonly parameters: readonly PrototypeParameter[];
}

function pointsTo(btf: Btf, type: number): string | undefined {
  const pointer = strip(btf, type);
  if (btf.kind(pointer) !== Kind.pointer) return undefined;
  const object = strip(btf, btf.sizeOrType(pointer));
  const kind = btf.kind(object);
  return kind === Kind.struct || kind === Kind.union || kind === Kind.forward
    ? btf.name(object)
    : undefined;
}

/**
 * All prototypes of a kernel function's name: several when static functions share it, none when BTF
 * does not have it.
 */
export function prototypesOf(btf: Btf, name: string): Prototype[] {
  const distinct = new Map<string, Prototype>();
  for (const id of btf.find(name, Kind.func)) {
    const parameters = btf.parameters(btf.sizeOrType(id)).map((parameter, index) => ({
      name: parameter.name,
      position: index + 1,
      pointsTo: pointsTo(btf, parameter.type),
      shape: shapeOf(btf, parameter.type),
    }));
    distinct.set(JSON.stringify(parameters), { parameters });
  }
  return [...distinct.values()];
}
