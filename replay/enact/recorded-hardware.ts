/** What hardware answered, read off the recording. */
import type { OpenedConfig, RecordedHardware } from '../kernel/index.js';
import type { KnownRecording } from './known-recording.js';

export class HardwareOfRecording implements RecordedHardware {
  /** @param ahead the number of the event that a thread has to make next */
  constructor(
    private readonly recording: KnownRecording,
    private readonly ahead: (thread: number) => number,
  ) {}

  register(thread: number): number | null {
    const { events, next } = this.recording;
    let at = this.ahead(thread);
    const e = events[at];
    if (e?.kind !== 'config.read' || e.access?.path !== 'hardware') return null;
    if (e.phase === 'begin') at = next[at];
    const end = events[at];
    return end?.kind === 'config.read' && end.phase !== 'begin'
      ? (end.access?.value ?? null)
      : null;
  }

  reset(thread: number): number | null {
    const { events, next } = this.recording;
    let at = this.ahead(thread);
    while (at < events.length && events[at].phase !== 'end') at = next[at];
    return events[at]?.ret ?? null;
  }

  opened(thread: number, address: string): OpenedConfig | null {
    const e = this.recording.events[this.ahead(thread)];
    return e === undefined ? null : this.recording.config.opened(e.tid, address, e.seq);
  }
}
