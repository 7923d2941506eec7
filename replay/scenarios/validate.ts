/** Holds a JSON value against a schema. */
import type { Json } from './json.js';
import type { Schema } from './schema-forms.js';

export interface Mistake {
  /** Path of the value, such as `/actors/0/does/1`. */
  readonly path: string;
  readonly what: string;
}

/** What a value does not fulfil; empty when it fits. */
export function mistakesOf(value: Json, schema: Schema, path = ''): Mistake[] {
  if (schema.anyOf !== undefined) return anyOf(value, schema.anyOf, path);
  const mistakes: Mistake[] = [];
  const say = (what: string) => mistakes.push({ path, what });
  if (schema.type !== undefined && typeOf(value) !== schema.type) {
    say(`it has to be ${article(schema.type)}: ${schema.description ?? schema.type}`);
    return mistakes;
  }
  if (schema.const !== undefined && value !== schema.const) say(`it has to be ${schema.const}`);
  if (schema.enum !== undefined && !schema.enum.some((one) => one === value)) {
    say(`it has to be one of ${schema.enum.join(', ')}`);
  }
  if (typeof value === 'string') checkText(value, schema, say);
  if (typeof value === 'number') {
    const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = schema;
    if (value < minimum || value > maximum) say(`it has to be from ${minimum} to ${maximum}`);
  }
  if (isList(value)) {
    if (value.length < (schema.minItems ?? 0)) say(`it has fewer than ${schema.minItems} entries`);
    const { items } = schema;
    if (items !== undefined) {
      for (const [i, item] of value.entries())
        mistakes.push(...mistakesOf(item, items, `${path}/${i}`));
    }
  } else if (typeof value === 'object' && value !== null) {
    mistakes.push(...membersOf(value, schema, path));
  }
  return mistakes;
}

function checkText(
  value: string,
  { pattern, maxLength, description }: Schema,
  say: (what: string) => void,
) {
  if (maxLength !== undefined && value.length > maxLength) say(`it is longer than ${maxLength}`);
  if (pattern !== undefined && !new RegExp(pattern).test(value)) {
    say(`"${value}" is not ${description ?? `of the form ${pattern}`}`);
  }
}

function membersOf(
  value: { readonly [k: string]: Json },
  { properties = {}, required = [], additionalProperties, propertyNames }: Schema,
  path: string,
): Mistake[] {
  const mistakes: Mistake[] = [];
  for (const name of required) {
    if (!Object.hasOwn(value, name)) mistakes.push({ path, what: `"${name}" is missing` });
  }
  for (const [name, member] of Object.entries(value)) {
    const at = `${path}/${name}`;
    const known = Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
    if (propertyNames !== undefined) mistakes.push(...mistakesOf(name, propertyNames, at));
    if (known === false) mistakes.push({ path: at, what: `nothing is called "${name}" here` });
    else if (known !== undefined) mistakes.push(...mistakesOf(member, known, at));
  }
  return mistakes;
}

/** If several forms are possible, the one that fits best is assumed. */
function anyOf(value: Json, forms: readonly Schema[], path: string): Mistake[] {
  let best: Mistake[] | null = null;
  let fit = -1;
  for (const form of forms) {
    const mistakes = mistakesOf(value, form, path);
    if (mistakes.length === 0) return [];
    const likeness = likenessOf(value, form);
    if (likeness > fit) [best, fit] = [mistakes, likeness];
  }
  return best ?? [];
}

/** How much a value is like a form: its type, then how many required members it has. */
function likenessOf(value: Json, { type, required = [] }: Schema): number {
  if (type !== typeOf(value)) return 0;
  const object = typeof value === 'object' && value !== null ? value : {};
  return 1 + required.filter((name) => Object.hasOwn(object, name)).length;
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

function typeOf(value: Json): string {
  if (value === null) return 'null';
  if (isList(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

const article = (type: string) => (/^[aio]/.test(type) ? `an ${type}` : `a ${type}`);
