/** Functions of a run as a recording has them. */
import type { RunSpec } from '../replay/kernel/index.js';
import { parseResource } from '../replay/model/vfio-pci-core/pci-function.js';
import type { EventRow } from '../tests/build-trace.js';

/** BAR 0 to 5 and the ROM. */
const RESOURCES = 7;

type FunctionSpec = RunSpec['machine']['functions'][number];

/** The run with the configuration spaces and the BARs that functions had when a recording began. */
export const onHardware = (spec: RunSpec, recording: readonly EventRow[]): RunSpec => ({
  ...spec,
  machine: {
    ...spec.machine,
    functions: spec.machine.functions.map((one) => recorded(one, recording)),
  },
});

function recorded(one: FunctionSpec, recording: readonly EventRow[]): FunctionSpec {
  const row = recording.find(({ kind, device }) => kind === 'snapshot' && device === one.address);
  const { resource } = JSON.parse(row?.text ?? '{}') as { resource?: readonly string[] };
  if (row?.data == null || resource === undefined || one.hardware === undefined) return one;
  const resources = resource.slice(0, RESOURCES).map(parseResource);
  const config = Uint8Array.from(row.data);
  return { ...one, hardware: { ...one.hardware, recorded: { config, resources, isVf: false } } };
}
