/**
 * The machine as it is when a run begins, as the `snapshot` events that open a recording: one per
 * function, then one per driver. `binding/snapshot.ts` reads them.
 */
import { CELL, type EventAppender } from '../../traces/index.js';
import { EXT_CAP } from '../model/config-space.js';
import type { Place } from './place.js';
import type { World } from './world.js';

export function emitSnapshot(world: World, events: EventAppender): void {
  const kind = events.kind('snapshot');
  const row = events.row('model');
  const start = () => {
    row.start(kind, events.phase('point'));
    row.set(CELL.name, events.id('name', 'start'));
  };
  for (const place of world.places) {
    const { start: state } = place;
    if (state === null || !state.present) continue;
    start();
    row.set(CELL.device, events.id('device', place.address));
    if (state.driver !== null) row.set(CELL.driver, events.id('driver', state.driver));
    row.data(configSpace(place));
    row.text(functionText(place));
    events.append(row);
  }
  for (const { spec, index } of world.drivers) {
    start();
    row.set(CELL.driver, events.id('driver', spec.name));
    const order = spec.loaded ? index : null;
    const ids = spec.table === null ? {} : { ids: spec.table };
    const probeType = spec.isAsync ? { probeType: 'async' } : {};
    row.text(JSON.stringify({ order, loaded: spec.loaded, ...probeType, ...ids }));
    events.append(row);
  }
}

const hex = (n: number, width: number): string => n.toString(16).padStart(width, '0');
const id = (n: number | null, width = 4): string => `0x${hex(n ?? 0, width)}`;

/** The attributes of its folder in sysfs, as sysfs prints them. */
function functionText({ ids, sriov, start, group }: Place): string {
  const own = {
    driver: start?.driver ?? null,
    driver_override: start?.override ?? '(null)',
    iommu_group: String(group),
    physfn: null,
    exact: true,
    vendor: id(ids.vendor),
    device: id(ids.device),
    subsystem_vendor: id(ids.subvendor),
    subsystem_device: id(ids.subdevice),
    class: id(ids.class, 6),
  };
  if (sriov === null) return JSON.stringify(own);
  return JSON.stringify({
    ...own,
    sriov_totalvfs: String(sriov.totalVfs),
    sriov_numvfs: '0',
    sriov_offset: String(sriov.offset),
    sriov_stride: String(sriov.stride),
    sriov_vf_device: hex(sriov.vfDevice, 4),
    sriov_drivers_autoprobe: sriov.autoprobe ? '1' : '0',
  });
}

const SPACE = 512;
const FIRST_EXT_CAP = 0x100;
const BRIDGE = 0x0604;

/** As much of its configuration space as binding depends on. */
function configSpace({ ids, sriov }: Place): Buffer {
  const space = Buffer.alloc(SPACE);
  space.writeUInt16LE(ids.vendor, 0x00);
  space.writeUInt16LE(ids.device, 0x02);
  space.writeUIntLE(ids.class, 0x09, 3);
  space.writeUInt8(ids.class >> 8 === BRIDGE ? 1 : 0, 0x0e);
  space.writeUInt16LE(ids.subvendor ?? 0, 0x2c);
  space.writeUInt16LE(ids.subdevice ?? 0, 0x2e);
  if (sriov === null) return space;
  space.writeUInt32LE(EXT_CAP.SRIOV | (1 << 16), FIRST_EXT_CAP);
  space.writeUInt16LE(sriov.totalVfs, FIRST_EXT_CAP + 0x0e);
  space.writeUInt16LE(sriov.offset, FIRST_EXT_CAP + 0x14);
  space.writeUInt16LE(sriov.stride, FIRST_EXT_CAP + 0x16);
  space.writeUInt16LE(sriov.vfDevice, FIRST_EXT_CAP + 0x1a);
  return space;
}
