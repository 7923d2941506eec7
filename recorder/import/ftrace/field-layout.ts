/** The shapes of records: which fields an event has in its text, in which order. */

/** The names of a record's fields, in their order. */
export type FieldLayout = readonly string[];

const KEY = /(?:^| )(\w+)=(")?/g;

/** The fields of a record as they seem to be, each string ending at its first possible end. */
export function fieldLayoutOf(text: string): FieldLayout {
  const shape: string[] = [];
  KEY.lastIndex = 0;
  for (let match = KEY.exec(text); match !== null; match = KEY.exec(text)) {
    shape.push(match[1]);
    if (match[2] === undefined) continue;
    const close = /"(?= \w+=|$)/g;
    close.lastIndex = KEY.lastIndex;
    KEY.lastIndex = (close.exec(text)?.index ?? text.length) + 1;
  }
  return shape;
}
