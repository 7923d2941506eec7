/** How the state of VFIO names a group that a process has open. */
import type { ContainerKey } from '../../model/vfio/file-descriptors.js';
import type { Group } from '../../model/vfio/vfio-state.js';

/** @param number of the IOMMU group; null when it is not recorded */
export const groupKey = (number: number | null, process: number): string =>
  number === null ? `process ${process}` : `${number} of process ${process}`;

/** The number of the IOMMU group; NaN when it is not recorded. */
export const groupNumber = (key: string): number => Number.parseInt(key, 10);

export const isGroupOfProcess = (key: string, process: number): boolean =>
  key.endsWith(groupKey(null, process));

/** The container that a group was put into last; that of its process when it is not known. */
export const containerOfGroup = (key: string, { container }: Group): ContainerKey =>
  container ?? (Number(/\d+$/.exec(key)?.[0]) as ContainerKey);
