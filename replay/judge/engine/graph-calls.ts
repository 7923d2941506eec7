/** Calls of functions of the call graph: what their events say, and what they called. */
import { CALL_GRAPH, type FunctionFacts, functionOf } from '../rules/call-graph.js';
import {
  type CallFields,
  DEVICE,
  DRIVER,
  type Fields,
  fieldsOf,
  fieldValue,
  NAME,
  NONE,
  newFields,
  REGION,
} from './call-fields.js';
import type { EventCursor } from './event-cursor.js';

/** Parts of a call, as facts of {@link GraphFunction.parts}. */
export const PART = { begin: 0, end: 1, point: 2 } as const;
const PARTS = Object.keys(PART).length;

const IOCTLS: ReadonlySet<string> = new Set([
  'ioctl',
  'file ioctl',
  'iommufd ioctl',
  'vfio_pci_core_ioctl',
  'vfio_iommu_type1_ioctl',
]);

/** A function called by another. Objects of one class, so that reading them is fast. */
export class Edge {
  /** Field that decides whether it is called: the driver, or of the caller ioctl or region. */
  readonly detail: number;
  /** What the caller calls before it. */
  after: Edge | null = null;

  /**
   * @param fact number of the fact that the recording shows it
   * @param handed the fields that are passed on
   */
  constructor(
    readonly fact: number,
    readonly caller: GraphFunction,
    readonly called: GraphFunction,
    readonly handed: Fields,
  ) {
    this.detail = called.facts.perDriver === true ? DRIVER : decidedBy(caller);
  }
}

/** A function of the call graph, numbered. All have the same fields, so that reading is fast. */
export class GraphFunction {
  readonly entry: boolean;
  readonly leaf: boolean;
  readonly once: boolean;
  readonly anyThread: boolean;
  readonly isRelease: boolean;
  /** Field that distinguishes its events in the question whether they are recorded. */
  readonly detail: number;
  /** Number of the first of the facts that the recording shows its begins, ends and points. */
  readonly parts: number;
  /** Its callers, by number and in order. */
  readonly calledBy: (Edge | undefined)[] = new Array(COUNT).fill(undefined);
  readonly callers: Edge[] = [];
  /** What it cannot succeed without. */
  readonly needs: Edge[] = [];
  /** What it calls once it has called another function. */
  readonly follows: { readonly other: GraphFunction; readonly next: Edge }[] = [];

  constructor(
    readonly id: number,
    readonly name: string,
    readonly facts: FunctionFacts,
  ) {
    this.entry = facts.entry === true;
    this.leaf = facts.leaf === true;
    this.once = facts.once === true;
    this.anyThread = facts.anyThread === true;
    this.isRelease = name === 'device_release_driver_internal';
    this.detail = facts.perDriver === true ? DRIVER : IOCTLS.has(name) ? NAME : NONE;
    this.parts = id * PARTS;
  }

  /** The names of its callers. */
  get callerNames(): string {
    return this.callers.map(({ caller }) => caller.name).join(' or ');
  }
}

const COUNT = Object.keys(CALL_GRAPH).length;
export const FUNCTIONS: readonly GraphFunction[] = Object.entries(CALL_GRAPH).map(
  ([name, facts], id) => new GraphFunction(id, name, facts),
);
const BY_NAME: ReadonlyMap<string, GraphFunction> = new Map(FUNCTIONS.map((fn) => [fn.name, fn]));

/** Field that decides which functions a caller calls. */
const decidedBy = (caller: GraphFunction): number =>
  caller.name === 'ioctl' ? NAME : caller.name === 'vfio_pci_rw' ? REGION : NONE;

const EDGES = FUNCTIONS.flatMap((called) =>
  Object.entries(called.facts.by ?? {}).map(([caller, handed]) => ({ called, caller, handed })),
).map(({ called, caller, handed }, i) => {
  const fact = COUNT * PARTS + i;
  return new Edge(fact, BY_NAME.get(caller) as GraphFunction, called, fieldsOf(handed));
});
/** Number of facts that a recording may show. */
export const FACTS = COUNT * PARTS + EDGES.length;

for (const edge of EDGES) {
  edge.called.calledBy[edge.caller.id] = edge;
  edge.called.callers.push(edge);
}
for (const edge of EDGES) {
  const { caller, called } = edge;
  const { after, neededBy, follows } = called.facts;
  edge.after = BY_NAME.get(after?.[caller.name] ?? '')?.calledBy[caller.id] ?? null;
  if (neededBy?.includes(caller.name)) caller.needs.push(edge);
  const other = BY_NAME.get(follows ?? '');
  if (other !== undefined) caller.follows.push({ other, next: edge });
}

/** An open function, with the fields of its begin. */
export interface OpenCall {
  fn: number;
  seq: number;
  said: CallFields;
  /** Functions that it called, a bit of two words for each. */
  low: number;
  high: number;
}

export const newCall = (): OpenCall => ({ fn: 0, seq: 0, said: newFields(), low: 0, high: 0 });

/**
 * The field that distinguishes the events of a function in the question whether they are recorded.
 */
export const partOf = ({ detail }: GraphFunction, said: CallFields): number =>
  detail === NONE ? NONE : fieldValue(said, detail);

/** The field that decides whether a caller calls a function; `driver` is that of the called one. */
export function detailOf({ detail }: Edge, caller: OpenCall, driver: number): number {
  if (detail === NONE) return NONE;
  return detail === DRIVER ? driver : fieldValue(caller.said, detail);
}

export const pathOf = (e: EventCursor, fn: GraphFunction): string =>
  `${e.device ?? 'container'}/calls/${fn.name}`;

/**
 * Whether a caller makes no further calls of the next function: any such call has begun after its
 * end.
 */
export function callsNothingMore(call: OpenCall, next: GraphFunction, said: CallFields): boolean {
  const fn = FUNCTIONS[call.fn];
  if (fn.leaf || ((call.low & LAST.low) | (call.high & LAST.high)) !== 0) return true;
  // A release that found no driver removes none, unless a driver was bound before it got the lock.
  if (!fn.isRelease || fieldValue(call.said, DRIVER) !== NONE) return false;
  return next.calledBy[fn.id] === undefined || !sameDevice(call.said, said);
}

export const sameDevice = (a: CallFields, b: CallFields): boolean =>
  fieldValue(a, DEVICE) === fieldValue(b, DEVICE);

export const hasCalled = (call: OpenCall, fn: number): boolean =>
  (((fn < 32 ? call.low : call.high) >>> (fn & 31)) & 1) === 1;

export function learnCalled(call: { low: number; high: number }, fn: number): void {
  if (fn < 32) call.low |= 1 << fn;
  else call.high |= 1 << (fn & 31);
}

/** Functions after which their caller calls nothing more. */
const LAST = { low: 0, high: 0 };
for (const fn of FUNCTIONS) if (fn.facts.last === true) learnCalled(LAST, fn.id);

/** The function of an event; null if it is not in the graph. */
export const callOfGraph = (e: EventCursor): GraphFunction | null =>
  BY_NAME.get(functionOf(e.kind, e.name, e.path, e.device, e.driver)) ?? null;
