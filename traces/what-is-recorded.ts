/**
 * What a live recording could record: the groups of probes that were requested, and what the kernel
 * refused. If an answer depends on a group whose probes are missing, the absence of their events
 * proves nothing.
 */
import type { TraceMeta } from './event-schema.js';

/** A probe that was requested and is missing, or lacks fields. */
export interface RefusedProbe {
  /** The event's name in the catalogue. */
  readonly event: string;
  readonly group: string;
  /** Whether it records nothing at all; otherwise only fields are missing. */
  readonly absent: boolean;
  /** As the recorder or the kernel stated them. */
  readonly reasons: readonly string[];
}

export interface WhatIsRecorded {
  /** Groups of probes that were requested (`vfr doctor` describes them). */
  readonly groups: readonly string[];
  readonly refused: readonly RefusedProbe[];
}

/** The notes with this information; other notes are free text. */
const GROUPS = 'probe groups';
const REFUSED = 'refused probes';
export const RECORDED_NOTES: readonly string[] = [GROUPS, REFUSED];

/** Converts it to notes of a trace's metadata; `whatIsRecorded` reads them. */
export function recordedNotes({ groups, refused }: WhatIsRecorded): TraceMeta['notes'] {
  return {
    [GROUPS]: groups.join(' '),
    ...(refused.length === 0 ? {} : { [REFUSED]: JSON.stringify(refused) }),
  };
}

/**
 * What a recording was made to record.
 * @returns null when the trace does not say: it was imported, or written by an older vfr
 */
export function whatIsRecorded({ notes }: Pick<TraceMeta, 'notes'>): WhatIsRecorded | null {
  const groups = notes[GROUPS];
  if (groups === undefined) return null;
  return { groups: groups.split(' ').filter((name) => name !== ''), refused: refusedIn(notes) };
}

function refusedIn(notes: TraceMeta['notes']): RefusedProbe[] {
  const text = notes[REFUSED];
  if (text === undefined) return [];
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list.filter(isRefusedProbe) : [];
  } catch {
    return [];
  }
}

function isRefusedProbe(value: unknown): value is RefusedProbe {
  const { event, group, absent, reasons } = (value ?? {}) as Partial<RefusedProbe>;
  return (
    typeof event === 'string' &&
    typeof group === 'string' &&
    typeof absent === 'boolean' &&
    Array.isArray(reasons) &&
    reasons.every((reason) => typeof reason === 'string')
  );
}

/**
 * What is missing for an answer that depends on a group of probes, as a clause to follow "not
 * known: "; null when nothing is known to be missing.
 */
export function notRecorded(meta: Pick<TraceMeta, 'notes'>, group: string): string | null {
  const recorded = whatIsRecorded(meta);
  if (recorded === null) return null;
  if (!recorded.groups.includes(group)) return `the probes of ${group} were not asked for`;
  const absent = recorded.refused.filter((probe) => probe.absent && probe.group === group);
  if (absent.length === 0) return null;
  const names = absent.map(({ event }) => event).join(', ');
  return `the kernel refused ${absent.length} probes of ${group}: ${names}`;
}
