/** The parts of the schema of scenarios. */

/** As much of JSON Schema as the form needs. */
export interface Schema {
  readonly description?: string;
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'boolean' | 'null';
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  /** False: no other members; otherwise the schema of all others. */
  readonly additionalProperties?: false | Schema;
  readonly propertyNames?: Schema;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly maxLength?: number;
  readonly const?: string | number | boolean | null;
  readonly enum?: readonly (string | number | boolean | null)[];
  readonly anyOf?: readonly Schema[];
  readonly maxProperties?: number;
  readonly minProperties?: number;
}

export const text = (description: string, pattern?: string): Schema => ({
  description,
  type: 'string',
  maxLength: 4096,
  ...(pattern === undefined ? {} : { pattern }),
});
export const flag = (description: string): Schema => ({ description, type: 'boolean' });
const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const BDF = '[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\\.[0-7]';
export const address: Schema = text('PCI address dddd:bb:dd.f', `^${BDF}$`);
export const token: Schema = text('a UUID', `^${UUID}$`);
/** A function, or a mediated device that an actor makes. */
export const device: Schema = text(
  'PCI address dddd:bb:dd.f, or UUID of a mediated device',
  `^(?:${BDF}|${UUID})$`,
);
/** What has attributes that can be read: a device, or a type of mediated devices. */
export const readable: Schema = text(
  'PCI address, or UUID, or PARENT/TYPE of mediated devices',
  `^(?:${BDF}|${UUID}|[a-z0-9_.-]{1,64}/[A-Za-z0-9_.-]{1,64})$`,
);
export const driver = text('name of a driver on the bus', '^[A-Za-z0-9_.-]{1,64}$');
export const nullable = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
export const id = text('16 bits in hexadecimal, such as 0x10de', '^0x[0-9a-f]{4}$');
export const count = (description: string, maximum: number): Schema => ({
  description,
  type: 'integer',
  minimum: 0,
  maximum,
});
export const record = (
  description: string,
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[],
): Schema => ({ description, type: 'object', properties, required, additionalProperties: false });

export const name: Schema = text('name of a file or of a mapping', '^[A-Za-z0-9_.-]{1,32}$');
