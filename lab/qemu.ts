import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LabError, requireTools } from './host.js';
import type { Kernel } from './kernel.js';

export interface Boot {
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

/**
 * The machine: q35 with an emulated VT-d; one function per PCIe root port so that each has an IOMMU
 * group of its own: an NVMe controller with SR-IOV (4 VFs), an e1000e, and edu (DMA on command).
 */
function machine(disk: string): string[] {
  const ports = [1, 2, 3].flatMap((n) => [
    '-device',
    `pcie-root-port,id=port${n},chassis=${n},slot=${n}`,
  ]);
  const sriov =
    'msix_qsize=32,max_ioqpairs=31,sriov_max_vfs=4,sriov_vq_flexible=8,sriov_vi_flexible=8';
  return [
    ...['-machine', 'q35', '-accel', 'tcg,thread=multi', '-cpu', 'max', '-m', '3072'],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-device', 'intel-iommu,intremap=on,caching-mode=on'],
    ...ports,
    ...['-device', 'nvme-subsys,id=subsystem,nqn=vfr-lab'],
    ...['-drive', `if=none,id=disk,format=raw,file=${disk},snapshot=on`],
    ...['-device', `nvme,id=nvme,serial=VFRLAB,subsys=subsystem,bus=port1,${sriov}`],
    ...['-device', 'nvme-ns,drive=disk,bus=nvme,nsid=1,shared=on'],
    ...['-netdev', 'user,id=net,restrict=on', '-device', 'e1000e,netdev=net,bus=port2'],
    ...['-device', 'edu,bus=port3'],
  ];
}

/** Boots the guest and waits for its power-off. A guest that outlives its time is a LabError. */
export async function boot(options: Boot): Promise<void> {
  requireTools(['qemu-system-x86_64']);
  mkdirSync(options.out, { recursive: true });
  const disk = join(options.out, 'disk.img');
  writeFileSync(disk, new Uint8Array(1 << 20));
  // On a busy host the emulated timer is late, which a kernel at boot takes for a broken one.
  const kernel = 'console=ttyS0 quiet loglevel=4 intel_iommu=on no_timer_check panic=-1';
  const append = `${kernel} lab.job=${options.job}`;
  const args = [
    ...machine(disk),
    ...['-smp', String(options.cpus), '-serial', `file:${join(options.out, 'console.log')}`],
    ...['-kernel', options.kernel.image, '-initrd', options.initramfs, '-append', append],
    ...share('root', options.root, true),
    ...share('project', options.project, true),
    ...share('out', options.out, false),
  ];
  const qemu = spawn('qemu-system-x86_64', args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const timer = setTimeout(() => qemu.kill('SIGKILL'), options.timeoutSeconds * 1000);
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    qemu.on('error', reject);
    qemu.on('exit', (exitCode, exitSignal) => resolve([exitCode, exitSignal]));
  });
  clearTimeout(timer);
  if (signal !== null) {
    throw new LabError(`the guest did not power off within ${options.timeoutSeconds} s`);
  }
  if (code !== 0) throw new LabError(`qemu-system-x86_64 ended with ${code}`);
}
