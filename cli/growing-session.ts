import type { BoundedSession, SessionOptions } from '../analysis/index.js';
import type { TraceReader } from '../traces/index.js';

/**
 * SQL over traces that may grow. The first question opens a session, and the first one after the
 * traces have grown opens another; a question that is being answered keeps its own.
 */
export class GrowingSession {
  #session: BoundedSession | null = null;
  /** Whether the traces have grown since the session was opened. */
  #isOld = false;

  /** @param readers of the traces as they are now */
  constructor(
    private readonly readers: () => readonly TraceReader[],
    private readonly options: SessionOptions = {},
  ) {}

  /** The traces have grown. */
  grow(): void {
    this.#isOld = true;
  }

  /** The session for the next question: the one before has been answered or cancelled. */
  async open(): Promise<BoundedSession> {
    const { openSession } = await import('../analysis/index.js');
    if (this.#isOld) this.close();
    const traces = this.readers().map((reader) => ({ name: reader.source.name, reader }));
    this.#session ??= await openSession(traces, this.options);
    return this.#session;
  }

  /** Ends the question that is being answered. */
  cancel(): void {
    this.#session?.cancel();
  }

  close(): void {
    this.#session?.close();
    this.#session = null;
    this.#isOld = false;
  }
}
