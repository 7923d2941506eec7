/**
 * udev: handles uevents by rules (systemd src/udev/udev-event.c, src/udev/udev-manager.c 252). Each
 * thread serves one function with its device of VFIO, or one group.
 */
import { ERRNO } from '../../../traces/index.js';
import type { NodeChange } from '../dev-nodes.js';
import type { Kernel } from '../kernel.js';
import { BUSY, DRIVER } from '../layout.js';
import type { Action, NodeKind } from '../machine-spec.js';
import type { Place } from '../place.js';
import { joined, procedure, waits } from '../steps.js';
import type { UdevState } from '../udev-cells.js';
import { matchesUevent, type Served, type ServedRule } from '../udev-rules.js';
import { startOperation } from './sysfs-links.js';
import { isLeftOut } from './waiting-for.js';

const stateOf = (k: Kernel): UdevState => k.udev!;
const servedNumber = (k: Kernel): number => k.thread - stateOf(k).firstThread;
const servedOf = (k: Kernel): Served => stateOf(k).rules.served[servedNumber(k)];

/** Rules that match the uevent that is being handled. */
function matching(k: Kernel): readonly ServedRule[] {
  const [uevent] = stateOf(k).queue(servedNumber(k));
  return servedOf(k).rules.filter(({ rule }) => matchesUevent(rule, uevent));
}

function changeNode(k: Kernel, kind: NodeKind, place: Place, change: NodeChange): boolean {
  const node = k.udev?.node(kind, place) ?? null;
  if (node === null) return false;
  k.udev?.setNode(kind, place, { ...node, ...change });
  return true;
}

/** OWNER, GROUP and MODE of all rules; the file may be gone, or be another one by now. */
function applyNodes(k: Kernel): void {
  const [{ action, subsystem }] = stateOf(k).queue(servedNumber(k));
  if (action === 'remove' || !subsystem.startsWith('vfio')) return;
  const change: NodeChange = Object.assign({}, ...matching(k).map(({ rule }) => rule.node));
  if (Object.keys(change).length === 0) return;
  changeNode(k, subsystem === 'vfio' ? 'group' : 'cdev', servedOf(k).place, change);
}

/** The number of the operation that is next, from `i` on; -1 when all rules have run. */
function nextOperation(k: Kernel): number {
  const rule = matching(k).find(({ first, end }) => end > Math.max(first, k.i));
  return rule === undefined ? -1 : Math.max(rule.first, k.i);
}

/** Threads of udev that have something to do. */
function busy(k: Kernel): number[] {
  if (k.udev === null) return [];
  const threads = Array.from({ length: k.threads - k.udev.firstThread }, (_, i) => i);
  return threads.map((i) => k.udev!.firstThread + i).filter((thread) => k.frameOf(thread) !== 0);
}

/** A driver whose module the MODALIAS of the function loads, from `i` on; 0 for none. */
function nextModule(k: Kernel): number {
  const { place } = k.operation;
  const driver = k.world.drivers.find(
    ({ index, claims }) => index >= k.i && place !== null && claims[place.index],
  );
  if (driver === undefined) return 0;
  k.i = driver.index + 1;
  return k.driverRecord(driver);
}

const chownOf = (k: Kernel) => k.operation.spec.action as Extract<Action, { type: 'chown' }>;

export const UDEV = [
  /** Handles the uevents in its queue; the first one stays there until it is handled. */
  procedure('udev_worker', {
    apply: applyNodes,
    next: (k) => {
      const number = nextOperation(k);
      if (number < 0) return 'handled';
      k.i = number + 1;
      const operation = servedOf(k).operations[number];
      if (isLeftOut(k, operation.spec)) return 'next';
      return startOperation(k, operation, number);
    },
    ran: joined((k) => {
      const { operations, rules } = servedOf(k);
      const stops = k.ret < 0 && operations[k.i - 1].spec.onError === 'stop';
      if (stops) k.i = rules.find(({ end }) => end >= k.i)!.end;
      return 'next';
    }),
    handled: (k) => {
      const served = servedNumber(k);
      const left = stateOf(k).queue(served).slice(1);
      stateOf(k).setQueue(served, left);
      k.i = 0;
      return left.length === 0 ? k.done(0) : 'apply';
    },
  }),

  /** `udevadm settle`. A program that a rule runs waits for itself. */
  procedure('settle', {
    wait: waits(
      (k) => busy(k).length === 0,
      () => 'udev to handle all uevents',
      (k) => k.done(0),
      busy,
    ),
  }),

  /** The builtin `kmod load`: modules that are being loaded are waited for (libkmod 30). */
  procedure('kmod_load', {
    next: (k) => {
      k.drv = nextModule(k);
      if (k.drv === 0) return k.done(0);
    },
    load: waits(
      (k) => k.get(k.drv + DRIVER.module) !== BUSY,
      (k) => `the module of ${k.driverAt(k.drv).name}`,
      (k) => {
        if (k.get(k.drv + DRIVER.module) !== 0) return 'next';
        return k.call('load', 0, k.drv, 0, 'next');
      },
    ),
  }),

  /** chown and chmod, which only root may do. */
  procedure('chown', {
    change: (k) => {
      const { file, node } = chownOf(k);
      const { place } = k.operation;
      if (place === null || k.udev === null) return k.done(0);
      if (k.udev.node(file, place) === null) return k.done(-ERRNO.ENOENT);
      const user = k.world.actors[k.thread]?.user;
      if (user !== undefined && user.uid !== 0) return k.done(-ERRNO.EPERM);
      changeNode(k, file, place, node);
      return k.done(0);
    },
  }),
];
