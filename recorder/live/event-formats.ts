import { type EventFormat, parseEventFormat } from '../ring-buffer/index.js';
import type { TraceDirectory } from './tracefs.js';

/**
 * Formats of the events by their paths below `events/`; events that no longer exist are omitted.
 */
export function readFormats(directory: TraceDirectory, events: readonly string[]): EventFormat[] {
  return events.flatMap((event) => {
    const file = `events/${event}/format`;
    return directory.has(file) ? [parseEventFormat(directory.read(file), file)] : [];
  });
}
