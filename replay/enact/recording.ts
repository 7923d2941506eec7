/** What a recording has of the functions that the kernel that runs knows, and of the machine. */
import { type Batch, parseBdf, type Seq } from '../../traces/index.js';
import { EventCursor } from '../judge/engine/event-cursor.js';
import { FUNCTIONS, type FunctionName } from '../kernel/index.js';
import {
  type DriverFacts,
  type FunctionFacts,
  parseDriver,
  parseSnapshot,
} from '../model/binding/function-facts.js';
import type { Emitted } from './emitted.js';
import { Scope } from './scope.js';

export interface RecordedEvent extends Emitted {
  readonly seq: Seq;
  readonly value: number;
  readonly tid: number;
  /** A worker tries the driver on behalf of a driver that probes asynchronously. */
  readonly isAsync: boolean;
  /** Of a write. */
  readonly text: string;
  /** Bytes that are written; null when the event does not have it. */
  readonly count: number | null;
  /** Vendor, device and class of a function that comes into being: 12 bytes. */
  readonly data: Buffer | null;
}

export interface Recording {
  /** All events of the trace. */
  readonly total: number;
  readonly events: readonly RecordedEvent[];
  /** Functions of the snapshot. */
  readonly functions: ReadonlyMap<string, FunctionFacts>;
  /** Drivers of the snapshot. */
  readonly drivers: ReadonlyMap<string, DriverFacts>;
  /** Events of kinds that no procedure makes, by kind. */
  readonly skipped: Record<string, number>;
  /** Events of modelled kinds by functions that no procedure has, by name. */
  readonly skippedFunctions: Record<string, number>;
}

/** Kinds whose events are always about a device. */
const OF_DEVICES: ReadonlySet<string> = new Set(['match', 'probe', 'bind', 'unbind', 'deferred']);
/** Kinds whose events have the name of the driver's bus. */
const OF_DRIVERS: ReadonlySet<string> = new Set(['driver.register', 'driver.unregister']);
/** Name of a mediated device. */
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const KINDS: ReadonlySet<string> = new Set(Object.values(FUNCTIONS).map(({ kind }) => kind));

/** Older recordings have the function around the one that changes the bus's list of drivers. */
const AROUND: Readonly<Record<string, FunctionName>> = {
  driver_register: 'bus_add_driver',
  driver_unregister: 'bus_remove_driver',
};

/** Work items of asynchronous probes (kernel drivers/base/dd.c 6.1). */
const HELPERS: ReadonlySet<string> = new Set([
  '__driver_attach_async_helper',
  '__device_attach_async_helper',
]);

const count = (counts: Record<string, number>, key: string): void => {
  counts[key] = (counts[key] ?? 0) + 1;
};

export function readRecording(batches: Iterable<Batch>): Recording {
  const functions = new Map<string, FunctionFacts>();
  const drivers = new Map<string, DriverFacts>();
  const skipped: Record<string, number> = {};
  const skippedFunctions: Record<string, number> = {};
  const events: RecordedEvent[] = [];
  const cursor = new EventCursor();
  const inHelper = new Set<number>();
  const scope = new Scope();
  let total = 0;
  let inner = false;
  for (const batch of batches) {
    cursor.open(batch);
    inner ||= cursor.names.includes('bus_add_driver') || cursor.names.includes('bus_remove_driver');
    for (let row = 0; row < cursor.rows; row++) {
      cursor.moveTo(row);
      total++;
      const { kind, device, driver, tid } = cursor;
      if (HELPERS.has(cursor.name)) {
        if (cursor.phase === 'begin') inHelper.add(tid);
        else inHelper.delete(tid);
      }
      if (kind === 'snapshot') {
        count(skipped, kind);
        // The snapshot at the end is for people to compare.
        if (cursor.name === 'end') continue;
        if (device !== null) functions.set(device, parseSnapshot(cursor.text));
        else if (driver !== null) drivers.set(driver, parseDriver(cursor.text));
      } else if (!KINDS.has(kind)) count(skipped, kind);
      else {
        const name = inner ? cursor.name : (AROUND[cursor.name] ?? cursor.name);
        if (!isModelled(name, kind) || !isOfPci(cursor)) count(skippedFunctions, cursor.name);
        else {
          const { phase } = cursor;
          const foreign = scope.foreign(tid, { name, phase, device });
          if (foreign === null) events.push(eventOf(cursor, name, inHelper.has(tid)));
          else count(skippedFunctions, foreign);
        }
      }
    }
  }
  return { total, events, functions, drivers, skipped, skippedFunctions };
}

const isModelled = (name: string, kind: string): name is FunctionName =>
  name in FUNCTIONS && FUNCTIONS[name as FunctionName].kind === kind;

/** Whether an event is about the PCI bus: other buses have devices and drivers, too. */
function isOfPci({ kind, device, text }: EventCursor): boolean {
  if (device !== null) return parseBdf(device) !== null;
  if (kind === 'sysfs.write') return !UUID.test(text?.trim() ?? '');
  if (OF_DEVICES.has(kind)) return false;
  return !OF_DRIVERS.has(kind) || text === null || text === 'pci';
}

const eventOf = (e: EventCursor, name: FunctionName, isAsync: boolean): RecordedEvent => ({
  seq: e.seq,
  kind: e.kind,
  phase: e.phase,
  name,
  device: e.device,
  driver: e.driver,
  ret: e.hasRet ? e.ret : null,
  value: e.value,
  tid: e.tid,
  isAsync,
  text: e.kind === 'sysfs.write' ? (e.text ?? '') : '',
  count: e.hasLength ? e.length : null,
  data: e.name === 'pci_device_add' ? e.data : null,
});
