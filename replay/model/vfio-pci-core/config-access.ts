/**
 * One pread or pwrite of the configuration region: `vfio_pci_config_rw` (kernel
 * drivers/vfio/pci/vfio_pci_config.c 6.1).
 */
import { ERRNO } from '../../../traces/index.js';
import { type ReadResult, readChunk } from './config-read.js';
import { type ConfigSpace, chunkWidth, commitDraft, draftOf } from './config-space-model.js';
import { type WriteContext, type WriteResult, writeChunk } from './config-write.js';
import { type Answer, type Effect, type Steps, UNKNOWN, type Unknown } from './effects.js';
import { poke, type Width } from './little-endian.js';

/**
 * An access under way. Plain data: the part that is being served is run again from its start, with
 * the answers so far, whenever an answer comes.
 */
export interface ConfigAccess {
  readonly write: boolean;
  readonly offset: number;
  readonly count: number;
  /** The known bytes of the user, from the start. */
  readonly data: Uint8Array;
  /** Bytes served. */
  done: number;
  readonly answers: Answer[];
  /** What the kernel does next; null when the access is over. */
  next: Effect | null;
  /** Bytes done or a negative errno, when it is over. */
  result: number | Unknown | null;
  /** What the user has read so far; null where hardware's answer was not recorded. */
  readonly seen: (number | null)[];
  /** What the user has read is not what hardware answered, or hardware was not asked. */
  madeUp: boolean;
}

export interface AccessRequest {
  readonly write: boolean;
  readonly offset: number;
  readonly count: number;
  readonly data: Uint8Array;
}

/** Begins an access; `next` of the result is the first thing that the kernel does. */
export function beginAccess(
  space: ConfigSpace,
  context: WriteContext,
  request: AccessRequest,
): ConfigAccess {
  const { write, offset, count, data } = request;
  const access: ConfigAccess = {
    write,
    offset,
    count,
    data,
    done: 0,
    answers: [],
    next: null,
    result: null,
    seen: [],
    madeUp: false,
  };
  proceed(space, context, access);
  return access;
}

/** Resumes an access with the result of its next effect. */
export function answerAccess(
  space: ConfigSpace,
  context: WriteContext,
  access: ConfigAccess,
  answer: Answer,
): void {
  access.answers.push(answer);
  proceed(space, context, access);
}

/** Foresees the part that is being served once more: the space was found to be another. */
export function repredict(space: ConfigSpace, context: WriteContext, access: ConfigAccess): void {
  access.answers.length = 0;
  proceed(space, context, access);
}

function proceed(space: ConfigSpace, context: WriteContext, access: ConfigAccess): void {
  access.next = null;
  while (access.result === null && access.next === null) {
    const at = access.offset + access.done;
    const left = access.count - access.done;
    if (left === 0) access.result = access.done;
    // The check covers everything that is left: the last dword cannot be read in part.
    else if (at >= space.size || at + left > space.size) access.result = -ERRNO.EFAULT;
    else chunk(space, context, access, at, chunkWidth(space, at, left));
  }
}

function chunk(
  space: ConfigSpace,
  context: WriteContext,
  access: ConfigAccess,
  at: number,
  width: Width,
): void {
  if (access.write) {
    const draft = draftOf(space);
    const value = bytesOf(access.data, access.done, width);
    const ended = run(writeChunk(draft, context, at, width, value), access);
    if (ended === undefined) return;
    commitDraft(space, draft);
    finishWrite(access, ended, width);
  } else {
    const ended = run(readChunk(space, context.fn, at, width), access);
    if (ended !== undefined) finishRead(access, ended, width);
  }
}

function finishWrite(access: ConfigAccess, ended: WriteResult, width: Width): void {
  access.answers.length = 0;
  if (ended === UNKNOWN || ended < 0) access.result = ended;
  else access.done += width;
}

function finishRead(access: ConfigAccess, { value, ret }: ReadResult, width: Width): void {
  if (access.answers[0]?.value !== value) access.madeUp = true;
  access.answers.length = 0;
  if (ret < 0) access.result = ret;
  else {
    for (let i = 0; i < width; i++)
      access.seen.push(value === null ? null : (value >>> (8 * i)) & 0xff);
    access.done += width;
  }
}

/** @returns what the steps end with, or undefined when they wait for an answer */
function run<T>(steps: Steps<T>, access: ConfigAccess): T | undefined {
  let step = steps.next();
  for (const answer of access.answers) {
    if (step.done === true) break;
    step = steps.next(answer);
  }
  if (step.done === true) return step.value;
  access.next = step.value;
  return undefined;
}

function bytesOf(data: Uint8Array, from: number, width: Width): number | null {
  if (from + width > data.byteLength) return null;
  let value = 0;
  for (let i = width - 1; i >= 0; i--) value = value * 256 + data[from + i];
  return value;
}

/** The bytes of a number, as a user's buffer has them. */
export function bytesOfValue(value: number, width: number): Uint8Array {
  const bytes = new Uint8Array(width);
  poke(bytes, 0, Math.min(width, 4) as Width, value);
  return bytes;
}
