import { VfrError } from '../../traces/index.js';

/**
 * How a field is stored. `dynamic` fields hold a word with the length (upper 16 bits) and the
 * offset (lower 16 bits) of their data: from the start of the record (`__data_loc`), or, when
 * `relative`, from the end of that word (`__rel_loc`).
 */
export type Storage =
  | { readonly is: 'integer' }
  | { readonly is: 'array'; readonly elementSize: number; readonly length: number }
  | { readonly is: 'dynamic'; readonly relative: boolean; readonly elementSize: number };

export interface Field {
  readonly name: string;
  /** The C type without the name, such as `unsigned short` or `char[]`. */
  readonly type: string;
  readonly offset: number;
  /** Size in bytes; 0 when the field extends to the end of the record. */
  readonly size: number;
  readonly signed: boolean;
  readonly storage: Storage;
  /** Whether the field holds text: an array of char. */
  readonly text: boolean;
}

export interface EventFormat {
  readonly name: string;
  readonly id: number;
  /** All fields in the order of the file; the common ones first. */
  readonly fields: readonly Field[];
  /** The printf-like text after `print fmt:`. */
  readonly print: string;
}

const LINE = /^\s*field:([^;]+);\s*offset:(\d+);\s*size:(\d+);(?:\s*signed:([01]);)?/;
const DECLARATION = /^(.*?)(\w+)?(\[[^\]]*\])?$/s;
const SIZES: readonly (readonly [pattern: RegExp, size: number])[] = [
  [/\b(char|u8|s8|__u8|__s8|uint8_t|int8_t|bool|x8)\b/, 1],
  [/\b(short|u16|s16|__u16|__s16|uint16_t|int16_t|x16)\b/, 2],
  [/\b(u32|s32|__u32|__s32|uint32_t|int32_t|int|unsigned|x32)\b/, 4],
];

/** Size of one element of a dynamic array, whose total size is not in the format. */
function elementSize(type: string): number {
  if (/\*|\blong\b/.test(type)) return 8;
  return SIZES.find(([pattern]) => pattern.test(type))?.[1] ?? 8;
}

function storageOf(type: string, dimension: string | undefined, size: number): Storage {
  const location = /^__(data|rel)_loc\b/.exec(type);
  if (location) {
    return { is: 'dynamic', relative: location[1] === 'rel', elementSize: elementSize(type) };
  }
  if (dimension === undefined && size !== 0 && size <= 8) return { is: 'integer' };
  const length = Number(/\d+/.exec(dimension ?? '')?.[0] ?? 0);
  if (length > 0 && size % length === 0) return { is: 'array', elementSize: size / length, length };
  const element = Math.min(elementSize(type), Math.max(size, 1));
  return { is: 'array', elementSize: element, length: Math.floor(size / element) };
}

function parseField(line: string): Field | undefined {
  const match = LINE.exec(line);
  if (!match) return undefined;
  const [, text, offset, bytes, signed] = match;
  const declaration = DECLARATION.exec(text!.trim());
  const [, before, name, dimension] = declaration ?? [];
  if (before === undefined || name === undefined) return undefined;
  const type = `${before.trim()}${dimension ?? ''}`;
  const storage = storageOf(type, dimension, Number(bytes));
  return {
    name,
    type,
    offset: Number(offset),
    size: Number(bytes),
    signed: signed === '1',
    storage,
    text: storage.is !== 'integer' && /\bchar\b/.test(type),
  };
}

/**
 * Reads an event's `format` file.
 *
 * @param file Where the text is from, for messages.
 * @throws VfrError when there is no name or id, or a field line cannot be read.
 */
export function parseEventFormat(text: string, file: string): EventFormat {
  const fail = (what: string, line?: number): VfrError =>
    new VfrError('EVENT_FORMAT', what, 'Record again; the file is damaged.', {
      file,
      ...(line === undefined ? {} : { line }),
    });
  const name = /^name:\s*(\S+)/m.exec(text)?.[1];
  const id = /^ID:\s*(\d+)/m.exec(text)?.[1];
  if (name === undefined || id === undefined) throw fail('an event format has no name or no ID');
  const fields: Field[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.startsWith('print fmt:')) break;
    if (!/^\s*field:/.test(line)) continue;
    const field = parseField(line);
    if (!field) throw fail(`the field cannot be read: ${line.trim()}`, index + 1);
    fields.push(field);
  }
  const print = /^print fmt:\s*(.*)$/ms.exec(text)?.[1]?.trimEnd() ?? '';
  return { name, id: Number(id), fields, print };
}

/** The field of this name, or undefined: formats differ between kernels. */
export function fieldOf(format: EventFormat, name: string): Field | undefined {
  return format.fields.find((field) => field.name === name);
}
