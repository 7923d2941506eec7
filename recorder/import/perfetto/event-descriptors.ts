/** Events that describe themselves: a bundle has their names and fields as protobuf descriptors. */
import type { TypedEvent } from './field-numbers.js';
import type { Wire } from './wire.js';

/** Numbers of GenericEventDescriptor. */
const [FIELD_ID, DESCRIPTOR] = [1, 2];
/** Numbers of google.protobuf.DescriptorProto and FieldDescriptorProto. */
const [MESSAGE_NAME, MESSAGE_FIELD] = [1, 2];
const [FIELD_NAME, FIELD_NUMBER] = [1, 3];
/** More kinds of events than a kernel has. */
const EVENTS_MAX = 1 << 14;

export class Descriptors {
  readonly #events = new Map<number, TypedEvent>();

  /** @param descriptor a GenericEventDescriptor */
  add(descriptor: Wire): void {
    let [id, event]: [number, TypedEvent | null] = [-1, null];
    while (descriptor.next()) {
      if (descriptor.field === FIELD_ID) id = descriptor.number;
      else if (descriptor.field === DESCRIPTOR) event = typedEvent(descriptor.message());
    }
    if (id >= 0 && event !== null && this.#events.size < EVENTS_MAX) this.#events.set(id, event);
  }

  get(id: number): TypedEvent | undefined {
    return this.#events.get(id);
  }
}

function typedEvent(message: Wire): TypedEvent | null {
  let name = '';
  const fields: Record<number, string> = {};
  while (message.next()) {
    if (message.field === MESSAGE_NAME) name = message.text();
    if (message.field !== MESSAGE_FIELD) continue;
    const field = message.message();
    let [called, number] = ['', 0];
    while (field.next()) {
      if (field.field === FIELD_NAME) called = field.text();
      else if (field.field === FIELD_NUMBER) ({ number } = field);
    }
    fields[number] = called;
  }
  return name === '' ? null : { name, fields };
}
