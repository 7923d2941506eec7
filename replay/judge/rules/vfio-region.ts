/**
 * Reads and writes of a device's regions (vfio_pci_rw, kernel drivers/vfio/pci/vfio_pci_core.c
 * 6.1).
 */

import { ERRNO } from '../../../traces/index.js';
import { anyOf, because, type Results } from '../../model/reason.js';
import { innerCall, popCall, pushCall, type RegionCall } from '../../model/vfio/vfio-calls.js';
import type { OpenDevice } from '../../model/vfio-pci-core/open-device.js';
import { ROM } from '../../model/vfio-pci-core/pci-function.js';
import {
  barAccess,
  barServes,
  hasVga,
  REGION,
  REGIONS,
  serveDeviceRegion,
} from '../../model/vfio-pci-core/regions.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import {
  COMPUTED,
  DEFAULT,
  handedOn,
  PASSED,
  placing,
  STIMULUS,
  UNKNOWN,
  type Verdict,
} from '../engine/verdict.js';
import { copiesOf, wrongByteOf } from './own-regions.js';
import { beginConfig, endConfig, sameAccess } from './vfio-config.js';
import { endPendingHardwareAccess, openOf } from './vfio-effects.js';
import { judge } from './vfio-results.js';
import { endUnseenCalls } from './vfio-unended.js';
import { doorAccess, endInDoor, isInDoor, isOfVariant } from './vfio-variant.js';

/** `vfio_pci_rw`, which serves every region, and `vfio_pci_bar_rw`, which it calls for BARs. */
export function regionAccess(engine: Engine, e: EventCursor): Verdict {
  const { device, path } = e;
  const inner = path === 'hardware';
  if (device === null || !(inner || path === 'vfio')) return STIMULUS;
  if (isOfVariant(e)) return doorAccess(engine, e);
  if (e.phase === 'begin') return inner ? beginBar(engine, e, device) : beginAny(engine, e, device);
  if (e.phase === 'point') return result(engine, device, e);
  const { calls } = engine.vfio;
  endPendingHardwareAccess(engine, e.tid);
  const call = popCall(calls, e.tid, e.span, 'region');
  if (call === null) return UNKNOWN;
  if (!inner) {
    endInDoor(engine, e);
    return endAny(engine, call, e);
  }
  const outer = innerCall(calls, e.tid, 'region');
  if (outer !== null) outer.inner = e.ret;
  return result(engine, device, e);
}

function beginAny(engine: Engine, e: EventCursor, device: string): Verdict {
  if (!isInDoor(engine, e)) endUnseenCalls(engine, e);
  const isConfig = e.region === REGION.CONFIG;
  if (isConfig && !engine.records('vfio_pci_config_rw')) beginConfig(engine, e, device);
  else open(engine, e, device);
  return STIMULUS;
}

function beginBar(engine: Engine, e: EventCursor, device: string): Verdict {
  const outer = innerCall(engine.vfio.calls, e.tid, 'region');
  open(engine, e, device);
  return outer === null ? STIMULUS : sameAccess(outer, e);
}

function open(engine: Engine, e: EventCursor, device: string): void {
  const { seq, region, offset, length: count } = e;
  const write = e.isWrite;
  const copies = copiesOf(engine, e, device);
  pushCall(engine.vfio.calls, e.tid, {
    type: 'region',
    seq,
    device,
    write,
    region,
    offset,
    count,
    config: null,
    ...(copies === undefined ? {} : { copies }),
    inner: null,
  });
}

function endAny(engine: Engine, call: RegionCall, e: EventCursor): Verdict {
  if (call.config !== null) return endConfig(engine, call, e.ret);
  if (call.inner !== null) {
    return call.inner === e.ret ? PASSED : handedOn(`${call.device}/region`, call.inner, e.ret);
  }
  if (call.region === REGION.CONFIG) return UNKNOWN;
  return result(engine, call.device, e);
}

const NO_ANSWER = because(ERRNO.ENOMEM, 'the ROM does not answer');

/** What an access of a region other than the configuration space returns. */
function result(engine: Engine, address: string, e: EventCursor): Verdict {
  const device = openOf(engine, address);
  if (device === null) return UNKNOWN;
  const { region, length, ret } = e;
  if (region >= ROM) return otherResult(engine, device, address, e);
  const expected = barAccess(device, region, e.offset, length);
  // Nearly every access is what it was expected to be: no path is made for it.
  if (expected === ret && ret >= 0) return ret === length ? DEFAULT : COMPUTED;
  const refused = barServes(device, region, e.offset, length);
  const all = typeof refused === 'number' ? [expected] : refused;
  return placing(judge(`${address}/region`, all, ret, length), { device: address });
}

/** The result for a region that is not a BAR. */
function otherResult(engine: Engine, device: OpenDevice, address: string, e: EventCursor): Verdict {
  const expected = expectedOfOther(device, e);
  const verdict = judge(`${address}/region`, expected, e.ret, e.length);
  const wrong = verdict.type === 'match' && !e.isWrite ? wrongByteOf(engine, e, address) : null;
  return placing(wrong ?? verdict, { device: address });
}

function expectedOfOther(device: OpenDevice, e: EventCursor): Results | null {
  const { region } = e;
  const missing = because(ERRNO.EINVAL, `the device has no region ${region}`);
  if (region >= REGIONS) {
    const write = e.kind === 'region.write';
    return serveDeviceRegion(device, region, { offset: e.offset, count: e.length, write });
  }
  if (region === REGION.VGA) return hasVga(device) ? null : missing;
  if (region === ROM) {
    if (e.kind === 'region.write') return because(ERRNO.EINVAL, 'a ROM cannot be written');
  }
  const served = barServes(device, region, e.offset, e.length);
  const all = typeof served === 'number' ? [served] : served;
  // A ROM that does not answer cannot be mapped.
  return region === ROM ? anyOf(all, NO_ANSWER) : all;
}
