import { type Btf, Kind } from './btf.js';
import { type Shape, shapeOf } from './path.js';

export interface PrototypeParameter {
  readonly name: string;
  /** 1 for the first parameter: the N of `$argN` in a kprobe definition. */
  readonly position: number;
  readonly shape: Shape;
}

export interface Prototype {
  readonly parameters: readonly PrototypeParameter[];
}

/**
 * The prototypes under which a kernel function's name is known; several when static functions share
 * the name, none when BTF does not know it.
 */
export function prototypesOf(btf: Btf, name: string): Prototype[] {
  const distinct = new Map<string, Prototype>();
  for (const id of btf.find(name, Kind.func)) {
    const parameters = btf.parameters(btf.sizeOrType(id)).map((parameter, index) => ({
      name: parameter.name,
      position: index + 1,
      shape: shapeOf(btf, parameter.type),
    }));
    distinct.set(JSON.stringify(parameters), { parameters });
  }
  return [...distinct.values()];
}
