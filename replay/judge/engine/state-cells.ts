/**
 * Single cells of the state, by the paths that the reasons of verdicts name: of a function, of a
 * group, a container or an iommufd of a process.
 */
import { describe } from '../../model/possible.js';
import { openDeviceOf, type VfioFunction } from '../../model/vfio/vfio-state.js';
import { IRQ, memoryEnabled } from '../../model/vfio-pci-core/open-device.js';
import type { StateSource } from './plain-state.js';

/** A value of a cell in words; undefined when nothing is known of it. */
export type CellValue = string | undefined;

/** Reads a cell; undefined as well for a path that names none. */
export function cellAt(source: StateSource, path: string): CellValue {
  const slash = path.indexOf('/');
  const [owner, cell] = [path.slice(0, slash), path.slice(slash + 1)];
  const space = owner.indexOf(' ');
  if (space < 0) return ofFunction(source, owner, cell);
  const name = owner.slice(space + 1);
  switch (owner.slice(0, space)) {
    case 'group':
      return ofGroup(source, name, cell);
    case 'container':
      return ofContainer(source, name, cell);
    case 'iommufd':
      return ofIommufd(source, name, cell);
    default:
      return undefined;
  }
}

function ofFunction({ machine, vfio }: StateSource, address: string, cell: string): CellValue {
  const fn = vfio.functions.get(address);
  if (cell.startsWith('vfio/')) return fn === undefined ? undefined : ofOpen(fn, cell);
  if (cell === 'bound') return fn === undefined ? undefined : boundTo(fn);
  const device = machine.find(address);
  if (device === undefined) return undefined;
  switch (cell) {
    case 'driver':
      return describe(device.driver);
    case 'override':
      return describe(device.override);
    case 'numVfs':
      return device.sriov === null ? undefined : describe(device.sriov.numVfs);
    case 'autoprobe':
      return device.sriov === null ? undefined : describe(device.sriov.autoprobe);
    case 'group':
      return device.group === null ? undefined : String(device.group);
    default:
      return undefined;
  }
}

const boundTo = ({ bound }: VfioFunction): string =>
  typeof bound === 'string' ? bound : `bound by process ${bound.process}`;

function ofOpen(fn: VfioFunction, cell: string): CellValue {
  const open = openDeviceOf(fn);
  if (open === null) return String(fn.open);
  switch (cell) {
    case 'vfio/memory':
      return memoryEnabled(open) ? 'on' : 'off';
    case 'vfio/power':
      return `D${open.power}`;
    case 'vfio/lowPower':
      return open.lowPower;
    case 'vfio/irqs':
      return open.irqType === IRQ.NONE ? 'none' : `type ${open.irqType}, ${open.vectors} vectors`;
    default:
      return undefined;
  }
}

function ofGroup({ vfio }: StateSource, key: string, cell: string): CellValue {
  const group = vfio.groups.get(key);
  if (group === undefined) return undefined;
  if (cell === 'devices') return [...group.devices].join(', ') || 'none';
  if (cell !== 'attached' || group.attached === null) return undefined;
  return group.attached ? 'in a container' : 'in no container';
}

function ofContainer({ vfio }: StateSource, key: string, cell: string): CellValue {
  for (const [at, container] of vfio.containers) {
    if (String(at) !== key) continue;
    if (cell === 'groups') return container.groups === null ? undefined : String(container.groups);
    if (cell === 'iommu') return container.iommu === null ? undefined : String(container.iommu);
    const iova = /^dma\/(0x[0-9a-f]+)$/.exec(cell)?.[1];
    if (iova === undefined || container.dma === null) return undefined;
    const address = BigInt(iova);
    const mapping = container.dma.mappings.find(
      (m) => m.iova <= address && address < m.iova + m.size,
    );
    return mapping === undefined ? 'not mapped' : 'mapped';
  }
  return undefined;
}

function ofIommufd({ vfio }: StateSource, name: string, id: string): CellValue {
  const context = vfio.iommufds.uses.get(name)?.context;
  return context === undefined ? undefined : (context.objects.get(Number(id))?.type ?? 'none');
}
