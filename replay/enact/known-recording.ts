/** What a run is compared with. */
import type { ConfigLog } from './recorded-config.js';
import type { RecordedEvent } from './recording.js';

export interface KnownRecording {
  readonly events: readonly RecordedEvent[];
  /** Number of the next event of the same actor or worker. */
  readonly next: Int32Array;
  readonly config: ConfigLog;
  /** Processes whose files were guessed. */
  readonly guessed: ReadonlySet<number>;
}
