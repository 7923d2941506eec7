import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ARCHITECTURES } from './architecture.js';
import { LabError, requireTools } from './host.js';
import type { Kernel } from './kernel.js';
import { MACHINES, type MachineName } from './machines.js';
import { newerQemu } from './newer-qemu.js';

export interface Boot {
  readonly machine: MachineName;
  /** The command line that starts QEMU. */
  readonly qemu: readonly string[];
  readonly kernel: Kernel;
  readonly initramfs: string;
  /** Shared read only as the guest's root. */
  readonly root: string;
  /** Shared read only as /vfr. */
  readonly project: string;
  /** Shared as /out; also gets console.log. */
  readonly out: string;
  readonly job: string;
  readonly cpus: number;
  readonly timeoutSeconds: number;
}

function share(tag: string, path: string, readonly: boolean): string[] {
  const mode = readonly ? ',readonly=on' : '';
  return [
    '-virtfs',
    `local,path=${path},mount_tag=${tag},security_model=none${mode},multidevs=remap`,
  ];
}

/** The command line that starts the QEMU that a machine needs; a QEMU that is missing is a LabError. */
export function qemuFor(machine: MachineName, cache: string): readonly string[] {
  if (MACHINES[machine].qemu === 'newer') return newerQemu(cache);
  const { qemu } = ARCHITECTURES[MACHINES[machine].architecture];
  requireTools([qemu]);
  return [qemu];
}

/** Boots the guest and waits for its power-off. A guest that outlives its time is a LabError. */
export async function boot(options: Boot): Promise<void> {
  const { architecture, board, devices, kernelParameters } = MACHINES[options.machine];
  const processor = ARCHITECTURES[architecture];
  mkdirSync(options.out, { recursive: true });
  const disk = join(options.out, 'disk.img');
  writeFileSync(disk, new Uint8Array(1 << 20));
  const append = [
    `console=${processor.console} quiet loglevel=4 panic=-1`,
    processor.kernelParameters,
    kernelParameters,
    `lab.job=${options.job}`,
  ].join(' ');
  const args = [
    ...['-machine', board, '-accel', 'tcg,thread=multi', '-cpu', processor.cpu, '-m', '3072'],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-drive', `if=none,id=disk,format=raw,file=${disk},snapshot=on`],
    ...devices,
    ...['-smp', String(options.cpus), '-serial', `file:${join(options.out, 'console.log')}`],
    ...['-kernel', options.kernel.image, '-initrd', options.initramfs, '-append', append],
    ...share('root', options.root, true),
    ...share('project', options.project, true),
    ...share('out', options.out, false),
  ];
  const [command, ...before] = options.qemu;
  const guest = spawn(command!, [...before, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
  const timer = setTimeout(() => guest.kill('SIGKILL'), options.timeoutSeconds * 1000);
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    guest.on('error', reject);
    guest.on('exit', (exitCode, exitSignal) => resolve([exitCode, exitSignal]));
  });
  clearTimeout(timer);
  if (signal !== null) {
    throw new LabError(`the guest did not power off within ${options.timeoutSeconds} s`);
  }
  if (code !== 0) throw new LabError(`${processor.qemu} ended with ${code}`);
}
