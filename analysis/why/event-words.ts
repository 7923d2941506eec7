/** One event in words. */
import { type EventCursor, errnoName, VM_FAULT } from '../../replay/index.js';

/** The acting thread: `driverctl-512`. */
export const actorOf = ({ task, tid }: EventCursor): string =>
  tid < 0 ? 'an unknown thread' : `${task === '' ? 'thread' : task}-${tid}`;

/** What happened, and by whom. */
export const eventWords = (e: EventCursor): string => `${actorOf(e)} ${actionOf(e)}`;

/** The error of an event, or nothing. */
export const errorWords = (e: EventCursor): string =>
  e.phase !== 'begin' && e.hasRet && isError(e) ? `: ${resultOf(e)}` : '';

const isError = (e: EventCursor): boolean => e.ret < 0 || isSigbus(e);

const resultOf = (e: EventCursor): string => (isSigbus(e) ? 'SIGBUS' : errnoName(e.ret));

/** Whether the kernel gave no page to an access, so that its process gets SIGBUS. */
export const isSigbus = ({ kind, ret }: EventCursor): boolean =>
  kind === 'fault.page' && ret === VM_FAULT.SIGBUS;

const UNITS = ['ns', 'µs', 'ms', 's'] as const;

/** A time between two events in words. */
export function timeWords(ns: bigint): string {
  const power = Math.min(3, Math.floor((String(ns).length - 1) / 3));
  return `${Number((Number(ns) / 1000 ** power).toPrecision(3))} ${UNITS[power]}`;
}

function actionOf(e: EventCursor): string {
  const { name } = e;
  const device = e.device ?? '';
  const of = device === '' ? '' : ` of ${device}`;
  const driver = e.driver ?? '';
  const at = e.hasOffset ? ` at ${hex(e.offset)}` : '';
  switch (e.kind) {
    case 'sysfs.write': {
      const file = driver === '' ? name : `${driver}/${name}`;
      return `writes ${JSON.stringify((e.text ?? '').trim())} to ${file}${of}`;
    }
    case 'ioctl':
      return `calls ${name}${of}`;
    case 'bind':
      return e.phase === 'point'
        ? `binds ${driver} to ${device}`
        : `attaches ${driver} to ${device}`;
    case 'unbind':
      return `releases ${driver === '' ? 'the driver' : driver} of ${device} (${name})`;
    case 'match':
      return `tries ${driver} on ${device}`;
    case 'probe':
      return `runs ${name} of ${driver} on ${device}`;
    case 'vf.add':
      return `adds VF ${e.value}${of}`;
    case 'vf.remove':
      return `removes VF ${e.value}${of}`;
    case 'device.add':
      return `makes ${device} (${name})`;
    case 'device.remove':
      return `removes ${device} (${name})`;
    case 'device.open':
      return `opens ${device}`;
    case 'device.request':
      return `asks the user of ${device} to release it, request ${e.value + 1}`;
    case 'config.write':
      return `writes ${hex(e.value)} to configuration space at ${hex(e.offset)}${of}`;
    case 'fault.dma':
      return `reports that the IOMMU refused a DMA${of}${at}`;
    case 'fault.page':
      return `touches the mapping${of} at ${hex(e.offset)}`;
    case 'snapshot':
      return `sees ${device} when the recording ${name === 'end' ? 'ends' : 'begins'}`;
    default:
      return `${e.kind} ${name}${of}`;
  }
}

const hex = (n: number): string => `0x${n.toString(16)}`;
