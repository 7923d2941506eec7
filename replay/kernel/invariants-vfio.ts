/** Invariants of VFIO after every step of a kernel, and after all threads have ended. */
import type { Kernel } from './kernel.js';
import type { Place } from './place.js';
import { FILE, GROUP, VDEV } from './vfio-cells.js';

/** Records of devices, with their places. */
function* devices(k: Kernel): Generator<readonly [vdev: number, place: Place]> {
  for (const place of k.world.places) {
    for (const dev of k.recordsOf(place)) yield [k.vdev(dev), place];
  }
}

/** @returns what is wrong, for people; empty if nothing is */
export function brokenInVfio(k: Kernel): string[] {
  const broken: string[] = [];
  const registered = new Map<number, number>();
  for (const [vdev, place] of devices(k)) {
    const group = k.vfio.group(place);
    const count = registered.get(group) ?? 0;
    registered.set(group, count + k.get(vdev + VDEV.registered));
    checkDevice(k, vdev, place, broken);
  }
  for (const group of k.vfio.groups) {
    const number = k.vfio.numberOfGroup(group);
    const say = (what: string) => broken.push(`group ${number} ${what}`);
    if (k.get(group + GROUP.devices) !== registered.get(group))
      say('has lost count of its devices');
    for (const member of ['users', 'natives', 'devices', 'cdevs', 'claims'] as const) {
      if (k.get(group + GROUP[member]) < 0) say(`has ${member} below 0`);
    }
    checkOwner(k, group, say);
    if (k.get(group + GROUP.container) === 0) continue;
    if (k.rules.claimsGroups && k.get(group + GROUP.natives) > 0) say('has two owners');
  }
  for (let file = 1; file <= k.world.files.length; file++) checkFile(k, file, broken);
  return broken;
}

/** A group is of one iommufd, as long as devices of it are bound there, and of nobody else. */
function checkOwner(k: Kernel, group: number, say: (what: string) => void): void {
  const owner = k.get(group + GROUP.owner);
  const number = String(k.vfio.numberOfGroup(group));
  const isOpen = k.get(group + GROUP.opened) !== 0;
  if (isOpen && k.get(group + GROUP.cdevs) > 0) say('is open by both doors');
  if ((owner !== 0) !== k.get(group + GROUP.claims) > 0) say('is owned without a device');
  if (owner === 0) return;
  if (k.get(group + GROUP.natives) > 0 || k.get(group + GROUP.container) !== 0) {
    say('has two owners');
  }
  const objects = [...k.vfio.context(owner).objects.values()];
  const bound = objects.filter((o) => o.type === 'device' && o.group === number);
  if (bound.length !== k.get(group + GROUP.claims)) say('has devices that its owner has not');
}

function checkDevice(k: Kernel, vdev: number, place: Place, broken: string[]): void {
  const say = (what: string) => broken.push(`${place.address} ${what}`);
  const [opens, refs] = [k.get(vdev + VDEV.opens), k.get(vdev + VDEV.refs)];
  if (opens < 0 || refs < opens) say('is open more often than it is held');
  // Of a mediated device only its users keep that it is open.
  const isOpen = place.mediated ? opens > 0 : k.vfio.openDevice(vdev) !== null;
  if (isOpen && opens === 0) say('is open, and nobody has opened it');
  // A thread that opens or closes it holds the lock of its set.
  const isStable = k.get(k.vfio.setLock(place)) === 0;
  if (isStable && opens > 0 && !isOpen) say('was opened, and is not open');
  if (opens > 0 && k.get(vdev + VDEV.registered) === 0) say('is open, and not with VFIO');
}

function checkFile(k: Kernel, number: number, broken: string[]): void {
  const file = k.vfio.file(number);
  if (k.get(file + FILE.refs) < 0) broken.push(`file ${number} has references below 0`);
  if (k.get(file + FILE.context) !== 0) checkContext(k, number, broken);
  if (k.get(file + FILE.dma) === 0) return;
  const { mappings } = k.vfio.dma(number);
  for (const [i, { iova, size }] of mappings.entries()) {
    const next = mappings[i + 1];
    if (next !== undefined && iova + size > next.iova) {
      broken.push(`mappings of container ${number} overlap at ${next.iova}`);
    }
  }
}

function checkContext(k: Kernel, number: number, broken: string[]): void {
  const { objects, groups } = k.vfio.context(number);
  for (const [id, object] of objects) {
    if (object.type === 'hwpt' && objects.get(object.ioas)?.type !== 'ioas') {
      broken.push(`page table ${id} of iommufd ${number} has no IOAS`);
    }
    if (object.type !== 'ioas') continue;
    const { areas } = object.space;
    const overlaps = areas.some(({ last }, i) => i + 1 < areas.length && last >= areas[i + 1].iova);
    if (overlaps) broken.push(`mappings of IOAS ${id} of iommufd ${number} overlap`);
  }
  for (const [group, table] of groups) {
    if (!objects.has(table)) broken.push(`group ${group} is attached to nothing`);
  }
}

/** What must hold, too, when no thread has anything to do any more: closing releases everything. */
export function leftInVfio(k: Kernel): string[] {
  const left: string[] = [];
  const held = heldFiles(k);
  const kept = filesOfDevices(k, held);
  for (let number = 1; number <= k.world.files.length; number++) {
    const refs = k.get(k.vfio.file(number) + FILE.refs);
    const isHeld = held.has(number) || kept.has(number);
    if (refs > 0 && !isHeld) left.push(`file ${number} is open, and no process has it`);
  }
  for (const [vdev, { address }] of devices(k)) {
    const dev = k.devOf(vdev);
    const users = [...held].filter((file) => k.get(k.vfio.file(file) + FILE.dev) === dev);
    const openers = users.filter((file) => isOpener(k, file));
    if (k.get(vdev + VDEV.opens) !== openers.length) left.push(`${address} is open without a file`);
    if (k.get(vdev + VDEV.refs) !== users.length) left.push(`${address} is held without a file`);
  }
  for (const group of k.vfio.groups) {
    const opened = k.get(group + GROUP.opened);
    const isOpen = opened !== 0 && k.get(k.vfio.file(opened) + FILE.refs) > 0;
    if (opened !== 0 && !isOpen) left.push(`group ${k.vfio.numberOfGroup(group)} is still open`);
    if (k.get(group + GROUP.container) !== 0 && !isOpen) {
      left.push(`group ${k.vfio.numberOfGroup(group)} is still in a container`);
    }
    const owner = k.get(group + GROUP.owner);
    if (owner !== 0 && k.get(k.vfio.file(owner) + FILE.refs) === 0) {
      left.push(`group ${k.vfio.numberOfGroup(group)} is still in an iommufd`);
    }
  }
  for (let thread = 0; thread < k.threads; thread++) {
    if (k.get(k.vfio.access(thread)) !== 0) left.push(`thread ${thread} is still in an access`);
  }
  return left;
}

/** Files that processes have on a descriptor, or that mappings keep. */
function heldFiles(k: Kernel): Set<number> {
  const held = new Set<number>();
  for (let actor = 0; actor < k.world.actors.length; actor++) {
    const process = k.vfio.process(actor);
    for (const { file } of k.vfio.descriptors(process)) held.add(file);
    for (const { file } of k.vfio.maps(process)) held.add(file);
  }
  return held;
}

/** Files of groups, and of iommufds, that open devices keep. */
function filesOfDevices(k: Kernel, held: ReadonlySet<number>): Set<number> {
  const kept = new Set<number>();
  for (const file of held) {
    const dev = k.get(k.vfio.file(file) + FILE.dev);
    if (dev !== 0) kept.add(k.get(k.groupOf(dev) + GROUP.opened));
    kept.add(k.get(k.vfio.file(file) + FILE.iommufd));
  }
  return kept;
}

/** Whether a device is open through a file of it: one of a character device is bound. */
const isOpener = (k: Kernel, file: number): boolean =>
  k.world.file(file).kind === 'device' || k.get(k.vfio.file(file) + FILE.iommufd) !== 0;
