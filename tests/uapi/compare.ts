/**
 * Holds the tables of vfr against the headers of the kernel and the trace events of QEMU: what they
 * have and vfr lacks. The name tables of the project are written by hand; this tells when the
 * kernel or QEMU has grown.
 */
import { EVENT_FORMS } from '../../recorder/import/qemu/events/index.js';
import { qemuText } from '../../recorder/import/qemu/qemu-text.js';
import { vfioIoctls } from '../../recorder/vfio-ioctls.js';
import { DEVICE_FEATURE } from '../../replay/model/vfio/device-features.js';
import { CAN, STATE } from '../../replay/model/vfio/migration-state.js';
import { CAP, EXT } from '../../replay/model/vfio-pci-core/capabilities.js';
import { IRQ } from '../../replay/model/vfio-pci-core/open-device.js';
import { importBytes } from '../import-bytes.js';
import { traceEvents } from './trace-events.js';

/** Names that stand for limits and masks, not for one of their kind. */
const NO_ID = /_(?:MAX|MASK|NR|NUM_IRQS)$/;

type Names = Readonly<Record<string, number>>;

/** `name value` of every definition that a pattern finds. */
function definitions(header: string, pattern: RegExp): readonly [string, number][] {
  return [...header.matchAll(pattern)]
    .map(([, name, value]): [string, number] => [name, Number(value)])
    .filter(([name]) => !NO_ID.test(name));
}

/** Definitions whose name and number are not in a table. */
function lacking(found: readonly [string, number][], table: Names | ReadonlyMap<string, number>) {
  const numbers = new Map(table instanceof Map ? table : Object.entries(table as Names));
  return found.filter(([name, value]) => numbers.get(name) !== value).map(told);
}

/** Definitions whose number is not in a table that has names of its own. */
function lackingNumber(found: readonly [string, number][], table: Names): readonly string[] {
  const numbers = new Set(Object.values(table));
  return found.filter(([, value]) => !numbers.has(value)).map(told);
}

const told = ([name, value]: readonly [string, number]) => `${name} ${value}`;

/** What `linux/vfio.h` has and vfr lacks. */
export function lackingOfVfio(header: string): readonly string[] {
  const calls = definitions(
    header,
    /#define\s+(VFIO_\w+)\s+_IO\(VFIO_TYPE, VFIO_BASE \+ (\d+)\)/g,
  ).map(([name, n]): [string, number] => [name, 0x3b64 + n]);
  const features = definitions(
    header,
    /#define\s+VFIO_DEVICE_FEATURE_((?!(?:SET|CLEAR)_MASTER)\w+)\s+\(?(\d+)\)?\s*(?:\/\*.*)?$/gm,
  );
  const states = definitions(header, /\bVFIO_DEVICE_STATE_((?!V1)\w+) = (\d+),/g);
  const flags = definitions(header, /#define VFIO_MIGRATION_(\w+)\s+\(1 << (\d+)\)/g);
  const interrupts = [...header.matchAll(/\bVFIO_PCI_(\w+)_IRQ_INDEX,/g)];
  return [
    ...lacking(calls, vfioIoctls()),
    ...lacking(features, DEVICE_FEATURE).map((name) => `VFIO_DEVICE_FEATURE_${name}`),
    ...lacking(states, STATE).map((name) => `VFIO_DEVICE_STATE_${name}`),
    ...lacking(
      flags.map(([name, bit]) => [name, 2 ** bit]),
      CAN,
    ).map((n) => `VFIO_MIGRATION_${n}`),
    ...lacking(
      interrupts.map(([, name], i) => [name, i]),
      IRQ,
    ).map((n) => `${n} (IRQ index)`),
  ];
}

/** What `linux/iommufd.h` has and vfr lacks. */
export function lackingOfIommufd(header: string): readonly string[] {
  const calls = definitions(header, /\bIOMMUFD_CMD_(\w+) = (0x[0-9a-f]+),/g);
  const named = calls
    .filter(([name]) => name !== 'BASE')
    .map(([name, n]): [string, number] => [`IOMMU_${name}`, 0x3b00 + n]);
  return lacking(named, vfioIoctls());
}

/** What `linux/pci_regs.h` has and vfr lacks. */
export function lackingOfPci(header: string): readonly string[] {
  const ids = definitions(header, /#define\s+(PCI_CAP_ID_\w+)\s+(0x[0-9a-fA-F]+)/g);
  const extended = definitions(header, /#define\s+(PCI_EXT_CAP_ID_\w+)\s+(0x[0-9a-fA-F]+)/g);
  return [...lackingNumber(ids, CAP), ...lackingNumber(extended, EXT)];
}

/** Events of QEMU that concern devices, their configuration space and IOMMUs on x86. */
const OF_DEVICES = /^(?:vfio|iommufd|vtd|amdvi|x86_iommu|sriov|pcie|msix)_|^pci_(?!nvme)/;

/** Events in QEMU's `trace-events-all` whose line vfr does not take apart. */
export function lackingOfQemu(list: string): readonly string[] {
  const known = new Set(EVENT_FORMS.flatMap(({ names }) => names));
  const events = traceEvents(list).filter(({ name }) => OF_DEVICES.test(name));
  return events.flatMap(({ name, line }) => {
    const { rows, report } = importBytes(qemuText, Buffer.from(`${line}\n`));
    return known.has(name) && rows.length === 1 && report.unparsed === 0 ? [] : [line];
  });
}
