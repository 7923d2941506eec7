/** The attribute `nvidia/current_vgpu_type` of a VF, which no probe of the catalogue sees. */
import { ERRNO } from '../../../../traces/index.js';
import { chooseType, VGPU_PROPERTY, writtenType } from '../../../model/drivers/index.js';
import type { Kernel } from '../../kernel.js';
import { DEVICE } from '../../layout.js';
import { procedure } from '../../steps.js';
import { VDEV } from '../../vfio-cells.js';
import { enterDeviceFile } from '../files.js';

const VGPU_DRIVER = 'nvidia-vgpu-vfio';

/** Takes the number that was written. @returns 0 or a negative errno */
function choose(k: Kernel, text: string): number {
  const place = k.placeOf(k.dev);
  const pf = k.findDevice(place.physfn);
  const type = writtenType(text);
  if (type === null) return -ERRNO.EINVAL;
  const vdev = k.vdev(k.dev);
  const manager = k.vdev(pf);
  const state = {
    own: k.get(vdev + VDEV.vgpuType),
    current: k.get(manager + VDEV.vgpuType),
    instances: k.get(manager + VDEV.vgpuInstances),
  };
  const most = place.hardware.properties?.[VGPU_PROPERTY.instances(type)] ?? null;
  const after = chooseType(state, type, k.get(vdev + VDEV.opens) > 0, most);
  if (typeof after === 'number') return after;
  k.set(vdev + VDEV.vgpuType, after.own);
  k.set(manager + VDEV.vgpuType, after.current);
  k.set(manager + VDEV.vgpuInstances, after.instances);
  return 0;
}

export const VGPU_TYPE = [
  procedure('current_vgpu_type', {
    enter: (k) => {
      const dev = k.findDevice(k.operation.place);
      // The driver makes the attribute as it binds a VF.
      if (dev !== 0 && k.boundDriverOf(dev) !== VGPU_DRIVER) return k.done(-ERRNO.ENOENT);
      enterDeviceFile(k);
    },
    store: (k) => {
      const { action } = k.operation.spec;
      const ret = choose(k, action.type === 'write' ? action.text : '');
      k.add(k.dev + DEVICE.stores, -1);
      k.put(k.dev);
      return k.done(ret < 0 ? ret : k.operation.count);
    },
  }),
];
