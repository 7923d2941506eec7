/** Machines and operations that shipped scenarios have in common. */
import { FORM } from '../model/drivers/index.js';
import type { DriverDocument, FunctionDocument, OperationDocument } from './document.js';

export const GPU = '0000:41:00.0';
export const VF = '0000:41:00.4';
export const VF1 = '0000:41:00.5';
export const NIC = '0000:42:00.0';
export const TWIN = '0000:43:00.0';

/** A GPU that can have VFs, which its native driver has. */
export const gpu: FunctionDocument = {
  address: GPU,
  vendor: '0x10de',
  device: '0x2342',
  class: '0x030200',
  driver: 'nova_core',
  sriov: { totalVfs: 4, offset: 4, stride: 1, vfDevice: '0x2342' },
};

const nic: FunctionDocument = {
  address: NIC,
  vendor: '0x8086',
  device: '0x10fb',
  class: '0x020000',
};
export const nics: readonly FunctionDocument[] = [nic, { ...nic, address: TWIN }];

/** The native driver of GPUs; it creates VFs by the core's simple function. */
export const novaCore: DriverDocument = { name: 'nova_core', sriov: 'simple' };
/** It refuses VFs, as a patch on the mailing list has it. */
export const novaCoreWithoutVfs: DriverDocument = { ...novaCore, probe: { vf: 'ENODEV' } };
/** The GPU, which makes the driver's form one of `FORMS`. */
export const gpuWithForm = (form: number): FunctionDocument => ({
  ...gpu,
  hardware: { properties: { [FORM]: form } },
});
export const nouveau: DriverDocument = { name: 'nouveau' };
export const vfioPci: DriverDocument = { name: 'vfio-pci' };
export const ixgbe: DriverDocument = {
  name: 'ixgbe',
  sriov: 'none',
  ids: [{ vendor: '0x8086', device: '0x10fb' }],
};

/** An operation that waits until an actor has done so many operations. */
export const after = (
  actor: string,
  did: number,
  operation: OperationDocument,
): OperationDocument => ({
  ...operation,
  when: { actor, did },
});

const ofDevice = (address: string, attribute: string, text: string): OperationDocument => ({
  write: `/sys/bus/pci/devices/${address}/${attribute}`,
  text,
});
const ofDriver = (driver: string, attribute: string, text: string): OperationDocument => ({
  write: `/sys/bus/pci/drivers/${driver}/${attribute}`,
  text,
});

export const numVfs = (n: number, pf = GPU) => ofDevice(pf, 'sriov_numvfs', `${n}\n`);
export const autoprobe = (on: 0 | 1, pf = GPU) =>
  ofDevice(pf, 'sriov_drivers_autoprobe', `${on}\n`);
export const override = (address: string, driver: string) =>
  ofDevice(address, 'driver_override', `${driver}\n`);
/** A write of an attribute of power management. */
export const power = (address: string, attribute: 'control', text: string) =>
  ofDevice(address, `power/${attribute}`, text);
export const bind = (driver: string, address: string) => ofDriver(driver, 'bind', address);
export const unbind = (driver: string, address: string) => ofDriver(driver, 'unbind', address);
export const newId = (driver: string, ids: string) => ofDriver(driver, 'new_id', ids);
export const driversProbe = (address: string): OperationDocument => ({
  write: '/sys/bus/pci/drivers_probe',
  text: address,
});
export const remove = (address: string) => ofDevice(address, 'remove', '1\n');

/** As soon as a function is there, as udev acts on its uevent. */
export const whenThere = (address: string, operation: OperationDocument): OperationDocument => ({
  ...operation,
  when: { exists: address },
});
