/** The rule of each kind of event. */
import type { Kind } from '../../../traces/index.js';
import type { Rule } from '../engine/engine.js';
import { match } from './attempt-rules.js';
import { bind } from './bind.js';
import { addDevice, joinGroup, leaveGroup, lost, removeDevice, snapshot } from './device-rules.js';
import {
  created,
  learnGroup,
  learning,
  learnProbe,
  learnUnbind,
  parent,
  removed,
} from './mdev-rules.js';
import { override } from './override.js';
import { probe } from './probe-rules.js';
import { registered, unregistered } from './registrations.js';
import { unbind } from './release-rules.js';
import { runtimePm } from './runtime-rules.js';
import { addVf, disable, enable, removeVf } from './sriov-rules.js';
import { sysfsWrite } from './store-rules.js';
import { learnAttach, learnFunction } from './vfio-device.js';
import { VFIO_RULES } from './vfio-rules.js';

export { endLoading } from './registrations.js';
export { STRACE_RULES } from './vfio-rules.js';
export { mayAnswerItself } from './vfio-variant.js';

export const RULES: Readonly<Partial<Record<Kind, Rule>>> = {
  ...VFIO_RULES,
  snapshot: (engine, e) => {
    learnFunction(engine, e);
    return snapshot(engine, e);
  },
  lost,
  'driver.register': registered,
  'driver.unregister': unregistered,
  'sysfs.write': sysfsWrite,
  override,
  match,
  probe: learning(learnProbe, probe),
  bind: learning(learnProbe, bind),
  unbind: learning(learnUnbind, unbind),
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
    learnAttach(engine, e);
    learnGroup(engine, e);
    return joinGroup(engine, e);
  },
  'iommu.detach': leaveGroup,
  'power.runtime': runtimePm,
};
