import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Architecture, runsHere } from './architecture.js';
import { foreignRoot } from './foreign-root.js';
import { guestRoot } from './guest-root.js';

/** Where a guest and its kernels are prepared. */
export interface GuestPlace {
  readonly architecture: Architecture;
  /** Has the kernels and the images of the guest's architecture. */
  readonly cache: string;
  /** The guest's root file system. */
  readonly root: string;
  /** A root whose programs run on this host: the guest's own, if they do. */
  readonly tools: string;
}

/** Builds the roots that a guest needs, once. An architecture that the host is not has a folder of its own. */
export function guestPlace(cache: string, architecture: Architecture): GuestPlace {
  const tools = guestRoot(cache);
  if (runsHere(architecture)) return { architecture, cache, root: tools, tools };
  const own = join(cache, architecture.debian);
  mkdirSync(own, { recursive: true });
  return { architecture, cache: own, root: foreignRoot(own, architecture), tools };
}
