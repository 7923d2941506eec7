/**
 * The events of a device, with those of what it depends on: the attributes of its PF that add and
 * remove it, its group, and the drivers that it had.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import { type Batch, ColumnMemory, type Kind, type TraceReader } from '../../../traces/index.js';

/** What a device depends on. */
export interface Relations {
  readonly device: string;
  readonly pf: string | null;
  readonly groups: readonly number[];
  readonly drivers: readonly string[];
}

const PF_ATTRIBUTES = new Set(['sriov_numvfs', 'sriov_drivers_autoprobe']);
/** Attributes of a driver that concern all of its devices. */
const DRIVER_ATTRIBUTES = new Set(['new_id', 'remove_id']);
const DRIVER_KINDS = new Set<string>(['driver.register', 'driver.unregister'] satisfies Kind[]);
/** Kinds whose value is the number of a group. */
const GROUP_KINDS = new Set<string>([
  'group.open',
  'group.close',
  'dma.owner',
  'dma.attach',
  'dma.detach',
] satisfies Kind[]);

/**
 * Numbers of the events of a device's story, ascending. Other work runs between the batches.
 * @param signal ends the search, which then throws its reason
 * @throws VfrError when a column that is read is damaged
 */
export async function storyOf(
  reader: TraceReader,
  relations: Relations,
  signal?: AbortSignal,
): Promise<number[]> {
  const seqs: number[] = [];
  const memory = new ColumnMemory();
  for (const info of reader.batches) {
    const batch = reader.batch(info, memory);
    for (const row of rowsOf(batch, relations)) seqs.push(info.seqFirst + row);
    memory.reset();
    await breathe(undefined, { signal });
  }
  return seqs;
}

function* rowsOf(batch: Batch, { device, pf, groups, drivers }: Relations): Generator<number> {
  const [devices, kinds, names] = (['device', 'kind', 'name'] as const).map((c) => batch.column(c));
  const [driver, value, text] = [
    batch.column('driver'),
    batch.column('value'),
    batch.column('text'),
  ];
  const own = devices.entries.indexOf(device);
  const parent = pf === null ? -1 : devices.entries.indexOf(pf);
  const theirs = new Set(drivers.map((name) => driver.entries.indexOf(name)));
  const write = kinds.entries.indexOf('sysfs.write');
  const ofGroups = idsOf(kinds.entries, GROUP_KINDS);
  const ofDrivers = idsOf(kinds.entries, DRIVER_KINDS);
  for (let row = 0; row < batch.rows; row++) {
    const id = devices.id(row);
    const kind = kinds.ids[row];
    if (id === own && own >= 0) yield row;
    else if (kind === write) {
      const name = names.at(row) ?? '';
      if (id === parent && parent >= 0 && PF_ATTRIBUTES.has(name)) yield row;
      else if (theirs.has(driver.id(row)) && DRIVER_ATTRIBUTES.has(name)) yield row;
      else if (id < 0 && text.text(row)?.includes(device) === true) yield row;
    } else if (ofDrivers.has(kind) && theirs.has(driver.id(row))) yield row;
    else if (id < 0 && ofGroups.has(kind) && value.has(row) && groups.includes(value.number(row)))
      yield row;
  }
}

const idsOf = (entries: readonly string[], names: ReadonlySet<string>) =>
  new Set(entries.flatMap((name, id) => (names.has(name) ? [id] : [])));
