/** The mediated devices of this machine, and the types that allow more of them, from sysfs. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { optional } from './optional.js';

const DEVICES = '/sys/bus/mdev/devices';
const PARENTS = '/sys/class/mdev_bus';

/** A mediated device: its UUID, its type, and its driver. */
export interface MediatedDevice {
  readonly mdev: string;
  readonly parent: string;
  readonly type: string | null;
  readonly driver: string | null;
  readonly iommu_group: string | null;
}

/** A type that a device offers, with its attributes as sysfs prints them. */
export interface MediatedType {
  readonly mdev_parent: string;
  readonly type: string;
  readonly attributes: Readonly<Record<string, string>>;
}

const link = (file: string) => optional(() => readlinkSync(file), null);
const linkName = (file: string) => {
  const found = link(file);
  return found === null ? null : basename(found);
};
const namesIn = (folder: string): string[] => optional(() => readdirSync(folder), []).sort();

/** @param devices folder with a link for each device; another than the system's for tests */
export const mediatedDevices = (devices = DEVICES): MediatedDevice[] =>
  namesIn(devices).map((mdev) => {
    const folder = join(devices, mdev);
    return {
      mdev,
      parent: basename(dirname(link(folder) ?? mdev)),
      type: linkName(join(folder, 'mdev_type')),
      driver: linkName(join(folder, 'driver')),
      iommu_group: linkName(join(folder, 'iommu_group')),
    };
  });

const ATTRIBUTES = ['name', 'available_instances', 'device_api', 'description'];

/** @param parents folder with a link for each parent; another than the system's for tests */
export const mediatedTypes = (parents = PARENTS): MediatedType[] =>
  namesIn(parents).flatMap((parent) => {
    const folder = join(parents, parent, 'mdev_supported_types');
    return namesIn(folder).map((type) => ({
      mdev_parent: parent,
      type,
      attributes: Object.fromEntries(
        ATTRIBUTES.flatMap((name) => {
          const read = () => readFileSync(join(folder, type, name), 'utf8').trimEnd();
          const text = optional(read, undefined);
          return text === undefined ? [] : [[name, text]];
        }),
      ),
    }));
  });
