import { VfrError } from '../../../traces/index.js';
import { type Btf, Kind, type Member } from './btf.js';

/** The type at the end of a path, with what a fetch argument depends on. */
export type ValueShape =
  | { readonly is: 'integer'; readonly size: number; readonly signed: boolean }
  | { readonly is: 'pointer'; readonly toChar: boolean }
  | { readonly is: 'array'; readonly ofChar: boolean; readonly length: number }
  | { readonly is: 'object'; readonly size: number };

export interface ResolvedPath {
  /**
   * Byte offsets: the first within the root object, each further one within the object that the
   * pointer found there points to. `[24]` needs no dereference beyond reading at 24; `[0, 120]`
   * means: read the pointer at 0, then read at 120 of what it points to. An offset is negative
   * where the pointer led to a later member of the struct.
   */
  readonly offsets: readonly number[];
  readonly shape: ValueShape;
}

/** More typedefs and qualifiers in a row than this exist only in damaged data. */
const DEPTH_LIMIT = 64;

function unresolved(what: string, path: string, btf: Btf): VfrError {
  return new VfrError(
    'BTF_UNRESOLVED',
    `${what} (while resolving ${path})`,
    'This kernel lays its structures out differently; vfr doctor lists the probes affected.',
    { file: btf.where },
  );
}

/** Follows typedefs and qualifiers to the underlying type. */
export function strip(btf: Btf, id: number): number {
  let type = id;
  for (let depth = 0; depth < DEPTH_LIMIT; depth++) {
    switch (btf.kind(type)) {
      case Kind.typedef:
      case Kind.volatile:
      case Kind.const:
      case Kind.restrict:
      case Kind.typeTag:
        type = btf.sizeOrType(type);
        break;
      default:
        return type;
    }
  }
  throw unresolved(`type ${id} refers to itself`, btf.name(id), btf);
}

function isChar(btf: Btf, id: number): boolean {
  const type = strip(btf, id);
  return btf.kind(type) === Kind.int && btf.sizeOrType(type) === 1;
}

/** How a value of this type is fetched. */
export function shapeOf(btf: Btf, id: number): ValueShape {
  const type = strip(btf, id);
  switch (btf.kind(type)) {
    case Kind.int:
      return {
        is: 'integer',
        size: btf.sizeOrType(type),
        signed: (btf.intEncoding(type) >>> 24) % 2 === 1,
      };
    case Kind.enum:
    case Kind.enum64:
      return { is: 'integer', size: btf.sizeOrType(type), signed: btf.enumIsSigned(type) };
    case Kind.pointer:
      return { is: 'pointer', toChar: isChar(btf, btf.sizeOrType(type)) };
    case Kind.array: {
      const { element, length } = btf.array(type);
      return { is: 'array', ofChar: isChar(btf, element), length };
    }
    case Kind.struct:
    case Kind.union:
      return { is: 'object', size: btf.sizeOrType(type) };
    default:
      return { is: 'object', size: 0 };
  }
}

interface Found {
  readonly member: Member;
  readonly bitOffset: number;
}

/** Finds a member by name, also inside anonymous structs and unions; each of them is seen once. */
function findMember(
  btf: Btf,
  id: number,
  name: string,
  seen = new Set<number>(),
): Found | undefined {
  if (seen.has(id)) return undefined;
  seen.add(id);
  for (const member of btf.members(id)) {
    if (member.name === name) return { member, bitOffset: member.bitOffset };
    if (member.name !== '') continue;
    const inner = strip(btf, member.type);
    const kind = btf.kind(inner);
    if (kind !== Kind.struct && kind !== Kind.union) continue;
    const found = findMember(btf, inner, name, seen);
    if (found) return { member: found.member, bitOffset: found.bitOffset + member.bitOffset };
  }
  return undefined;
}

interface Step {
  readonly name: string;
  /** `private_data(vfio_device)`: what a void pointer is known to point to. */
  readonly cast: string | undefined;
  /** `i_cdev(vfio_group@cdev)`: the member of that struct which the pointer leads to. */
  readonly member: string | undefined;
}

function parsePath(path: string, btf: Btf): readonly [root: Step, members: readonly Step[]] {
  const steps = path.split('.').map((text) => {
    const match = /^(\w+)(?:\((\w+)(?:@(\w+))?\))?$/.exec(text);
    if (!match) throw unresolved(`"${text}" is not a member name`, path, btf);
    return { name: match[1]!, cast: match[2], member: match[3] };
  });
  return [steps[0]!, steps.slice(1)];
}

/** The object that a step's member leads to: itself when embedded, what it points to otherwise. */
function target(btf: Btf, step: Step, type: number, path: string) {
  const stripped = strip(btf, type);
  const byPointer = btf.kind(stripped) === Kind.pointer;
  if (step.cast !== undefined) {
    const [cast] = btf.find(step.cast, Kind.struct, Kind.union);
    if (cast === undefined) throw unresolved(`there is no struct ${step.cast}`, path, btf);
    const start = step.member === undefined ? 0 : -memberOf(btf, cast, step.member, path).offset;
    return { byPointer, object: cast, start };
  }
  const object = byPointer ? strip(btf, btf.sizeOrType(stripped)) : stripped;
  return { byPointer, object, start: 0 };
}

/** Byte offset and type of a member of a struct. */
function memberOf(btf: Btf, object: number, name: string, path: string) {
  const found = findMember(btf, object, name);
  if (!found) throw unresolved(`${btf.name(object)} has no member "${name}"`, path, btf);
  if (found.member.bitWidth !== 0 || found.bitOffset % 8 !== 0) {
    throw unresolved(`"${name}" is a bit field and has no byte offset`, path, btf);
  }
  return { offset: found.bitOffset / 8, type: found.member.type };
}

function resolveFrom(btf: Btf, root: number, steps: readonly Step[], path: string): ResolvedPath {
  const offsets = [0];
  let object = root;
  let type = root;
  for (const [index, step] of steps.entries()) {
    const kind = btf.kind(object);
    if (kind !== Kind.struct && kind !== Kind.union) {
      throw unresolved(`what comes before "${step.name}" is not a struct`, path, btf);
    }
    const member = memberOf(btf, object, step.name, path);
    offsets.push(offsets.pop()! + member.offset);
    type = member.type;
    if (index === steps.length - 1) break;
    const next = target(btf, step, type, path);
    if (next.byPointer) offsets.push(next.start);
    object = next.object;
  }
  return { offsets, shape: shapeOf(btf, type) };
}

/**
 * Resolves a path such as `pci_dev.dev.kobj.name` or `file.private_data(vfio_device).dev.kobj.name`
 * against the types of a kernel or module.
 *
 * @throws VfrError when a part does not exist, is a bit field, or when several types of the root's
 *   name would give different offsets.
 */
export function resolvePath(btf: Btf, path: string): ResolvedPath {
  const [root, members] = parsePath(path, btf);
  if (members.length === 0) throw unresolved('a path needs a type and a member', path, btf);
  const roots = btf.find(root.name, Kind.struct, Kind.union);
  if (roots.length === 0) throw unresolved(`there is no struct ${root.name}`, path, btf);
  // Drivers have structs of the same name: those that lack the members are not meant.
  const answers = roots.flatMap((id) => {
    try {
      return [resolveFrom(btf, id, members, path)];
    } catch (error) {
      if (!(error instanceof VfrError) || roots.length === 1) throw error;
      return [];
    }
  });
  if (answers.length === 0) resolveFrom(btf, roots[0]!, members, path);
  const distinct = new Set(answers.map((answer) => JSON.stringify(answer)));
  if (distinct.size !== 1) throw unresolved(`struct ${root.name} is ambiguous`, path, btf);
  return answers[0]!;
}
