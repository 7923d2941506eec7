/** Calls of functions of the call graph: what their events say, and what they called. */
import { CALL_GRAPH, type FunctionFacts, functionOf, type Handed } from '../rules/call-graph.js';
import type { EventCursor } from './cursor.js';

/** A function of the call graph, numbered. */
export interface Fn extends FunctionFacts {
  readonly id: number;
  readonly name: string;
}

export const FUNCTIONS: readonly Fn[] = Object.entries(CALL_GRAPH).map(([name, facts], id) =>
  Object.freeze({ ...facts, id, name }),
);
export const BY_NAME: ReadonlyMap<string, Fn> = new Map(FUNCTIONS.map((fn) => [fn.name, fn]));
export const idOf = (name: string): number => BY_NAME.get(name)?.id ?? -1;

/** Functions that a caller cannot succeed without, by the caller's number. */
export const NEEDED: readonly (readonly Fn[])[] = FUNCTIONS.map(({ name }) =>
  FUNCTIONS.filter((fn) => fn.neededBy?.includes(name)),
);
/** Functions that have to come when another was called. */
export const FOLLOWING = FUNCTIONS.filter((fn) => fn.follows !== undefined).map(
  (fn) => [idOf(fn.follows ?? ''), fn] as const,
);

/** The columns that can be handed on: of a dictionary the ids, for they are compared with ids. */
interface Columns {
  readonly device: number;
  readonly driver: number;
  readonly name: number;
  readonly region: number;
  readonly offset: number;
  readonly length: number;
  readonly value: number;
  /** 1 for writing. */
  readonly direction: number;
}

/** A function that has begun and not ended, with what its begin said. */
export interface OpenCall extends Columns {
  readonly fn: number;
  readonly seq: number;
  /** Functions that it called, a bit of two words for each. */
  low: number;
  high: number;
}

/** What a column says when it says nothing. */
export const NONE = -1;

/** What tells events of a function apart when it is asked whether they are recorded. */
export const partOf = (fn: Fn, e: EventCursor): number =>
  fn.perDriver === true ? e.driverId : IOCTLS.has(fn.name) ? e.nameId : -1;

export const partOfCall = (fn: Fn, call: OpenCall): number =>
  fn.perDriver === true ? call.driver : IOCTLS.has(fn.name) ? call.name : -1;

const IOCTLS: ReadonlySet<string> = new Set([
  'ioctl',
  'file ioctl',
  'vfio_pci_core_ioctl',
  'vfio_iommu_type1_ioctl',
]);

/** What decides whether a caller calls a function: the driver, the ioctl, or the region. */
export function detailOf(fn: Fn, caller: OpenCall, driver: number): number {
  if (fn.perDriver === true) return driver;
  const { name } = FUNCTIONS[caller.fn];
  if (name === 'ioctl') return caller.name;
  return name === 'vfio_pci_rw' ? caller.region : -1;
}

export const isWrite = (kind: string): number =>
  kind === 'config.write' || kind === 'region.write' ? 1 : 0;

export const callOf = (fn: Fn, e: EventCursor): OpenCall => ({
  fn: fn.id,
  seq: e.seq,
  device: e.deviceId,
  driver: e.driverId,
  name: e.nameId,
  region: e.region,
  offset: e.hasOffset ? e.offset : NONE,
  length: e.hasLength ? e.length : NONE,
  value: e.hasValue ? e.value : NONE,
  direction: isWrite(e.kind),
  low: 0,
  high: 0,
});

export function columnOf(e: EventCursor, field: Handed): number {
  switch (field) {
    case 'device':
      return e.deviceId;
    case 'driver':
      return e.driverId;
    case 'name':
      return e.nameId;
    case 'region':
      return e.region;
    case 'offset':
      return e.hasOffset ? e.offset : NONE;
    case 'length':
      return e.hasLength ? e.length : NONE;
    case 'value':
      return e.hasValue ? e.value : NONE;
    case 'direction':
      return isWrite(e.kind);
  }
}

export function textOf(e: EventCursor, field: Handed, value: number): string {
  switch (field) {
    case 'device':
    case 'driver':
    case 'name':
      return e.entryOf(field, value);
    case 'direction':
      return value === 1 ? 'write' : 'read';
    default:
      return `0x${value.toString(16)}`;
  }
}

export const pathOf = (e: EventCursor, fn: Fn): string =>
  `${e.device ?? 'container'}/calls/${fn.name}`;

/** Fields that an end says again. */
export const REPEATED = [
  'device',
  'driver',
  'name',
  'region',
  'offset',
  'length',
  'value',
  'direction',
] as const;

/** A caller of which no further call can come: any other has begun after its end. */
export function callsNothingMore(call: OpenCall, next: Fn, e: EventCursor): boolean {
  const fn = FUNCTIONS[call.fn];
  if (fn.leaf === true) return true;
  if (LAST.some((last) => hasCalled(call, last.id))) return true;
  // A release that found no driver removes none, unless one came before it got the lock.
  const isIdle = fn.name === RELEASE && call.driver === NONE;
  return isIdle && !(next.by?.[RELEASE] !== undefined && call.device === e.deviceId);
}

const RELEASE = 'device_release_driver_internal';
const LAST = FUNCTIONS.filter((fn) => fn.last === true);

export const hasCalled = (call: OpenCall, fn: number): boolean =>
  (((fn < 32 ? call.low : call.high) >>> (fn & 31)) & 1) === 1;

export function noteCalled(call: OpenCall, fn: number): void {
  if (fn < 32) call.low |= 1 << fn;
  else call.high |= 1 << (fn & 31);
}

/** The function of an event; null for one that calls and is called by none. */
export const callOfGraph = (e: EventCursor): Fn | null =>
  BY_NAME.get(functionOf(e.kind, e.name, e.path, e.device)) ?? null;
