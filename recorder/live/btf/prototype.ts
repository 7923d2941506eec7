import { type Btf, Kind } from './btf.js';
import { type Shape, shapeOf } from './path.js';

export interface PrototypeParameter {
  readonly name: string;
  /** 1 for the first parameter: the N of `$argN` in a kprobe definition. */
  readonly position: number;
  /** Id of its type, for resolveValuePath. */
  readonly type: number;
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
      type: parameter.type,
      shape: shapeOf(btf, parameter.type),
    }));
    // Two static functions of one name may use the same types under different ids.
    const seen = parameters.map(({ name, shape }) => ({ name, shape }));
    if (!distinct.has(JSON.stringify(seen))) distinct.set(JSON.stringify(seen), { parameters });
  }
  return [...distinct.values()];
}
