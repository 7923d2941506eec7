/** The iommufds that processes use, and which of them a call is of. */
import type { AddressRange } from '../interrupt-range.js';
import { type Context, disturb, forget, newContext } from '../iommufd/index.js';
import type { FileNumber } from './file-descriptors.js';

/** An iommufd as a recording shows it. */
export interface Use {
  readonly context: Context;
  /** Processes that were seen to use it. */
  readonly processes: Set<number>;
  /** The opener has closed its file; bound devices keep it alive. */
  closed: boolean;
  /** It may be an iommufd that is known by another name. */
  readonly mayBeAnother: boolean;
  /**
   * It is only assumed to have had no objects when it was first seen: a contradiction disproves
   * this assumption, and is not a divergence.
   */
  assumed: boolean;
}

/** Plain data, which is copied with a replay's state. */
export interface Contexts {
  /**
   * By the object's address, by file, or by process: the best identification that the recording
   * has.
   */
  readonly uses: Map<string, Use>;
  /** Names of those whose file is known, where that is not what they are named by. */
  readonly names: Map<FileNumber, string>;
  /** Calls of iommufds are recorded: one that was not seen was not made. */
  recorded: boolean;
  /** A group may have been put into an iommufd without any recorded call. */
  unseenGroup: boolean;
}

export const newContexts = (): Contexts => ({
  uses: new Map(),
  names: new Map(),
  recorded: false,
  unseenGroup: false,
});

/**
 * The use of a name; created on first use.
 * @param fresh its file was opened during the recording, so that it had no objects
 * @param interrupts addresses that devices reserve for interrupt messages
 */
export function contextUse(
  contexts: Contexts,
  key: string,
  process: number,
  fresh: boolean,
  interrupts: AddressRange,
): Use {
  let use = contexts.uses.get(key);
  if (use === undefined) {
    const context = newContext(true, interrupts);
    // The kernel makes an IOAS for a group.
    if (contexts.unseenGroup) forget(context);
    use = {
      context,
      processes: new Set(),
      closed: false,
      mayBeAnother: !fresh && key.startsWith('process'),
      assumed: !fresh,
    };
    contexts.uses.set(key, use);
  }
  use.processes.add(process);
  return use;
}

/** Whether a device is bound, which keeps an iommufd whose file is closed. */
export const isHeld = ({ context }: Use): boolean =>
  [...context.objects.values()].some(({ type }) => type === 'device' || type === 'access');

/** Whether a process has used an iommufd. */
export const usesIommufd = ({ uses }: Contexts, process: number): boolean =>
  [...uses.values()].some(({ processes }) => processes.has(process));

/** The only iommufd of a process; null when it has none or several. */
export function onlyUse({ uses }: Contexts, process: number): string | null {
  const keys = [...uses].filter(([, use]) => use.processes.has(process)).map(([key]) => key);
  return keys.length === 1 ? keys[0] : null;
}

/** The name of the iommufd of a file. */
export const contextName = ({ names }: Contexts, file: FileNumber): string =>
  names.get(file) ?? `file ${file}`;

/** A call succeeded on an iommufd that may also be known by another name. */
export function disturbOthers({ uses }: Contexts, use: Use, call: string): void {
  if (!use.mayBeAnother) return;
  for (const other of uses.values()) if (other !== use) disturb(other.context, call);
}

/** A group was put into an iommufd, and which one is not recorded. */
export function groupInUnseenIommufd(contexts: Contexts): void {
  contexts.unseenGroup = true;
  for (const { context } of contexts.uses.values()) disturb(context, 'IOMMU_IOAS_ALLOC');
}

/** An assumption about an iommufd was contradicted. */
export function doubt(use: Use): void {
  use.assumed = false;
  forget(use.context);
}
