/**
 * The machine as it is when a run begins, as the `snapshot` events that open a recording: one per
 * function, then one per driver. `binding/snapshot.ts` reads them.
 */
import { CELL, type EventAppender } from '../../traces/index.js';
import type { Resource } from '../model/vfio-pci-core/pci-function.js';
import { defaultHardware, resourcesOfVfs } from './hardware.js';
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
    row.data(place.config);
    row.text(functionText(place));
    events.append(row);
  }
  for (const { spec, index } of world.drivers) {
    start();
    row.set(CELL.driver, events.id('driver', spec.name));
    const order = spec.loaded ? index : null;
    const ids = spec.table === null ? {} : { ids: spec.table };
    const probeType = spec.isAsync ? { probeType: 'async' } : {};
    const { loaded, parameters } = spec;
    const given = parameters === undefined ? {} : { parameters };
    row.text(JSON.stringify({ order, loaded, ...probeType, ...ids, ...given }));
    events.append(row);
  }
}

const hex = (n: number, width: number): string => n.toString(16).padStart(width, '0');
const id = (n: number | null, width = 4): string => `0x${hex(n ?? 0, width)}`;

/** BARs, the ROM, and the BARs of the VFs that a PF can have. */
function resourcesOf({ sriov, pci, hardware, index }: Place): readonly Resource[] {
  if (sriov === null || hardware.recorded !== undefined) return pci.resources;
  return [...pci.resources, ...resourcesOfVfs(defaultHardware, sriov.totalVfs, index)];
}

/** The attributes of its folder in sysfs, as sysfs prints them. */
function functionText(place: Place): string {
  const { ids, sriov, start: first, group, physfn, hardware } = place;
  const own = {
    driver: first?.driver ?? null,
    driver_override: first?.override ?? '(null)',
    iommu_group: String(group),
    physfn: physfn?.address ?? null,
    exact: true,
    opened: false,
    vendor: id(ids.vendor),
    device: id(ids.device),
    subsystem_vendor: id(ids.subvendor),
    subsystem_device: id(ids.subdevice),
    class: id(ids.class, 6),
    resource: resourcesOf(place).map(({ start, end, flags }) =>
      [start, end, flags].map((word) => id(word, 16)).join(' '),
    ),
    properties: hardware.properties ?? {},
  };
  if (sriov === null) return JSON.stringify(own);
  return JSON.stringify({
    ...own,
    sriov_totalvfs: String(sriov.totalVfs),
    sriov_numvfs: String(sriov.vfs?.length ?? 0),
    sriov_offset: String(sriov.offset),
    sriov_stride: String(sriov.stride),
    sriov_vf_device: hex(sriov.vfDevice, 4),
    sriov_drivers_autoprobe: sriov.autoprobe ? '1' : '0',
  });
}
