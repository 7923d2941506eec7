/**
 * Exports the PCI functions of the snapshot as a device description of umockdev, so that programs
 * that read sysfs run on the recorded machine: `umockdev-run --device FILE -- lspci`.
 */
import { type Sink, type TraceReader, VfrError } from '../../traces/index.js';
import { eventsOfKind } from '../events-of-kind.js';
import { TextSink } from './text-sink.js';

/** A function as its snapshot has it. */
interface PciFunction {
  readonly address: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly config: Buffer | null;
}

/** Facts that are links in sysfs, or that are written in another form. */
const NOT_ATTRIBUTES = new Set(['driver', 'driver_override', 'iommu_group', 'physfn', 'exact']);

/** @throws VfrError `SNAPSHOT_MISSING` when the trace has no PCI function */
export function exportUmockdev(reader: TraceReader, sink: Sink): void {
  const functions = functionsOf(reader);
  if (functions.length === 0) {
    const next = 'Record with vfr, or give `vfr import` a --snapshot.';
    const place = { file: reader.source.name };
    throw new VfrError('SNAPSHOT_MISSING', 'it has no snapshot of PCI functions', next, place);
  }
  const paths = new SysfsPaths(functions);
  const out = new TextSink(sink);
  for (const one of functions) out.write(`${describe(one, paths).join('\n')}\n\n`);
  out.finish();
}

/** The first snapshot of each function. */
function functionsOf(reader: TraceReader): PciFunction[] {
  const found = new Map<string, PciFunction>();
  for (const { batch, row } of eventsOfKind(reader, 'snapshot')) {
    const address = batch.column('device').at(row);
    if (batch.column('name').at(row) !== 'start' || address === null) continue;
    const facts = parsed(batch.column('text').text(row));
    if (facts === null || found.has(address)) continue;
    found.set(address, { address, facts, config: batch.column('data').at(row) });
  }
  return [...found.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
}

function parsed(text: string | null): PciFunction['facts'] | null {
  try {
    const value: unknown = JSON.parse(text ?? 'null');
    return typeof value === 'object' ? (value as PciFunction['facts'] | null) : null;
  } catch {
    return null;
  }
}

/** Type of a header and secondary bus of a bridge (kernel include/uapi/linux/pci_regs.h 6.1). */
const HEADER_TYPE = 0x0e;
const SECONDARY_BUS = 0x19;
const isBridge = (config: Buffer): boolean =>
  config.length > SECONDARY_BUS && (config[HEADER_TYPE] & 0x7f) === 1;

/** The path of each function in sysfs, by the bridges that lead to it. */
class SysfsPaths {
  /** The bridge to each bus, as `dddd:bb`. */
  readonly #bridges = new Map<string, string>();

  constructor(functions: readonly PciFunction[]) {
    for (const { address, config } of functions) {
      if (config === null || !isBridge(config)) continue;
      const bus = config[SECONDARY_BUS].toString(16).padStart(2, '0');
      const own = `${address.slice(0, 4)}:${bus}`;
      if (own !== address.slice(0, 7)) this.#bridges.set(own, address);
    }
  }

  of(address: string): string {
    const parts = [address];
    let bus = address.slice(0, 7);
    for (let bridge = this.#bridges.get(bus); bridge !== undefined; ) {
      if (parts.includes(bridge)) break;
      parts.unshift(bridge);
      bus = bridge.slice(0, 7);
      bridge = this.#bridges.get(bus);
    }
    return `/devices/pci${bus}/${parts.join('/')}`;
  }
}

function describe({ address, facts, config }: PciFunction, paths: SysfsPaths): string[] {
  const path = paths.of(address);
  const text = (name: string) => (typeof facts[name] === 'string' ? String(facts[name]) : null);
  // From the folder of the function to /sys.
  const up = '../'.repeat(path.split('/').length - 1);
  const links: [string, string | null][] = [
    ['driver', prefixed(`${up}bus/pci/drivers/`, text('driver'))],
    ['iommu_group', prefixed(`${up}kernel/iommu_groups/`, text('iommu_group'))],
    ['physfn', prefixed('../', text('physfn'))],
  ];
  const attributes = Object.entries(facts)
    .filter(([name, value]) => !NOT_ATTRIBUTES.has(name) && value !== null)
    .map(([name, value]) => `A: ${name}=${escaped(attributeText(value))}`);
  return [
    `P: ${path}`,
    ...propertiesOf(address, facts).map(([name, value]) => `E: ${name}=${value}`),
    ...attributes,
    `A: driver_override=${escaped(`${text('driver_override') ?? '(null)'}\n`)}`,
    ...(config === null ? [] : [`H: config=${config.toString('hex').toUpperCase()}`]),
    ...links.flatMap(([name, target]) => (target === null ? [] : [`L: ${name}=${target}`])),
  ];
}

const prefixed = (prefix: string, text: string | null): string | null =>
  text === null ? null : `${prefix}${text}`;

/** An attribute as sysfs prints it; a list has a line for each entry. */
const attributeText = (value: unknown): string =>
  `${Array.isArray(value) ? value.join('\n') : String(value)}\n`;

/** The escapes of umockdev: backslash and line break. */
const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

/** The properties of a function's uevent (kernel drivers/pci/pci-driver.c 6.1, pci_uevent). */
function propertiesOf(address: string, facts: PciFunction['facts']): [string, string][] {
  const number = (name: string) => Number(facts[name] ?? 0) || 0;
  const hex = (value: number, digits: number) =>
    value.toString(16).toUpperCase().padStart(digits, '0');
  const [vendor, device] = [number('vendor'), number('device')];
  const [subvendor, subdevice] = [number('subsystem_vendor'), number('subsystem_device')];
  const code = number('class');
  const classes = [code >> 16, (code >> 8) & 0xff, code & 0xff].map((part) => hex(part, 2));
  const ids = `v${hex(vendor, 8)}d${hex(device, 8)}sv${hex(subvendor, 8)}sd${hex(subdevice, 8)}`;
  return [
    ['SUBSYSTEM', 'pci'],
    ...(typeof facts.driver === 'string' ? [['DRIVER', facts.driver] as [string, string]] : []),
    ['PCI_CLASS', hex(code, 4)],
    ['PCI_ID', `${hex(vendor, 4)}:${hex(device, 4)}`],
    ['PCI_SUBSYS_ID', `${hex(subvendor, 4)}:${hex(subdevice, 4)}`],
    ['PCI_SLOT_NAME', address],
    ['MODALIAS', `pci:${ids}bc${classes[0]}sc${classes[1]}i${classes[2]}`],
  ];
}
