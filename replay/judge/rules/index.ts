/** Which rule takes which kind of event. */
import type { Kind } from '../../../traces/index.js';
import type { Rule } from '../engine/engine.js';
import { bind } from './bind.js';
import { addDevice, joinGroup, leaveGroup, lost, removeDevice, snapshot } from './devices.js';
import { match } from './match.js';
import { created, noteGroup, noteProbe, noteUnbind, noting, parent, removed } from './mdev.js';
import { override } from './override.js';
import { probe } from './probe.js';
import { registered, unregistered } from './registrations.js';
import { unbind } from './release.js';
import { addVf, disable, enable, removeVf } from './sriov.js';
import { sysfsWrite } from './stores.js';
import { VFIO_RULES } from './vfio.js';
import { noteAttach, noteFunction } from './vfio-device.js';

export { STRACE_RULES } from './vfio.js';

export const RULES: Readonly<Partial<Record<Kind, Rule>>> = {
  ...VFIO_RULES,
  snapshot: (engine, e) => {
    noteFunction(engine, e);
    return snapshot(engine, e);
  },
  lost,
  'driver.register': registered,
  'driver.unregister': unregistered,
  'sysfs.write': sysfsWrite,
  override,
  match,
  probe: noting(noteProbe, probe),
  bind: noting(noteProbe, bind),
  unbind: noting(noteUnbind, unbind),
  'mdev.create': created,
  'mdev.remove': removed,
  'mdev.parent': parent,
  'device.add': addDevice,
  'device.remove': removeDevice,
  'sriov.enable': enable,
  'sriov.disable': disable,
  'vf.add': addVf,
  'vf.remove': removeVf,
  'iommu.attach': (engine, e) => {
    noteAttach(engine, e);
    noteGroup(engine, e);
    return joinGroup(engine, e);
  },
  'iommu.detach': leaveGroup,
};
