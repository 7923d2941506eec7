/**
 * Whether the snapshot at the beginning of a recording belongs to it. It may be of another machine,
 * of another boot, or older than the recording. A contradiction is reported once, and the
 * contradicted facts are not used from then on.
 */
import { parseBdf, type Seq } from '../../../traces/index.js';
import { parseSnapshot } from '../../model/binding/function-facts.js';
import type { EventCursor } from './event-cursor.js';

/** One thing that the snapshot says and the recording shows otherwise. */
export interface SnapshotDoubt {
  /** The event that shows it. */
  readonly seq: Seq;
  /** What differs: a part of the state such as `0000:01:00.0/driver`, `ids`, `time`, `devices`. */
  readonly path: string;
  readonly snapshot: string;
  readonly recorded: string;
}

/** Plain data. */
export interface SnapshotTrust {
  /** Time of the snapshot; null if there is no snapshot or it has no time. */
  time: bigint | null;
  /** Vendor and device id of each function it lists: vendor in the low 16 bits. */
  readonly ids: Map<string, number>;
  /** Functions that were created during the recording. */
  readonly born: Set<string>;
  /** Functions with events, and whether the snapshot has them. */
  readonly seen: Map<string, boolean>;
  /** Functions whose ids were read: whether they were those of the snapshot, once. */
  readonly idsRead: Map<string, boolean>;
  /** It is of another machine or boot: nothing of it is used. */
  ignored: boolean;
  readonly doubts: SnapshotDoubt[];
}

export const newSnapshotTrust = (): SnapshotTrust => ({
  time: null,
  ids: new Map(),
  born: new Set(),
  seen: new Map(),
  idsRead: new Map(),
  ignored: false,
  doubts: [],
});

/** The most doubts to list; they are for people. */
const DOUBTS_MAX = 20;

export function addDoubt({ doubts }: SnapshotTrust, doubt: SnapshotDoubt): void {
  if (doubts.length < DOUBTS_MAX && !doubts.some(({ path }) => path === doubt.path)) {
    doubts.push(doubt);
  }
}

/** Clocks that count from the boot, as the time of a snapshot does. */
const BOOT_CLOCKS: ReadonlySet<string> = new Set([
  ...['mono', 'boot', 'local', 'global', 'perf', 'mono_raw'],
]);
/** Of a clock that is not named, smaller times are counts of something else. */
const UNNAMED_MIN = 1_000_000_000n;
/** A snapshot is made before the recording begins, but may take some time. */
const LATE = 2_000_000_000n;
/** Clocks drift apart: a difference of one in this many is not a contradiction. */
const DRIFT = 100n;

/**
 * Processes a batch before its events are replayed.
 * @param clock the clock of the recording, `unknown` when it is not named
 * @returns whether it proves that the snapshot is not of this recording
 */
export function checkSnapshot(trust: SnapshotTrust, e: EventCursor, clock: string): boolean {
  if (trust.ignored) return false;
  const before = trust.doubts.length;
  const { kinds, kindIds } = e;
  const checks = kinds.map((kind) => CHECKS[kind] ?? null);
  const [snapshot, read] = [kinds.indexOf('snapshot'), kinds.indexOf('config.read')];
  let isTimeToCheck = trust.time !== null;
  for (let row = 0; row < kindIds.length; row++) {
    const kind = kindIds[row];
    const check = checks[kind];
    // Most events are of no interest, and most reads of other registers.
    const isIdle = check === null || (kind === read && e.offsetAt(row) !== 0);
    if (isIdle && !isTimeToCheck) continue;
    e.moveTo(row);
    if (isTimeToCheck && kind !== snapshot) checkTime(trust, e, clock);
    check?.(trust, e);
    isTimeToCheck = trust.time !== null;
  }
  e.moveTo(kindIds.length - 1);
  checkDevices(trust, e);
  return trust.doubts.length > before;
}

type Check = (trust: SnapshotTrust, e: EventCursor) => void;

const CHECKS: Readonly<Record<string, Check>> = {
  snapshot: (trust, e) => {
    const { device } = e;
    if (device === null || e.name === 'end') return;
    if (e.ts > 0n) trust.time = e.ts;
    const { ids } = parseSnapshot(e.text);
    trust.ids.set(device, ids === null ? UNKNOWN_IDS : (ids.device << 16) | ids.vendor);
  },
  'device.add': (trust, { device }) => {
    if (device !== null) trust.born.add(device);
  },
  'config.read': checkIds,
  match: see,
  unbind: see,
  'device.open': see,
};

const UNKNOWN_IDS = -1;

function see({ ids, born, seen }: SnapshotTrust, { device }: EventCursor): void {
  // Devices of other buses are in no snapshot of PCI functions.
  if (ids.size === 0 || device === null || parseBdf(device) === null || born.has(device)) return;
  seen.set(device, ids.has(device));
}

/** The recording begins after the snapshot was made. */
function checkTime(trust: SnapshotTrust, e: EventCursor, clock: string): void {
  const { time } = trust;
  trust.time = null;
  const { ts } = e;
  if (time === null || (clock === 'unknown' ? ts < UNNAMED_MIN : !BOOT_CLOCKS.has(clock))) return;
  if (time <= ts + LATE + ts / DRIFT) return;
  const [snapshot, recorded] = [`made at ${seconds(time)}`, `begun at ${seconds(ts)}`];
  addDoubt(trust, { seq: e.seq, path: 'time', snapshot, recorded });
}

const seconds = (ns: bigint): string => `${(Number(ns) / 1e9).toFixed(3)} s`;

/** The first register: vendor and device id. A VF answers with ones. */
function checkIds({ ids, born, idsRead }: SnapshotTrust, e: EventCursor): void {
  const { device, path } = e;
  if (e.offset !== 0 || (path !== 'kernel' && path !== 'hardware')) return;
  if (device === null || !e.hasValue || born.has(device)) return;
  const listed = ids.get(device);
  const { value } = e;
  const vendor = value & 0xffff;
  if (listed === undefined || listed === UNKNOWN_IDS || e.length < 2) return;
  // Nothing answers, or not yet (Configuration Request Retry Status).
  if (vendor === 0xffff || vendor === 1 || value === 0) return;
  const same = e.length < 4 ? vendor === (listed & 0xffff) : (value | 0) === (listed | 0);
  if (idsRead.get(device) !== true) idsRead.set(device, same);
}

/** One function may have been exchanged, or an event be wrong; of another machine most are. */
function checkDevices(trust: SnapshotTrust, e: EventCursor): void {
  const { seq } = e;
  const wrong = [...trust.idsRead].filter(([, same]) => !same).map(([device]) => device);
  if (wrong.length > trust.idsRead.size - wrong.length) {
    const snapshot = `other ids at ${wrong.join(', ')}`;
    addDoubt(trust, { seq, path: 'ids', snapshot, recorded: 'the ids that were read' });
  }
  const absent = [...trust.seen].filter(([, listed]) => !listed).map(([device]) => device);
  if (absent.length > trust.seen.size - absent.length) {
    const snapshot = `no ${absent.join(', ')}`;
    addDoubt(trust, { seq, path: 'devices', snapshot, recorded: 'events of these' });
  }
}
