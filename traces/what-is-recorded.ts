/**
 * What a live recording could record at all: the groups of probes that were asked for, and what the
 * kernel refused. An answer that depends on a group must not take the silence of probes that were
 * not there for things that did not happen.
 */
import type { TraceMeta } from './event-schema.js';

/** A probe that was asked for and is not there, or lacks fields. */
export interface RefusedProbe {
  /** The event, as the catalogue names it. */
  readonly event: string;
  readonly group: string;
  /** Whether there is no record of it at all; otherwise only fields are missing. */
  readonly absent: boolean;
  /** In the words of the recorder and the kernel. */
  readonly reasons: readonly string[];
}

export interface WhatIsRecorded {
  /** Groups of probes that were asked for (`vfr doctor` describes them). */
  readonly groups: readonly string[];
  readonly refused: readonly RefusedProbe[];
}

/** The notes that hold it; other notes are free text. */
const GROUPS = 'probe groups';
const REFUSED = 'refused probes';
export const RECORDED_NOTES: readonly string[] = [GROUPS, REFUSED];

/** As notes of a trace's metadata, for `whatIsRecorded`. */
export function recordedNotes({ groups, refused }: WhatIsRecorded): TraceMeta['notes'] {
  return {
    [GROUPS]: groups.join(' '),
    ...(refused.length === 0 ? {} : { [REFUSED]: JSON.stringify(refused) }),
  };
}

/**
 * What the recording was made to record.
 * @returns null when the trace does not tell: it was imported, or is of an older vfr
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
 * What is missing for an answer that depends on a group of probes, as a clause that can follow
 * "cannot be told: "; null when nothing is known to be missing.
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
