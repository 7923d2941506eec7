/**
 * A deep copy of plain data: objects, arrays, maps, sets and bytes. Equal references stay equal in
 * the copy. Frozen objects never change, and are shared instead of copied; bytes cannot be frozen,
 * but an object that contains them can.
 */
export const copyOf = <T>(value: T): T => copy(value, new Map()) as T;

type Copies = Map<object, object>;

function copy(value: unknown, copies: Copies): unknown {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  return copies.get(value) ?? copyObject(value, copies);
}

function copyObject(value: object, copies: Copies): object {
  if (Array.isArray(value)) {
    const to: unknown[] = [];
    copies.set(value, to);
    for (const item of value) to.push(copy(item, copies));
    return to;
  }
  if (value instanceof Map) {
    const to = new Map();
    copies.set(value, to);
    for (const [key, item] of value) to.set(copy(key, copies), copy(item, copies));
    return to;
  }
  if (value instanceof Set) {
    const to = new Set();
    copies.set(value, to);
    for (const item of value) to.add(copy(item, copies));
    return to;
  }
  if (value instanceof Uint8Array || value instanceof Int32Array) {
    const to = value instanceof Int32Array ? new Int32Array(value) : new Uint8Array(value);
    copies.set(value, to);
    return to;
  }
  return copyPlain(value, copies);
}

function copyPlain(value: object, copies: Copies): object {
  const to: Record<string, unknown> = { ...value };
  copies.set(value, to);
  for (const key in to) {
    const item = to[key];
    if (typeof item === 'object' && item !== null) to[key] = copy(item, copies);
  }
  return to;
}
