/**
 * Runtime power management (kernel drivers/base/power/runtime.c 6.12). The result of `rpm_resume`
 * shows whether the device was active, and that of `rpm_suspend` whether it was suspended. Both are
 * judged for functions of a driver of vfio-pci-core: others may change the status without a
 * tracepoint. After a sleep of the whole system a function is active without one, too.
 */
import { driverModel } from '../../model/drivers/index.js';
import { only } from '../../model/possible.js';
import { newRuntimePm, type RuntimeCall, type RuntimePm } from '../../model/vfio/vfio-state.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import { COMPUTED, diverge, PASSED, STIMULUS, type Verdict } from '../engine/verdict.js';
import { maySleep, resumed } from './low-power-rules.js';
import { openOf } from './vfio-effects.js';

export function runtimePm(engine: Engine, e: EventCursor): Verdict {
  if (e.device === null) return STIMULUS;
  const state = stateOf(engine, e.device);
  if (e.name === 'rpm_suspend' || e.name === 'rpm_resume') begin(state, e, e.name);
  if (e.name !== 'rpm_return_int' || !e.hasValue) return STIMULUS;
  const call = endOf(state, e);
  return call === null ? STIMULUS : judge(engine, state, e, call);
}

function stateOf(engine: Engine, address: string): RuntimePm {
  const { runtimePm: all } = engine.vfio;
  const found = all.get(address) ?? newRuntimePm();
  all.set(address, found);
  return found;
}

function begin(state: RuntimePm, { tid }: EventCursor, name: RuntimeCall['name']): void {
  const others = state.calls.filter((call) => call.tid !== tid);
  for (const call of others) call.overlapped = true;
  state.calls.push({ tid, name, overlapped: others.length > 0 });
}

/** `rpm_return_int` begins with the place in the function that returns. */
const RETURNS_FROM = /^(rpm_\w+)/;

/** The call that returns; null if it is of another function, or its begin was not recorded. */
function endOf(state: RuntimePm, { tid, text }: EventCursor): RuntimeCall | null {
  const name = RETURNS_FROM.exec(text ?? '')?.[1];
  if (name === undefined) state.unnamed = true;
  const at = state.calls.findLastIndex((call) => call.tid === tid);
  if (at < 0 || state.calls[at].name !== name) return null;
  return state.calls.splice(at, 1)[0];
}

function judge(engine: Engine, state: RuntimePm, e: EventCursor, call: RuntimeCall): Verdict {
  const address = e.device ?? '';
  const driver = only(engine.deviceOf(e)?.driver ?? 'unknown') ?? 'unknown';
  const isSure = driver !== 'unknown' && state.driver === driver && !call.overlapped;
  const isVfio = isSure && driver !== null && driverModel(driver).vfioPci;
  const before = isVfio ? state.status : 'unknown';
  const verdict = verdictOf(engine, e, call, before, isVfio);
  const after = statusAfter(call, e.value);
  state.status = call.overlapped ? 'unknown' : after;
  state.driver = driver;
  if (call.name === 'rpm_suspend' && e.value === 0) state.suspended = e.seq;
  if (call.name === 'rpm_resume' && e.value === 0) resumed(engine, address);
  return verdict;
}

function statusAfter({ name }: RuntimeCall, ret: number): RuntimePm['status'] {
  if (ret !== 0 && ret !== 1) return 'unknown';
  return name === 'rpm_resume' ? 'active' : 'suspended';
}

function verdictOf(
  engine: Engine,
  e: EventCursor,
  { name }: RuntimeCall,
  before: RuntimePm['status'],
  isVfio: boolean,
): Verdict {
  const address = e.device ?? '';
  const where = `${address}/power/runtime_status`;
  const device = openOf(engine, address);
  const suspends = name === 'rpm_suspend' && e.value === 0;
  if (suspends && isVfio && device !== null && !maySleep(engine, device, address)) {
    return diverge(where, 'active: its user has it open', 'suspended');
  }
  if (before === 'unknown' || (e.value !== 0 && e.value !== 1)) return STIMULUS;
  const wasActive = (name === 'rpm_resume') === (e.value === 1);
  if (wasActive === (before === 'active')) return name === 'rpm_resume' ? COMPUTED : PASSED;
  return before === 'active' ? diverge(where, 'active', 'suspended before') : STIMULUS;
}
