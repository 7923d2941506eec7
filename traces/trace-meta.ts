/** Converts the metadata of a trace to and from the custom metadata of its Arrow schema. */
import { FORMAT_VERSION, type TraceMeta } from './event-schema.js';

const PREFIX = 'vfr.';
const NOTE_PREFIX = 'vfr.note.';

export function formatMeta(meta: TraceMeta): Map<string, string> {
  const entries = new Map([
    ['vfr.version', String(FORMAT_VERSION)],
    ['vfr.clock', meta.clock],
    ['vfr.writer', meta.writer],
  ]);
  if (meta.wallOffsetNs !== undefined) entries.set('vfr.wallOffsetNs', String(meta.wallOffsetNs));
  if (meta.kernel !== undefined) entries.set('vfr.kernel', meta.kernel);
  for (const [key, value] of Object.entries(meta.notes)) entries.set(NOTE_PREFIX + key, value);
  return entries;
}

/** @returns also the format version; null when the schema is not one of vfr's */
export function parseMeta(
  entries: ReadonlyMap<string, string>,
): { readonly version: number; readonly meta: TraceMeta } | null {
  const version = Number(entries.get(`${PREFIX}version`));
  if (!Number.isInteger(version) || version < 1) return null;
  const wall = entries.get('vfr.wallOffsetNs');
  const kernel = entries.get('vfr.kernel');
  const notes = [...entries].filter(([key]) => key.startsWith(NOTE_PREFIX));
  const meta: TraceMeta = {
    clock: entries.get('vfr.clock') ?? 'none',
    writer: entries.get('vfr.writer') ?? 'unknown',
    notes: Object.fromEntries(notes.map(([k, v]) => [k.slice(NOTE_PREFIX.length), v])),
    ...(wall !== undefined && /^-?\d{1,20}$/.test(wall) ? { wallOffsetNs: BigInt(wall) } : {}),
    ...(kernel === undefined ? {} : { kernel }),
  };
  return { version, meta };
}
