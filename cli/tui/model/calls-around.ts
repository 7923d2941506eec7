/** The causes of an event: the calls around it, and what made the kernel refuse it. */

import { VM_FAULT } from '../../../replay/index.js';
import { type Kind, REGION_CONFIG } from '../../../traces/index.js';
import type { Cause } from './browser.js';
import type { CallIndex } from './call-index.js';
import type { EventRef, EventStore } from './event-store.js';

/** Events that are looked at for a cause, at most: a key must not wait. */
const LOOK_BACK_MAX = 100_000;
/** PCI_COMMAND and its bit for memory decoding (Linux include/uapi/linux/pci_regs.h 6.1). */
const COMMAND = 4;
const COMMAND_MEMORY = 2;

/** The event itself, what led to it, and the calls around those, outermost last. */
export function causesOf(store: EventStore, calls: CallIndex, seq: number): Cause[] {
  const position = calls.rowOf(store.positionOf(seq));
  const own: Cause = { seq: store.seqAt(position), how: 'event', text: null };
  const reason = reasonOf(store, calls, position);
  const around = [...calls.ancestors(position)].map((at): Cause => inside(store, at));
  if (reason === null) return [own, ...around];
  const of = calls
    .ancestors(store.positionOf(reason.seq ?? 0))
    .map((at): Cause => inside(store, at));
  return [own, reason, ...of];
}

const inside = (store: EventStore, at: number): Cause => ({
  seq: store.seqAt(at),
  how: 'within',
  text: null,
});

/** The event that made the kernel refuse this one. */
function reasonOf(store: EventStore, calls: CallIndex, position: number): Cause | null {
  const ref = store.atPosition(position);
  if (ref === null) return null;
  const kind = ref.batch.column('kind').at(ref.row);
  if (kind === 'fault.page') return refusalOf(store, calls, position);
  if (kind === 'fault.dma') return unmapping(store, position, ref);
  return null;
}

/** vfio-pci refuses faults while memory decoding is off or the device sleeps. */
function refusalOf(store: EventStore, calls: CallIndex, position: number): Cause | null {
  const end = calls.endOf(position) ?? position;
  const ref = store.atPosition(end)!;
  const ret = ref.batch.column('ret');
  if (!ret.has(ref.row) || (ret.low(ref.row) & VM_FAULT.SIGBUS) === 0) return null;
  const device = ref.batch.column('device').at(ref.row);
  const seq = lastBefore(store, position, (one) => disablesMemory(one, device));
  return seq === null
    ? null
    : { seq: store.seqAt(calls.rowOf(seq)), how: 'memory off since', text: null };
}

const WRITES = new Set<string>(['config.write', 'region.write'] satisfies Kind[]);

function disablesMemory({ batch, row }: EventRef, device: string | null): boolean {
  if (!WRITES.has(batch.column('kind').at(row) ?? '')) return false;
  if (batch.column('device').at(row) !== device) return false;
  const region = batch.column('region');
  if (region.has(row) && region.at(row) !== REGION_CONFIG) return false;
  const [offset, value] = [batch.column('offset'), batch.column('value')];
  if (!offset.has(row) || !value.has(row) || offset.number(row) !== COMMAND) return false;
  return (value.low(row) & COMMAND_MEMORY) === 0;
}

/** The last event that unmapped the address of a refused DMA. */
function unmapping(store: EventStore, position: number, ref: EventRef): Cause | null {
  const offset = ref.batch.column('offset');
  if (!offset.has(ref.row)) return null;
  const iova = offset.number(ref.row);
  const at = lastBefore(store, position, (one) => unmaps(one, iova));
  return at === null ? null : { seq: store.seqAt(at), how: 'unmapped by', text: null };
}

function unmaps({ batch, row }: EventRef, iova: number): boolean {
  if (batch.column('kind').at(row) !== 'dma.unmap') return false;
  const [offset, length] = [batch.column('offset'), batch.column('length')];
  const start = offset.number(row);
  return offset.has(row) && iova >= start && iova < start + length.number(row);
}

/** Position of the last event before another for which something holds. */
function lastBefore(
  store: EventStore,
  position: number,
  holds: (ref: EventRef) => boolean,
): number | null {
  const least = Math.max(0, position - LOOK_BACK_MAX);
  for (let at = position - 1; at >= least; at--) if (holds(store.atPosition(at)!)) return at;
  return null;
}
