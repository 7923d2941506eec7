/** Ioctls of iommufds: on /dev/iommu, those of a container included. */

import {
  disturb,
  explaining,
  type IommufdRules,
  iommufdIoctl,
  written,
} from '../../model/iommufd/index.js';
import { type FileNumber, fileAt, fileOfCall, filesOn } from '../../model/vfio/file-descriptors.js';
import {
  contextName,
  contextUse,
  disturbOthers,
  doubt,
  onlyUse,
  type Use,
} from '../../model/vfio/iommufd-contexts.js';
import { type IoctlCall, newIoctl, popCall, pushCall } from '../../model/vfio/vfio-calls.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import { placing, STIMULUS, UNKNOWN, type Verdict } from '../engine/verdict.js';
import { judge, judgeByKernel } from './vfio-results.js';
import { endUnseenCalls, forgetUnbegun } from './vfio-unended.js';

/** Whether an ioctl is of an iommufd: the recorder says so, or its name does. */
export const isIommufd = (e: EventCursor): boolean =>
  e.driver === 'iommufd' || e.name.startsWith('IOMMU_');

/** The address of an argument that was not recorded. */
const NO_ADDRESS = -1;

export function iommufd(engine: Engine, e: EventCursor): Verdict {
  if (e.phase !== 'end') begin(engine, e);
  if (e.phase === 'begin') return STIMULUS;
  const seq = e.phase === 'point' ? e.seq : e.span;
  const call = popCall(engine.vfio.calls, e.tid, seq, 'ioctl');
  if (call === null) forgetUnbegun(engine, e);
  return call === null || call.unseen ? UNKNOWN : end(engine, call, e);
}

function begin(engine: Engine, e: EventCursor): void {
  endUnseenCalls(engine, e);
  const { descriptors, iommufds } = engine.vfio;
  // A call without a recorded argument reveals nothing about its objects.
  if (e.driver === 'iommufd' && e.data !== null) iommufds.recorded = true;
  const recorded = descriptors.calls.get(e.tid)?.argument ?? NO_ADDRESS;
  const call = newIoctl({
    seq: e.seq,
    layer: 'file',
    file: 'iommufd',
    name: e.name,
    command: e.value,
    argument: e.hasOffset ? e.offset : recorded,
    words: [...(e.data ?? [])],
    device: null,
    group: null,
    container: null,
  });
  pushCall(engine.vfio.calls, e.tid, call);
}

function end(engine: Engine, call: IoctlCall, e: EventCursor): Verdict {
  const use = callsUse(engine, e);
  const { context } = use;
  const bytes = Uint8Array.from(call.words);
  const address = call.argument === NO_ADDRESS ? null : call.argument;
  const argument = { address, bytes };
  const rules = rulesOf(engine);
  const { ret } = e;
  const answer = iommufdIoctl({ context, argument, rules }, call.name);
  const path = `iommufd/${call.name}`;
  const ofRelease = (version: number) =>
    iommufdIoctl({ context, argument, rules: { version } }, call.name).results;
  const verdict =
    rules.version === null
      ? judge(path, answer.results, ret)
      : judgeByKernel(path, answer.results, ofRelease, ret);
  if (ret < 0) answer.failed?.();
  else {
    answer.done?.({ ret, written: written(e.data), at: e.ts });
    // A call that the rules of this release do not have may succeed nevertheless, as in a later
    // one.
    if (answer.done === undefined && verdict.type !== 'match') disturb(context, call.name);
    disturbOthers(engine.vfio.iommufds, use, call.name);
  }
  // Memory that is not there when the probe looks is recorded as zeros.
  const unread = bytes.every((byte) => byte === 0);
  if (unread && verdict.type === 'diverge') return UNKNOWN;
  const judged = doubted(engine, use, verdict, () => explaining(call.name, answer.results, ret));
  return placing(judged, { iommufd: `iommufd ${nameOf(engine, use)}` });
}

const nameOf = ({ vfio }: Engine, use: Use): string | undefined =>
  [...vfio.iommufds.uses].find(([, other]) => other === use)?.[0];

/**
 * What only an assumption contradicts is not held against the kernel.
 * @param explained functions and ioctls that explain the contradiction when they are not recorded
 */
export function doubted(
  engine: Engine,
  use: Use | null,
  verdict: Verdict,
  explained: () => readonly string[],
): Verdict {
  if (verdict.type !== 'diverge' || use === null) return verdict;
  if (!use.assumed && explained().every((name) => engine.records(name))) return verdict;
  doubt(use);
  return UNKNOWN;
}

/** The newest kernel that the tables cover; later changes are not known. */
const NEWEST = 7003;

/**
 * The rules of the recorded kernel; permissive if the recording does not name its kernel, or a
 * newer one.
 */
export function rulesOf({ release, machine }: Engine): IommufdRules {
  const { version } = machine.kernel;
  return { version: release === undefined || version > NEWEST ? null : version };
}

/** The use of a name; `fresh`: its file was opened during the recording. */
const contextOf = (engine: Engine, key: string, process: number, fresh: boolean): Use =>
  contextUse(engine.vfio.iommufds, key, process, fresh, engine.machine.interrupts);

/** The iommufd that an ioctl is of. */
function callsUse(engine: Engine, e: EventCursor): Use {
  const { descriptors, iommufds } = engine.vfio;
  const file = fileOfCall(descriptors, e.pid, e.tid);
  if (e.hasLength && e.driver === 'iommufd') {
    const key = `object ${e.length}`;
    if (file !== null) iommufds.names.set(file, key);
    return contextOf(engine, key, e.pid, file !== null);
  }
  const inherited = file === null ? inheritedUse(engine, e) : null;
  if (inherited !== null) return inherited;
  const key = file === null ? `process ${e.pid}` : contextName(iommufds, file);
  return contextOf(engine, key, e.pid, file !== null);
}

/**
 * The iommufd that another process has on the descriptor of a call, if only one has: a child has
 * its parent's files at the same descriptors. From then on its state is only assumed.
 */
function inheritedUse(engine: Engine, e: EventCursor): Use | null {
  const { descriptors, iommufds } = engine.vfio;
  const descriptor = descriptors.calls.get(e.tid)?.descriptor ?? -1;
  const keys = new Set(filesOn(descriptors, descriptor).map((file) => contextName(iommufds, file)));
  const uses = [...keys].flatMap((key) => iommufds.uses.get(key) ?? []);
  if (uses.length !== 1) return null;
  uses[0].assumed = true;
  return uses[0];
}

/** The iommufd that a process has on a descriptor; null when not known. */
export function iommufdAt(engine: Engine, process: number, descriptor: number): string | null {
  const { descriptors, iommufds } = engine.vfio;
  const file = fileAt(descriptors, process, descriptor);
  if (file === null) return showsFiles(engine) ? null : onlyUse(iommufds, process);
  const key = contextName(iommufds, file);
  return iommufds.uses.has(key) ? key : null;
}

/** System calls are recorded, so that files can be distinguished. */
export const showsFiles = ({ vfio }: Engine): boolean => vfio.descriptors.next > 1;

/** The same, where a call has shown that it is one. */
export function shownIommufd(engine: Engine, process: number, descriptor: number): string {
  const { descriptors, iommufds } = engine.vfio;
  const known = iommufdAt(engine, process, descriptor);
  if (known !== null) return known;
  const file: FileNumber | null = fileAt(descriptors, process, descriptor);
  const key = file === null ? `process ${process}` : contextName(iommufds, file);
  // Which iommufd the calls on a file are of shows only where these calls are recorded, too.
  const fresh = file !== null && iommufds.recorded && engine.records('ioctl');
  contextOf(engine, key, process, fresh);
  return key;
}
