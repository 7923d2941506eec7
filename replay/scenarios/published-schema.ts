/**
 * The schema of a document as it is published. In the program a part with many places is one value;
 * in the published text it appears once, under `$defs`, and is referred to.
 */
import type { Schema } from './schema-forms.js';

/** Parts by the names that they have under `$defs`. */
export type Parts = Readonly<Record<string, Schema>>;

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/**
 * JSON text of a schema, with a line feed at its end.
 * @param parts what is referred to; a part without a place is left out
 */
export function publishedSchema(schema: Schema, parts: Parts): string {
  const used = new Set<string>();
  const written = (value: unknown): Json => {
    if (typeof value !== 'object' || value === null) return value as Json;
    if (Array.isArray(value)) return value.map(written);
    const found = Object.entries(parts).find(([, part]) => isOf(value, part));
    return found === undefined ? members(value) : reference(found[0], value, found[1]);
  };
  const members = (value: object): Json =>
    Object.fromEntries(Object.entries(value).map(([name, member]) => [name, written(member)]));
  const reference = (name: string, { description }: Schema, part: Schema): Json => {
    used.add(name);
    const $ref = `#/$defs/${name}`;
    return description === undefined || description === part.description
      ? { $ref }
      : { description, $ref };
  };
  const root = members(schema);
  // A part can refer to others, which are used then, too.
  const $defs: Record<string, Json> = {};
  for (const name of used) $defs[name] = members(parts[name]);
  return `${JSON.stringify({ ...(root as object), $defs }, null, 2)}\n`;
}

/** Whether a schema is a part, perhaps with a description of its own. */
function isOf(schema: Schema, part: Schema): boolean {
  if (schema === part) return true;
  const names = Object.keys(schema).filter((name) => name !== 'description') as (keyof Schema)[];
  const ofPart = Object.keys(part).filter((name) => name !== 'description');
  return (
    names.length > 0 &&
    names.length === ofPart.length &&
    names.every((name) => schema[name] === part[name])
  );
}
