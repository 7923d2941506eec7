/** Recovery from errors of PCI Express: which functions are informed, and the result. */
import { parseBdf } from '../../../traces/index.js';
import { driverModel } from '../../model/drivers/index.js';
import {
  CHANNEL,
  channelOf,
  ERS,
  recoveryResults,
  severityOf,
  type Vote,
} from '../../model/pcie-errors/index.js';
import { certainly, only } from '../../model/possible.js';
import { functionAt, openDeviceOf, type Recovery } from '../../model/vfio/vfio-state.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import {
  COMPUTED,
  compare,
  DEFAULT,
  diverge,
  oneOf,
  PASSED,
  STIMULUS,
  UNKNOWN,
  type Verdict,
} from '../engine/verdict.js';
import type { PciDevice } from '../machine/pci-device.js';
import { rulesOf } from './vfio-iommufd.js';
import { judgeByKernel } from './vfio-results.js';

const TOLD = 'vfio_pci_core_aer_err_detected';
const RECOVER = 'pcie_do_recovery';
/** How the functions below the port are reset: by the kernel, or by containment (DPC) itself. */
const BY_CONTAINMENT = 'dpc_reset_link';
const RESETS: ReadonlySet<string> = new Set(['aer_root_reset', BY_CONTAINMENT]);
/** First offsets of the bus numbers in the header of a bridge. */
const SECONDARY = 0x19;
const SUBORDINATE = 0x1a;

/** `aer_event`: the device that reports, with what; the same thread recovers from it. */
export function aerEvent(engine: Engine, e: EventCursor): Verdict {
  const severity = e.name === 'aer_event' ? severityOf(e.text) : null;
  if (severity !== null && e.device !== null) {
    engine.vfio.reported.set(e.tid, { device: e.device, severity });
  }
  return STIMULUS;
}

/** The step of a recovery that an event belongs to. */
export function recovery(engine: Engine, e: EventCursor): Verdict {
  if (e.device === null) return STIMULUS;
  if (e.name === RECOVER) return e.phase === 'end' ? recovered(engine, e) : recovering(engine, e);
  if (e.name === TOLD) return e.phase === 'end' ? answered(engine, e) : informed(engine, e);
  if (RESETS.has(e.name)) return e.phase === 'end' ? wasReset(engine, e) : resetting(engine, e);
  return STIMULUS;
}

function recovering(engine: Engine, e: EventCursor): Verdict {
  const { recoveries, reported } = engine.vfio;
  const device = e.device ?? '';
  const report = reported.get(e.tid);
  reported.delete(e.tid);
  const votes = votesBelow(engine, device);
  const begun = { seq: e.seq, device, state: e.value, votes };
  recoveries.set(e.tid, { ...begun, informed: [], informing: null, reset: null });
  if (report === undefined || report.device !== device || !e.hasValue) return STIMULUS;
  const state = channelOf(report.severity);
  // Containment (DPC) freezes the channel, whatever the severity is.
  if (state === null || e.value === CHANNEL.FROZEN) return state === e.value ? COMPUTED : UNKNOWN;
  return compare(`${device}/channel`, String(state), String(e.value));
}

function informed(engine: Engine, e: EventCursor): Verdict {
  const open = engine.vfio.recoveries.get(e.tid);
  const path = `${e.device}/channel`;
  if (open === undefined) return UNKNOWN;
  open.informed.push(e.device ?? '');
  open.informing = e.device;
  // Which functions a name that is no address belongs to is not known: it may be below the port.
  if (parseBdf(e.device ?? '') === null) open.votes = null;
  if (!e.hasValue) return UNKNOWN;
  // From some release on they are informed, too, that recovery has failed.
  if (e.value === CHANNEL.FAILED && rulesOf(engine).version !== 6012) return UNKNOWN;
  if (open.votes?.some(({ address }) => address === e.device) === false) {
    return diverge(path, `functions below ${open.device} are informed`, `${e.device} is informed`);
  }
  return compare(path, String(open.state), String(e.value), PASSED);
}

/** Containment has cut the link before the kernel knows of the error: the channel is frozen. */
function resetting(engine: Engine, e: EventCursor): Verdict {
  const open = engine.vfio.recoveries.get(e.tid);
  if (e.name !== BY_CONTAINMENT) return STIMULUS;
  if (open === undefined) return UNKNOWN;
  return compare(`${open.device}/channel`, String(CHANNEL.FROZEN), String(open.state), PASSED);
}

/** Whether the link came back is the hardware's answer. */
function wasReset(engine: Engine, e: EventCursor): Verdict {
  const open = engine.vfio.recoveries.get(e.tid);
  if (open !== undefined) open.reset = e.hasRet ? e.ret === ERS.RECOVERED : null;
  if (!e.hasRet) return UNKNOWN;
  const results = [ERS.RECOVERED, ERS.DISCONNECT];
  return oneOf(`${e.device}/recovery`, results, e.ret, ERS.RECOVERED);
}

/** vfio-pci leaves it to the user, and signals an eventfd. */
function answered(engine: Engine, e: EventCursor): Verdict {
  const open = engine.vfio.recoveries.get(e.tid);
  if (open !== undefined) open.informing = null;
  if (!e.hasRet) return UNKNOWN;
  return oneOf(`${e.device}/channel`, [ERS.CAN_RECOVER], e.ret, ERS.CAN_RECOVER);
}

function recovered(engine: Engine, e: EventCursor): Verdict {
  const { recoveries } = engine.vfio;
  const open = recoveries.get(e.tid);
  recoveries.delete(e.tid);
  if (open === undefined || open.seq !== e.span || open.votes === null || !e.hasRet) return UNKNOWN;
  const { device, state, reset } = open;
  const now = votesBelow(engine, device);
  if (now === null || JSON.stringify(now) !== JSON.stringify(open.votes)) return UNKNOWN;
  const forgotten = engine.records(TOLD)
    ? now.find(({ address, vfio }) => vfio && !open.informed.includes(address))
    : undefined;
  const path = `${device}/recovery`;
  if (forgotten !== undefined)
    return diverge(path, `${forgotten.address} is informed`, 'it was not');
  const votes = now.map(({ vote }) => vote);
  const ofRelease = (release: number | null) => recoveryResults(state, votes, reset, release);
  const results = ofRelease(rulesOf(engine).version);
  return judgeByKernel(path, results, ofRelease, e.ret, ERS.RECOVERED);
}

/**
 * The answers of the functions below a port; null when it is not known which functions these are.
 */
function votesBelow(engine: Engine, port: string): Recovery['votes'] {
  const { hardware } = functionAt(engine.vfio, port);
  const isKnown = hardware?.known[SECONDARY] === 1 && hardware.known[SUBORDINATE] === 1;
  if (hardware === null || !isKnown || engine.machine.find(port)?.endpoint !== false) return null;
  const [first, last] = [hardware.bytes[SECONDARY], hardware.bytes[SUBORDINATE]];
  const domain = port.slice(0, port.indexOf(':') + 1);
  const below: { address: string; vote: Vote; vfio: boolean }[] = [];
  for (const device of engine.machine.devices) {
    const bus = Number.parseInt(device.address.slice(domain.length), 16);
    if (!device.address.startsWith(domain) || bus < first || bus > last) continue;
    if (certainly(device.visible, false)) continue;
    if (!certainly(device.visible, true)) return null;
    below.push({ address: device.address, ...voteOf(device) });
  }
  // What reports an error is somewhere: the functions below are not known then.
  return below.length === 0 ? null : below.sort((a, b) => (a.address < b.address ? -1 : 1));
}

function voteOf({ driver, endpoint }: PciDevice): { vote: Vote; vfio: boolean } {
  const name = only(driver);
  if (name === undefined || endpoint === null) return { vote: null, vfio: false };
  if (name === null) return { vote: endpoint ? ERS.NO_AER_DRIVER : ERS.NONE, vfio: false };
  const { vfioPci } = driverModel(name);
  return { vote: vfioPci ? ERS.CAN_RECOVER : null, vfio: vfioPci };
}

/** `pci_bridge_secondary_bus_reset`, while the thread recovers from an error. */
export function learnBusReset(engine: Engine, e: EventCursor): void {
  if (e.name !== 'pci_bridge_secondary_bus_reset' || e.phase !== 'end') return;
  const open = engine.vfio.recoveries.get(e.tid);
  if (open !== undefined) open.reset = e.hasRet ? e.ret === 0 : null;
}

/** `eventfd_signal`, while a function is informed of an error: its user is informed. */
export function eventfd(engine: Engine, e: EventCursor): Verdict {
  const address = engine.vfio.recoveries.get(e.tid)?.informing ?? null;
  if (address === null) return STIMULUS;
  const fn = functionAt(engine.vfio, address);
  const path = `${address}/irqs`;
  if (fn.open === 'closed' && fn.confirmed) return diverge(path, 'nobody has it open', 'a signal');
  const open = openDeviceOf(fn);
  if (open === null) return UNKNOWN;
  return open.signals.err === false ? diverge(path, 'no eventfd of errors', 'a signal') : DEFAULT;
}
