/** What one event says, as words. */
import { VM_FAULT } from '../../../replay/index.js';
import { kindFacts, REGION_CONFIG } from '../../../traces/index.js';
import type { EventRef } from '../model/event-store.js';
import type { RegisterAt } from '../model/overview.js';
import { bigOf, hex, stringOf, textOf } from './event-values.js';
import { ioctlArgument } from './ioctl-text.js';
import { registerText } from './register-text.js';

/** Parts of a summary that are not empty, with spaces between. */
const joined = (...parts: readonly (string | null)[]): string =>
  parts.filter((part) => part !== null && part !== '').join(' ');

/**
 * What happened, without device, thread, result and time.
 * @param begin the event, or the begin of the call
 * @param end the end of the call, which has the value of a read; or the event itself
 */
export function summaryOf(begin: EventRef, end: EventRef, registerAt: RegisterAt): string {
  const kind = stringOf(begin, 'kind') ?? '';
  const [name, driver] = [stringOf(begin, 'name') ?? '', stringOf(begin, 'driver')];
  switch (kind) {
    case 'config.read':
    case 'config.write':
    case 'region.read':
    case 'region.write':
      return accessSummary(kind, begin, end, registerAt);
    case 'ioctl':
      return joined(name, ioctlArgument(name, begin));
    case 'sysfs.write':
      return joined('write', storeSummary(name, driver, begin));
    case 'snapshot':
      return snapshotSummary(begin);
    case 'fault.page':
      return pageFaultSummary(begin);
    case 'dma.map':
    case 'dma.unmap':
      return dmaSummary(kind, begin);
    case 'override':
      return joined('driver_override =', quoted(textOf(begin, 'text')));
    default:
      return otherSummary(kind, begin, end);
  }
}

function storeSummary(name: string, driver: string | null, ref: EventRef): string {
  const attribute = driver === null ? name : `${driver}/${name}`;
  return `${attribute} = ${quoted(textOf(ref, 'text'))}`;
}

/** A text that was written: `""` clears an override. */
const quoted = (text: string | null): string => `"${(text ?? '').trimEnd()}"`;

/** The register of an access to configuration space, as `registerText`; null for other events. */
export function configAccess(
  begin: EventRef,
  end: EventRef,
  registerAt: RegisterAt,
): string | null {
  const kind = stringOf(begin, 'kind') ?? '';
  const region = Number(textOf(begin, 'region') ?? REGION_CONFIG);
  const isAccess = kind.startsWith('config.') || kind.startsWith('region.');
  if (!isAccess || (kind.startsWith('region.') && region !== REGION_CONFIG)) return null;
  const value = bigOf(end, 'value') ?? bigOf(begin, 'value');
  const offset = Number(bigOf(begin, 'offset') ?? 0n);
  const device = stringOf(begin, 'device') ?? stringOf(end, 'device');
  const length = Number(bigOf(begin, 'length') ?? 0n);
  return registerText(registerAt(device, offset), offset, length, value);
}

function accessSummary(
  kind: string,
  begin: EventRef,
  end: EventRef,
  registerAt: RegisterAt,
): string {
  const register = configAccess(begin, end, registerAt);
  if (register !== null) return joined(kind, register);
  const value = bigOf(end, 'value') ?? bigOf(begin, 'value');
  const offset = Number(bigOf(begin, 'offset') ?? 0n);
  const region = Number(textOf(begin, 'region') ?? 0);
  const where = region < 6 ? `BAR${region}` : region === 6 ? 'ROM' : `region ${region}`;
  return joined(kind, `${where}+${hex(offset)}`, value === null ? '' : `= ${hex(value)}`);
}

/** Only what matters of a snapshot's JSON. */
function snapshotSummary(ref: EventRef): string {
  const name = stringOf(ref, 'name');
  const when = name === 'end' ? 'at the end' : 'at the start';
  const facts = factsOf(textOf(ref, 'text') ?? '');
  return joined(
    `state ${when}:`,
    `driver ${stringOf(ref, 'driver') ?? 'none'}`,
    typeof facts.iommu_group === 'string' ? `group ${facts.iommu_group}` : '',
    typeof facts.physfn === 'string' ? `VF of ${facts.physfn}` : '',
    typeof facts.driver_override === 'string' ? `override ${facts.driver_override}` : '',
  );
}

function factsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const facts: unknown = JSON.parse(text);
    return typeof facts === 'object' && facts !== null ? (facts as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function pageFaultSummary(ref: EventRef): string {
  const region = textOf(ref, 'region');
  const address = bigOf(ref, 'offset');
  const where = region === null ? 'a mapping' : `the mapping of BAR${region}`;
  return joined('page fault in', where, address === null ? '' : `at ${hex(address)}`);
}

/** Whether the kernel gave no page, and the process gets SIGBUS. */
export const isRefusedFault = (ret: bigint): boolean => (Number(ret) & VM_FAULT.SIGBUS) !== 0;

function dmaSummary(kind: string, ref: EventRef): string {
  const [iova, value, length] = [bigOf(ref, 'offset'), bigOf(ref, 'value'), bigOf(ref, 'length')];
  return joined(
    kind,
    iova === null ? '' : `iova ${hex(iova)}`,
    length === null ? '' : `${hex(length)} bytes`,
    value === null ? '' : kind === 'dma.map' ? `to ${hex(value)}` : `${hex(value)} unmapped`,
  );
}

function otherSummary(kind: string, begin: EventRef, end: EventRef): string {
  const name = stringOf(begin, 'name');
  const named = kindFacts(kind)?.named === true;
  const offset = bigOf(begin, 'offset');
  const value = bigOf(end, 'value') ?? bigOf(begin, 'value');
  return joined(
    named ? '' : kind,
    stringOf(begin, 'driver'),
    name,
    offset === null ? '' : `at ${hex(offset)}`,
    value === null ? '' : value < 10n ? String(value) : hex(value),
    textOf(begin, 'text')?.trim() ?? null,
  );
}
