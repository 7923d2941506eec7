/** Devices as people write them: `01:00.2`, in upper or lower case, for `0000:01:00.2`. */
import { parseShortBdf, type TraceReader, VfrError } from '../traces/index.js';

/**
 * The names that a trace has for devices.
 * @throws VfrError `DEVICE_UNKNOWN` when a trace has no event of one of them
 */
export function devicesNamed(reader: TraceReader, names: readonly string[]): string[] {
  const known = reader.dictionaries.device;
  return names.map((text) => {
    const name = parseShortBdf(text) ?? text.toLowerCase();
    if (known.includes(name)) return name;
    const what = `the trace has no event of the device ${text}`;
    const next = known.length === 0 ? 'It has no devices.' : `It has ${list(known)}.`;
    throw new VfrError('DEVICE_UNKNOWN', what, next, { file: reader.source.name });
  });
}

const SHOWN_MAX = 8;

function list(names: readonly string[]): string {
  const shown = names.toSorted().slice(0, SHOWN_MAX).join(', ');
  const more = names.length - SHOWN_MAX;
  return more > 0 ? `${shown} and ${more} more; \`vfr info\` lists all` : shown;
}

/** A path into the state with the device's full name. */
export function fullPath(text: string): string {
  const [device, ...rest] = text.split('/').filter((part) => part !== '');
  if (device === undefined) return '';
  return [parseShortBdf(device) ?? device, ...rest].join('/');
}
