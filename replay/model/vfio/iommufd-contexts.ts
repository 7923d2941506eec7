/** The iommufds that processes use, and which of them a call is of. */
import { type Context, disturb, forget, newContext } from '../iommufd/index.js';
import type { FileNumber } from './file-descriptors.js';

/** An iommufd as a recording shows it. */
export interface Use {
  readonly context: Context;
  /** Processes that were seen to use it. */
  readonly processes: Set<number>;
  /** Its file was closed by who opened it; devices that are bound keep it. */
  closed: boolean;
  /** Nothing tells that it is not one of those that are known by another name. */
  readonly mayBeAnother: boolean;
  /**
   * It is only taken for one that had no objects when it was seen first: what contradicts that is
   * held against this, and not against the kernel.
   */
  assumed: boolean;
}

/** Plain data, which copies of a replay's state take along. */
export interface Contexts {
  /** By the object's address, by file, or by process: the best that the recording tells. */
  readonly uses: Map<string, Use>;
  /** Names of those whose file is known, where that is not what they are named by. */
  readonly names: Map<FileNumber, string>;
  /** Calls of iommufds are recorded: one that was not seen was not made. */
  recorded: boolean;
  /** A group may have been put into an iommufd of which no call was seen yet. */
  unseenGroup: boolean;
}

export const newContexts = (): Contexts => ({
  uses: new Map(),
  names: new Map(),
  recorded: false,
  unseenGroup: false,
});

/**
 * The use of a name, made when there is none.
 * @param fresh its file was opened while the recording ran, so that it had no objects
 */
export function noteUse(contexts: Contexts, key: string, process: number, fresh: boolean): Use {
  let use = contexts.uses.get(key);
  if (use === undefined) {
    const context = newContext(true);
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

/** What the iommufd of a file is known by. */
export const contextName = ({ names }: Contexts, file: FileNumber): string =>
  names.get(file) ?? `file ${file}`;

/** A call succeeded on an iommufd which may be one that is known by another name, too. */
export function disturbOthers({ uses }: Contexts, use: Use, call: string): void {
  if (!use.mayBeAnother) return;
  for (const other of uses.values()) if (other !== use) disturb(other.context, call);
}

/** A group was put into an iommufd, and which one is not recorded. */
export function groupInUnseenIommufd(contexts: Contexts): void {
  contexts.unseenGroup = true;
  for (const { context } of contexts.uses.values()) disturb(context, 'IOMMU_IOAS_ALLOC');
}

/** What was taken for granted of an iommufd is contradicted. */
export function doubt(use: Use): void {
  use.assumed = false;
  forget(use.context);
}
