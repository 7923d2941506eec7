/**
 * Goal: binding rules that the recordings of real kernels at hand do not show: several native
 * drivers, deferral, dynamic ids, refused numbers of VFs, two binders.
 * Method: traces written by hand after the kernel's source (drivers/base/dd.c, drivers/base/bus.c,
 * drivers/pci/pci-driver.c, drivers/pci/pci-sysfs.c 6.1), right ones and ones with a wrong end.
 */
import { describe, expect, test } from 'vitest';
import { KernelStory } from '../../../tests/kernel-story.js';

const GPU = '0000:41:00.0';
const OTHER = '0000:42:00.0';

/** Two GPUs, and proof that overrides are recorded and that none is set. */
const gpus = () =>
  new KernelStory()
    .device(GPU)
    .device(OTHER)
    .store('driver_override', '\n', 1, { device: GPU })
    .store('driver_override', '\n', 1, { device: OTHER });

const OVERRIDE = {
  kind: 'sysfs.write',
  path: 'sysfs',
  name: 'driver_override',
  device: GPU,
} as const;

describe('several drivers that claim a device', () => {
  test('several drivers that claim a device are tried in the order of before', () => {
    const kernel = gpus();
    kernel.probeAll(['nova_core', 'nouveau'], GPU);
    kernel.probeAll(['nova_core', 'nouveau'], OTHER);
    expect(kernel.divergences).toEqual([]);
  });

  describe('while they have devices, and so cannot have left the bus', () => {
    const held = () =>
      gpus()
        .device('0000:03:00.0', { driver: 'nova_core' })
        .device('0000:04:00.0', { driver: 'nouveau' });

    test('several drivers that have devices are not tried in another order', () => {
      const kernel = held();
      kernel.probeAll(['nova_core', 'nouveau'], GPU);
      kernel.probeAll(['nouveau', 'nova_core'], OTHER);
      expect(kernel.divergences[0]).toBe('__driver_probe_device: nova_core | nouveau');
    });

    test('several drivers that have devices are all tried when each one fails', () => {
      const kernel = held();
      kernel.probeAll(['nova_core', 'nouveau'], GPU);
      kernel.probeAll(['nova_core'], OTHER);
      expect(kernel.divergences).toEqual(['drivers_probe: nouveau is tried | no attempt']);
    });
  });

  describe('that have no device, and may have been unloaded and loaded again', () => {
    test('several drivers without devices are tried in any order, and from then on in that', () => {
      const kernel = gpus();
      kernel.probeAll(['nova_core', 'nouveau'], GPU);
      kernel.probeAll(['nouveau', 'nova_core'], OTHER);
      const { unknown } = kernel.replay();
      kernel.probeAll(['nouveau', 'nova_core'], GPU);
      expect(kernel.replay()).toMatchObject({ diverged: 0, unknown });
    });

    test('several drivers without devices need not be tried any more', () => {
      const kernel = gpus();
      kernel.probeAll(['nova_core', 'nouveau'], GPU);
      kernel.probeAll(['nova_core'], OTHER);
      expect(kernel.divergences).toEqual([]);
    });

    test('drivers keep their places where events show who registers and leaves', () => {
      const kernel = gpus();
      kernel.unregister('nvme');
      kernel.probeAll(['nova_core', 'nouveau'], GPU);
      kernel.probeAll(['nouveau', 'nova_core'], OTHER);
      expect(kernel.divergences[0]).toBe('__driver_probe_device: nova_core | nouveau');
    });

    test('a driver that left the bus and came back is tried last', () => {
      const kernel = gpus();
      kernel.register('nova_core');
      kernel.register('nouveau');
      kernel.probeAll(['nova_core', 'nouveau'], GPU);
      kernel.unregister('nova_core');
      kernel.register('nova_core');
      kernel.probeAll(['nouveau', 'nova_core'], OTHER);
      expect(kernel.divergences).toEqual([]);
    });
  });

  test('a driver that nobody knew may come after them', () => {
    const kernel = gpus();
    kernel.probeAll(['nova_core', 'nouveau'], GPU);
    kernel.probeAll(['nova_core', 'nouveau', 'loaded_since'], OTHER);
    expect(kernel.divergences).toEqual([]);
  });

  test('an override leaves one of them', () => {
    const kernel = new KernelStory().device(GPU);
    kernel.store('driver_override', 'nouveau\n', 8, { device: GPU });
    kernel.probeAll(['nouveau'], GPU);
    expect(kernel.divergences).toEqual([]);
    kernel.probeAll(['nova_core'], GPU);
    expect(kernel.divergences[0]).toBe('__driver_probe_device: nouveau | nova_core');
  });

  test.each([[['nouveau']], [[]]])('an override that is an empty name may admit %j', (tried) => {
    const kernel = new KernelStory().device(GPU);
    // One byte, the end of a string: a recorded text ends there.
    const write = kernel.begin({ ...OVERRIDE, tid: 1, text: '', length: 1n });
    kernel.end(write, 1).probeAll(tried, GPU);
    expect(kernel.divergences).toEqual([]);
  });

  test('an override of a page has no begin, as its record does not fit into the ring buffer', () => {
    const set = { kind: 'override', name: 'driver_set_override', path: 'kernel', tid: 1 } as const;
    const refused = new KernelStory().device(GPU);
    refused.store('driver_override', 'x', 1, { device: GPU }, () =>
      refused.call({ ...set, text: 'x', device: GPU }),
    );
    refused.point({ ...set, phase: 'end', ret: -22n });
    refused.point({ ...OVERRIDE, tid: 1, phase: 'end', ret: -22n });
    expect(refused.divergences).toEqual([]);
    const accepted = new KernelStory()
      .device(GPU)
      .store('driver_override', 'x', 1, { device: GPU });
    accepted.point({ ...OVERRIDE, tid: 1, phase: 'end', ret: 9n });
    expect(accepted.divergences).toHaveLength(1);
  });
});

describe('a bind by hand', () => {
  test('a `bind` whose probe is deferred returns -EAGAIN', () => {
    const deferred = new KernelStory().device(GPU).bind('nouveau', GPU, -11, -11, -517);
    expect(deferred.divergences).toEqual([]);
    const wrong = new KernelStory().device(GPU).bind('nouveau', GPU, -517, -517, -517);
    expect(wrong.divergences[0]).toBe('device_driver_attach: -EAGAIN | -EPROBE_DEFER');
  });

  test('a name with a blank is the name of no device', () => {
    const kernel = new KernelStory().device(GPU).bind('nouveau', GPU, GPU.length, 0, 0);
    kernel.store('drivers_probe', `${GPU} `, -19, { device: GPU });
    expect(kernel.divergences).toEqual([]);
  });

  test('a `bind` of a bound device returns -EBUSY', () => {
    const kernel = new KernelStory().device(GPU).bind('nova_core', GPU, GPU.length, 0, 0);
    const second = (ret: number) =>
      kernel.store('bind', GPU, ret, { device: GPU, driver: 'nouveau', tid: 2 }, () => {
        const row = { device: GPU, driver: 'nouveau', tid: 2 };
        const at = kernel.begin({ kind: 'bind', name: 'device_driver_attach', ...row });
        const match = kernel.begin({ kind: 'match', name: '__driver_probe_device', ...row });
        kernel.end(match, ret).end(at, ret);
      });
    second(-16);
    expect(kernel.divergences).toEqual([]);
    expect(kernel.replay().finalState.devices[GPU].driver).toBe('nova_core');
    second(-22);
    expect(kernel.divergences[0]).toBe('__driver_probe_device: -EBUSY | -EINVAL');
  });

  test('a `bind` of a driver that an override excludes returns -ENODEV', () => {
    const excluded = (ret: number) =>
      new KernelStory()
        .device(GPU)
        .bind('nouveau', GPU, -12, -12, -12)
        .store('driver_override', 'vfio-pci\n', 9, { device: GPU })
        .store('bind', GPU, ret, { device: GPU, driver: 'nouveau' }).divergences;
    expect(excluded(-19)).toEqual([]);
    expect(excluded(-16)).toEqual(['bind: -ENODEV | -EBUSY']);
  });
});

describe('a bind that waits for the lock of a function that goes', () => {
  const STOP = 'pci_stop_and_remove_bus_device';
  const OLD = { device: GPU, driver: 'nouveau', tid: 1 };
  /** A removal by thread 2 comes between the write and the attempt. */
  const waiting = (ret: number, reborn: boolean) => {
    const kernel = gpus();
    kernel.probeAll(['nouveau'], OTHER);
    return kernel.store('bind', GPU, ret, OLD, () => {
      const at = kernel.begin({ kind: 'bind', name: 'device_driver_attach', ...OLD });
      kernel.point({ kind: 'device.remove', name: STOP, device: GPU, tid: 2 });
      kernel.point({ kind: 'iommu.detach', name: 'remove_device_from_group', device: GPU, tid: 2 });
      if (reborn) {
        const data = new Uint8Array(Uint32Array.of(0x10de, 0x2684, 0x030000).buffer);
        const born = { kind: 'device.add', device: GPU, tid: 2 } as const;
        kernel.point({ ...born, name: 'pci_device_add', data });
        kernel.point({ ...born, name: 'pci_bus_add_device' });
      }
      const match = kernel.begin({ kind: 'match', name: '__driver_probe_device', ...OLD });
      kernel.end(match, ret).end(at, ret);
    });
  };

  test('a `bind` that waits for a function that goes finds it dead', () => {
    expect(waiting(-19, false).divergences).toEqual([]);
    expect(waiting(-16, false).divergences).toContain('__driver_probe_device: -ENODEV | -EBUSY');
  });

  test('a `bind` that waits for a function that goes finds it dead though another came at its address', () => {
    expect(waiting(-19, true).divergences).toEqual([]);
    expect(waiting(-16, true).divergences).toContain('__driver_probe_device: -ENODEV | -EBUSY');
  });
});

test('a recording that shows VFs alone as they come does not show that a function is still away', () => {
  const bound = (shown: (kernel: KernelStory) => void) => {
    const kernel = new KernelStory().device(GPU).device(OTHER);
    kernel.store('driver_override', 'vfio-pci\n', 9, { device: OTHER });
    shown(kernel);
    kernel.point({ kind: 'iommu.detach', name: 'remove_device_from_group', device: GPU, tid: 2 });
    return kernel.store('bind', GPU, GPU.length, { device: GPU, driver: 'vfio-pci' }).divergences;
  };
  const row = { device: OTHER, tid: 3 } as const;
  expect(
    bound((kernel) =>
      kernel.call({ kind: 'vf.add', name: 'pci_iov_add_virtfn', ...row, value: 0n }),
    ),
  ).toEqual([]);
  expect(
    bound((kernel) => kernel.point({ kind: 'device.add', name: 'pci_bus_add_device', ...row })),
  ).toEqual([`bind: -ENODEV | ${GPU.length}`]);
});

describe('two threads at once', () => {
  const store = (kernel: KernelStory, tid: number, text: string) =>
    kernel.begin({ ...OVERRIDE, tid, text, length: BigInt(text.length) });

  test('either of two overlapping writes of an override may be the last', () => {
    for (const driver of ['nouveau', 'nova_core']) {
      const kernel = gpus();
      const first = store(kernel, 1, 'nouveau\n');
      const second = store(kernel, 2, 'nova_core\n');
      kernel.end(first, 8).end(second, 10);
      kernel.bind(driver, GPU, GPU.length, 0, 0);
      expect(kernel.divergences, driver).toEqual([]);
    }
  });

  test('a third driver cannot be the one that was written', () => {
    const kernel = gpus();
    const first = store(kernel, 1, 'nouveau\n');
    const second = store(kernel, 2, 'nova_core\n');
    kernel.end(first, 8).end(second, 10).bind('nvidia', GPU, GPU.length, 0, 0);
    expect(kernel.divergences).toHaveLength(1);
  });

  test('a release that returns late does not release the next driver', () => {
    const kernel = gpus().bind('nouveau', GPU, GPU.length, 0, 0);
    const row = { kind: 'unbind', device: GPU, driver: 'nouveau', tid: 2 } as const;
    const release = kernel.begin({ ...row, name: 'device_release_driver_internal' });
    kernel.point({ ...row, name: 'pci_device_remove' });
    kernel.point({ ...row, name: 'device_unbind_cleanup' });
    kernel.bind('nvidia', GPU, GPU.length, 0, 0);
    kernel.end(release, 0);
    const next = { ...row, driver: 'nvidia' };
    const again = kernel.begin({ ...next, name: 'device_release_driver_internal' });
    kernel.point({ ...next, name: 'pci_device_remove' });
    kernel.point({ ...next, name: 'device_unbind_cleanup' }).end(again, 0);
    expect(kernel.divergences).toEqual([]);
    expect(kernel.replay().finalState.devices[GPU].driver).toBe(null);
  });
});

describe('new_id', () => {
  const id = '10de 2684\n';
  const addTwice = (second: number) =>
    new KernelStory()
      .device(GPU, { driver: 'nouveau' })
      .store('new_id', id, id.length, { driver: 'vfio-pci' })
      .store('new_id', id, second, { driver: 'vfio-pci' });

  test('a `new_id` of an id that the driver has returns -EEXIST', () => {
    expect(addTwice(-17).divergences).toEqual([]);
    expect(addTwice(id.length).divergences).toEqual(['new_id: -EEXIST | 10']);
  });

  test('a `new_id` makes an override-only driver match, before or after the others', () => {
    const kernel = addTwice(-17).device(OTHER);
    kernel.store('driver_override', '\n', 1, { device: OTHER });
    kernel.store('drivers_probe', OTHER, OTHER.length, { device: OTHER }, () => {
      kernel.attempt('vfio-pci', OTHER, 0, 0);
    });
    expect(kernel.divergences).toEqual([]);
    expect(kernel.replay().kinds.match).toMatchObject({ matched: 1, unknown: 1 });
  });

  test('a `new_id` that was taken away leaves nothing learned behind', () => {
    const kernel = gpus().store('new_id', '10de 2684\n', 10, { driver: 'nvidia' });
    kernel.store('drivers_probe', GPU, GPU.length, { device: GPU }, () => {
      kernel.attempt('nvidia', GPU, -19, 19).attempt('nouveau', GPU, -19, 19);
    });
    kernel.store('remove_id', '10de 2684\n', 10, { driver: 'nvidia' });
    kernel.probeAll(['nouveau'], GPU);
    expect(kernel.divergences).toEqual([]);
  });

  test('a `new_id` from before the recording may be why another driver comes first', () => {
    const kernel = new KernelStory().device(GPU).store('driver_override', '\n', 1, { device: GPU });
    kernel.probeAll(['nouveau'], GPU);
    kernel.store('drivers_probe', GPU, GPU.length, { device: GPU }, () => {
      kernel.attempt('unheard', GPU, -19, 19).attempt('nouveau', GPU, -19, 19);
    });
    expect(kernel.divergences).toEqual([]);
  });

  test('a `new_id` lets a device match before another write takes the id away', () => {
    const kernel = gpus();
    const more = { driver: 'nvidia', tid: 1 };
    kernel.store('new_id', '10de 2684\n', 10, more, () => {
      kernel.store('remove_id', '10de 2684\n', 10, { driver: 'nvidia', tid: 2 });
      kernel.store('driver_override', 'nova\n', 5, { device: GPU, tid: 2 });
      kernel.attempt('nvidia', GPU, -19, 19);
    });
    expect(kernel.divergences).toEqual([]);
  });

  test('a `new_id` that has not returned may not have added its id when another task binds', () => {
    const bindMeanwhile = (ret: number) => {
      const kernel = new KernelStory().device(GPU, { driver: 'nvme' });
      return kernel.store('new_id', '10de 2684\n', 10, { driver: 'vfio-pci', tid: 1 }, () => {
        kernel.store('bind', GPU, ret, { device: GPU, driver: 'vfio-pci', tid: 2 });
      }).divergences;
    };
    expect(bindMeanwhile(-19)).toEqual([]);
    expect(bindMeanwhile(-16)).toEqual([]);
  });

  test('a `new_id` needs two numbers', () => {
    const kernel = new KernelStory().store('new_id', '10de\n', -22, { driver: 'vfio-pci' });
    expect(kernel.divergences).toEqual([]);
    kernel.store('new_id', '10de\n', 5, { driver: 'vfio-pci' });
    expect(kernel.divergences).toEqual(['new_id: -EINVAL | 5']);
  });
});

describe('sriov_numvfs', () => {
  const facts = { driver: 'nvme', class: '0x010802', sriov_totalvfs: '4', sriov_numvfs: '0' };
  const write = (text: string, ret: number, more: Readonly<Record<string, unknown>> = {}) =>
    new KernelStory()
      .device(GPU, { ...facts, ...more })
      // A write that changes nothing shows that the snapshot is right.
      .store('sriov_numvfs', '0\n', 2, { device: GPU })
      .store('sriov_numvfs', text, ret, { device: GPU }).divergences;

  test('`sriov_numvfs` refuses what is no number, too large, or more than the function has', () => {
    expect(write('four\n', -22)).toEqual([]);
    expect(write('5\n', -34)).toEqual([]);
    expect(write('5\n', 2)).toEqual(['sriov_numvfs: -ERANGE | 2']);
    expect(write('four\n', -34)).toEqual(['sriov_numvfs: -EINVAL | -ERANGE']);
    // Since 5.16 a number of more than 16 bits is like none (drivers/pci/iov.c).
    expect(write('65536', -22)).toEqual([]);
    expect(write('65536', -34)).toEqual(['sriov_numvfs: -EINVAL | -ERANGE']);
  });

  test('`sriov_numvfs` needs a driver that has sriov_configure', () => {
    const none = { driver: undefined };
    expect(write('2\n', -2, none)).toEqual([]);
    // That it has none, only the snapshot told: it may have got one since.
    expect(write('2\n', -16, none)).toEqual([]);
    const refused = new KernelStory().device(GPU, { ...facts, ...none });
    refused.store('sriov_numvfs', '0\n', 2, { device: GPU });
    refused.store('drivers_probe', GPU, GPU.length, { device: GPU }, () => {
      refused.attempt('nouveau', GPU, -19, 19);
    });
    refused.store('sriov_numvfs', '2\n', -16, { device: GPU });
    expect(refused.divergences).toEqual(['sriov_numvfs: -ENOENT | -EBUSY']);
  });

  test('a driver that is removed may take its VFs with it', () => {
    const enabled = (between: (kernel: KernelStory) => void) => {
      const kernel = new KernelStory().device(GPU, facts);
      kernel.store('sriov_numvfs', '0\n', 2, { device: GPU });
      for (let i = 0; i < 2; i++) {
        kernel.store('sriov_numvfs', '2\n', 2, { device: GPU }, () => {
          const row = { kind: 'sriov.enable', name: 'sriov_enable', device: GPU, tid: 1 } as const;
          kernel.end(kernel.begin({ ...row, value: 2n }), 0);
        });
        if (i === 0) between(kernel);
      }
      return kernel.divergences;
    };
    const gone = { kind: 'sriov.disable', name: 'pci_disable_sriov', device: GPU, tid: 2 } as const;
    expect(enabled((kernel) => kernel.point(gone))).toEqual([]);
    expect(enabled(() => {})).toHaveLength(1);
  });
});
