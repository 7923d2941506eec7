/** Holds a JSON value against a schema. */
import { nearest } from '../expressions/index.js';
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
    const best = nearest(String(value), schema.enum.map(String));
    const guess = best === null ? '' : `; did you mean ${best}?`;
    say(`it has to be one of ${schema.enum.join(', ')}${guess}`);
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
    if (known === false)
      mistakes.push({ path: at, what: unknownMember(name, Object.keys(properties)) });
    else if (known !== undefined) mistakes.push(...mistakesOf(member, known, at));
  }
  return mistakes;
}

function unknownMember(name: string, known: readonly string[]): string {
  const best = nearest(name, known);
  return `nothing is called "${name}" here${best === null ? '' : `; did you mean ${best}?`}`;
}

/**
 * If several forms are possible, the one that fits best is assumed. What a record is, its first
 * required member says (`write`, `ioctl`): the form whose first member is there, or else is nearest
 * to a name that no form has.
 */
function anyOf(value: Json, forms: readonly Schema[], path: string): Mistake[] {
  if (forms.some((form) => mistakesOf(value, form, path).length === 0)) return [];
  const records = forms.filter(
    ({ type, required = [] }) => type === 'object' && required.length > 0,
  );
  if (!isObject(value) || records.length < 2) return mistakesOf(value, bestOf(value, forms), path);
  const isNamed = ({ required = [] }: Schema) => Object.hasOwn(value, required[0]);
  const named = records.filter(isNamed);
  if (named.length > 0) return mistakesOf(value, bestOf(value, named), path);
  return [unnamed(value, records, path)];
}

/** A record of no form: which name may have been meant, or which there are. */
function unnamed(
  value: { readonly [k: string]: Json },
  forms: readonly Schema[],
  path: string,
): Mistake {
  const known = new Set(forms.flatMap(({ properties = {} }) => Object.keys(properties)));
  const firsts = [...new Set(forms.map(({ required = [] }) => required[0]))];
  for (const name of Object.keys(value)) {
    const best = known.has(name) ? null : nearest(name, firsts);
    if (best === null) continue;
    return { path: `${path}/${name}`, what: unknownMember(name, [best]) };
  }
  return { path, what: `one of these is missing: ${firsts.join(', ')}` };
}

/** The form that a value is most like: by its type, then by how many required members it has. */
function bestOf(value: Json, forms: readonly Schema[]): Schema {
  const likeness = ({ type, required = [] }: Schema): number => {
    if (type !== typeOf(value)) return 0;
    return 1 + required.filter((name) => isObject(value) && Object.hasOwn(value, name)).length;
  };
  return forms.reduce((best, form) => (likeness(form) > likeness(best) ? form : best));
}

const isObject = (value: Json): value is { readonly [k: string]: Json } =>
  typeof value === 'object' && value !== null && !isList(value);

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

function typeOf(value: Json): string {
  if (value === null) return 'null';
  if (isList(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

const article = (type: string) => (/^[aio]/.test(type) ? `an ${type}` : `a ${type}`);
