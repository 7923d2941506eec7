import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { CELL, type EventAppender, highWord, lowWord } from '../../traces/index.js';
import type { SnapshotMoment } from '../snapshot/emit-snapshot.js';
import { optional } from './optional.js';
import { type Actor, readActor } from './process-actors.js';

/** A process with an open file of VFIO or iommufd. */
export interface VfioUser {
  readonly pid: number;
  readonly comm: string;
  /** What /proc shows of the file: `/dev/vfio/7`, `anon_inode:[vfio-device]`, … */
  readonly file: string;
  readonly fd: number;
  /** The device of a device file, if the kernel shows it. */
  readonly device: string | null;
  readonly actor: Actor | undefined;
}

const FILES = /^(?:\/dev\/vfio\/|\/dev\/iommu$|anon_inode:(?:\[?vfio|\[?iommufd))/;

/** The open VFIO files of all processes that /proc shows to this user. */
export function vfioUsers(): VfioUser[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) =>
    optional(() => readdirSync(`/proc/${pid}/fd`), []).flatMap((fd) => {
      const file = optional(() => readlinkSync(`/proc/${pid}/fd/${fd}`), '');
      if (!FILES.test(file)) return [];
      const comm = optional(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trimEnd(), '');
      const device = deviceOfCdev(file) ?? deviceOfFile(`/proc/${pid}/fdinfo/${fd}`);
      const actor = readActor(Number(pid));
      return [{ pid: Number(pid), comm, file, fd: Number(fd), device, actor }];
    }),
  );
}

/** The device of `/dev/vfio/devices/vfioN`. */
function deviceOfCdev(file: string): string | null {
  const [, name] = /^\/dev\/vfio\/devices\/(vfio\d+)$/.exec(file) ?? [];
  if (name === undefined) return null;
  return optional(() => basename(readlinkSync(`/sys/class/vfio-dev/${name}/device`)), null);
}

/** The device that the kernel names in fdinfo (drivers/vfio/vfio_main.c, since Linux 6.17). */
function deviceOfFile(fdinfo: string): string | null {
  const text = optional(() => readFileSync(fdinfo, 'utf8'), '');
  const path = /^vfio-device-syspath:\s*(\S+)$/m.exec(text)?.[1];
  return path === undefined ? null : basename(path);
}

/** Appends one `snapshot` event per open file: the process, and a text with the file. */
export function emitVfioUsers(
  events: EventAppender,
  users: readonly VfioUser[],
  timeNs: bigint,
  moment: SnapshotMoment,
): void {
  const kind = events.kind('snapshot');
  const row = events.row('sysfs');
  row.timeWords(lowWord(timeNs), highWord(timeNs));
  for (const { pid, comm, file, fd, device, actor } of users) {
    row.start(kind, events.phase('point'));
    row.set(CELL.name, events.id('name', moment));
    row.set(CELL.pid, pid);
    row.set(CELL.tid, pid);
    if (comm !== '') row.set(CELL.task, events.id('task', comm));
    row.text(JSON.stringify({ file, fd, ...(device !== null && { device }), ...actor }));
    events.append(row);
  }
}
