/** What an actor does, as people would type it. */
import type { Action } from '../kernel/index.js';

/** Such as `echo vfio-pci > devices/0000:41:00.4/driver_override`; paths begin at the PCI bus. */
export function actionText(action: Action): string {
  switch (action.type) {
    case 'write':
      return `echo ${action.text.trim() || '""'} > ${pathOf(action)}`;
    case 'read':
      return `cat devices/${action.address}/${action.attribute}`;
    case 'set':
      return `${action.variable} = ${action.text ?? 'unset'}`;
    case 'load':
      return `modprobe ${action.driver}`;
    case 'unload':
      return `modprobe -r ${action.driver}`;
    case 'plug':
      return `plug ${action.addresses.join(' ')}`;
    case 'open':
      return `open ${action.file} ${action.address ?? action.as}`;
    case 'ioctl':
      return `${action.name} on ${action.file}`;
    case 'access':
      return `${action.write ? 'pwrite' : 'pread'} region ${action.region} of ${action.file}`;
    case 'transfer':
      return `${action.write ? 'write' : 'read'} ${action.count} of ${action.file}`;
    case 'mmap':
    case 'close':
      return `${action.type} ${action.file}`;
    case 'signal':
      return `a write to ${action.file}`;
    case 'munmap':
    case 'touch':
      return `${action.type} ${action.map}`;
    case 'inherit':
      return `fork of ${action.process}`;
    case 'settle':
      return 'udevadm settle';
    case 'kmod_load':
      return `modprobe by the MODALIAS of ${action.address}`;
    case 'chown':
      return `chown of the ${action.file} of ${action.address}`;
    case 'exit':
      return 'exit';
    case 'unplug':
    case 'removal':
    case 'release':
    case 'interrupt':
    case 'dma':
      return `${action.type} ${action.address}`;
  }
}

function pathOf({ attribute, address, driver, links }: Extract<Action, { type: 'write' }>): string {
  const link = links?.at(-1);
  if (link?.type === 'driver') return `devices/${link.address}/driver/${attribute}`;
  if (address !== null) return `devices/${address}/${attribute}`;
  return driver === null ? attribute : `drivers/${driver}/${attribute}`;
}
