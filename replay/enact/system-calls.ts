/** System calls of a recording, which show what file a call of VFIO is on. */
import type { EventCursor } from '../judge/engine/event-cursor.js';
import { descriptorIn } from '../model/vfio/file-descriptors.js';

export interface SystemCall {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Descriptor that it is on; -1 without one. */
  readonly fd: number;
  /** The third argument of an ioctl. */
  readonly argument: number | null;
  /** Its arguments as the recording has them. */
  readonly text: string;
  /** Where it begins. */
  readonly seq: number;
  /** Null while it is under way, and for one that never ends. */
  ret: number | null;
}

export class SystemCalls {
  /** Those that have ended, in the order of their ends. */
  readonly ended: SystemCall[] = [];
  readonly #open = new Map<number, SystemCall>();

  take(e: EventCursor): void {
    const { seq, phase, name, tid, pid, text, hasRet, ret } = e;
    if (phase === 'begin') {
      const fd = descriptorIn(text);
      const argument = e.hasOffset ? e.offset : null;
      const begun = { name, pid, tid, fd, argument, text: text ?? '', seq, ret: null };
      this.#open.set(tid, begun);
      return;
    }
    const call = this.#open.get(tid);
    this.#open.delete(tid);
    if (call?.name !== name) return;
    call.ret = hasRet ? ret : null;
    this.ended.push(call);
  }

  /** The one that a thread is in; null when it is not recorded. */
  of(tid: number): SystemCall | null {
    return this.#open.get(tid) ?? null;
  }
}
