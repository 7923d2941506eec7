/**
 * The numbers that driver id tables are matched against (Linux include/linux/mod_devicetable.h).
 */
export interface PciIds {
  readonly vendor: number;
  readonly device: number;
  /** Null for a VF whose snapshot or registers were not recorded. */
  readonly subvendor: number | null;
  readonly subdevice: number | null;
  /** Base class, subclass and programming interface: 24 bits. */
  readonly class: number;
}

/** The ids of a function that comes into being, from the data of its event: four bytes each. */
export function readIds(data: Buffer | null): PciIds | null {
  if (data === null || data.length < 12) return null;
  const [vendor, device, code] = [0, 4, 8].map((at) => data.readUInt32LE(at));
  return { vendor, device, class: code, subvendor: null, subdevice: null };
}

/** The data of the event of a function that comes into being: vendor, device and class. */
export function writeIds({ vendor, device, class: code }: PciIds): Buffer {
  const data = Buffer.alloc(12);
  for (const [i, id] of [vendor, device, code].entries()) data.writeUInt32LE(id, 4 * i);
  return data;
}

/** An entry of an id table; null matches any. */
export interface IdMatch {
  readonly vendor: number | null;
  readonly device: number | null;
  readonly subvendor: number | null;
  readonly subdevice: number | null;
  readonly class: number;
  readonly classMask: number;
}

/** Whether an entry covers a device; null when a number that decides is not known. */
export function covers(entry: IdMatch, ids: PciIds): boolean | null {
  if (entry.vendor !== null && entry.vendor !== ids.vendor) return false;
  if (entry.device !== null && entry.device !== ids.device) return false;
  if (((entry.class ^ ids.class) & entry.classMask) !== 0) return false;
  const sub = [matches(entry.subvendor, ids.subvendor), matches(entry.subdevice, ids.subdevice)];
  if (sub.includes(false)) return false;
  return sub.includes(null) ? null : true;
}

const matches = (wanted: number | null, found: number | null): boolean | null =>
  wanted === null ? true : found === null ? null : wanted === found;

/** One string for all ids that no id table can distinguish, among the known numbers. */
export const idsKey = (ids: PciIds): string =>
  [ids.vendor, ids.device, ids.class, ids.subvendor ?? '*', ids.subdevice ?? '*']
    .map((n) => n.toString(16))
    .join(':');

/** The number that matches any id, in `new_id` as in id tables. */
export const ANY = 0xffff_ffff;

/**
 * Parses the text of `new_id` or `remove_id`: hexadecimal vendor, device and optionally subvendor,
 * subdevice, class, class mask and driver data (new_id_store, kernel drivers/pci/pci-driver.c 6.1).
 * @returns null when fewer than two fields are numbers
 */
export function parseNewId(text: string): { entry: IdMatch; fields: number } | null {
  const fields = scanNumbers(text, /^\s*/, 7);
  return fields.length < 2 ? null : { entry: entryOf(fields), fields: fields.length };
}

/**
 * Parses an id of a module's parameter `ids`: the same fields without driver data, with colons
 * between them (vfio_pci_fill_ids, kernel drivers/vfio/pci/vfio_pci.c 6.12).
 * @returns null when fewer than two fields are numbers
 */
export function parseId(text: string): IdMatch | null {
  const fields = scanNumbers(text, /^:/, 6);
  return fields.length < 2 ? null : entryOf(fields);
}

/** A number as `%x` of `sscanf` reads it (kernel lib/vsprintf.c 6.12). */
const NUMBER = /^\s*(?=[0-9a-f])(?:0x)?([0-9a-f]*)/i;

/** The numbers at the begin of a text, each of 32 bits; what follows them does not count. */
function scanNumbers(text: string, separator: RegExp, most: number): number[] {
  const numbers: number[] = [];
  let rest = text;
  while (numbers.length < most) {
    const found = NUMBER.exec(rest);
    if (found === null) break;
    numbers.push(Number(BigInt.asUintN(32, BigInt(`0x${found[1] || '0'}`))));
    rest = rest.slice(found[0].length);
    const between = separator.exec(rest);
    if (between === null) break;
    rest = rest.slice(between[0].length);
  }
  return numbers;
}

function entryOf(fields: readonly number[]): IdMatch {
  const id = (i: number) => (fields[i] === undefined || fields[i] === ANY ? null : fields[i]);
  return {
    vendor: id(0),
    device: id(1),
    subvendor: id(2),
    subdevice: id(3),
    class: fields[4] ?? 0,
    classMask: fields[5] ?? 0,
  };
}
