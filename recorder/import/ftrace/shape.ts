/** The shapes of records: which fields an event has in its text, in which order. */
import type { Shape, TextEvent } from './event-table.js';

const KEY = /(?:^| )(\w+)=(")?/g;

/** The fields of a record as they seem to be, each string ending at its first possible end. */
export function shapeOf(text: string): Shape {
  const shape: { key: string; quoted: boolean }[] = [];
  KEY.lastIndex = 0;
  for (let match = KEY.exec(text); match !== null; match = KEY.exec(text)) {
    shape.push({ key: match[1], quoted: match[2] !== undefined });
    if (match[2] === undefined) continue;
    const close = /"(?= \w+=|$)/g;
    close.lastIndex = KEY.lastIndex;
    KEY.lastIndex = (close.exec(text)?.index ?? text.length) + 1;
  }
  return shape;
}

/**
 * For the first record of an event: the fields that the catalogue knows, where they first occur.
 */
export function wantedShape(event: TextEvent, text: string): Shape {
  const keys = event.rule.fields.map((key) => ({ key, at: text.search(`(?:^| )${key}=`) }));
  return keys
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at)
    .map(({ key }) => ({ key, quoted: text.includes(` ${key}="`) }));
}

/** Matches a record of this shape; its groups are the values. The last string takes all it can. */
export function patternOf(shape: Shape): RegExp {
  const last = shape.findLastIndex(({ quoted }) => quoted);
  const parts = shape.map(({ key, quoted }, i) => {
    if (!quoted) return `(?:^| )${key}=([^ ]*)`;
    return ` ${key}=(?:"(${i === last ? '.*' : '[^"]*'})"|\\(fault\\))`;
  });
  return new RegExp(`^(?:\\([^)]*\\))?${parts.join('')}$`, 'ds');
}
