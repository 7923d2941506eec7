import { FIELDS, type JournalFields, type KernelMessage, kernelMessage } from './journal-entry.js';

/** The object in a text; null when the text is not an object. */
export function jsonObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** A message of the kernel in an entry of the journal as JSON has it. */
export function journalMessage(entry: Readonly<Record<string, unknown>>): KernelMessage | null {
  const fields: JournalFields = {};
  for (const [name, value] of Object.entries(entry)) {
    if (!FIELDS.has(name)) continue;
    // A value that is not valid UTF-8 is an array of its bytes (systemd logs-show.c).
    const text = Array.isArray(value) ? Buffer.from(value as number[]).toString() : value;
    if (typeof text === 'string') fields[name as keyof JournalFields] = text;
  }
  return kernelMessage(fields);
}
