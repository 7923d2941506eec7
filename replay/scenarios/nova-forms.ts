/** VFs of a GPU before nova-core in each of its forms: on the host, and in a virtual machine. */
import { FORM, FORMS, PASSED_ON, VIRTUAL_MACHINE } from '../model/drivers/index.js';
import type { FunctionDocument, ScenarioDocument } from './document.js';
import { driversProbe, GPU, gpu, gpuWithForm, nouveau, novaCore, numVfs, VF } from './parts.js';

const first = { scenario: 1, kernel: '6.17' } as const;

/** The host makes a VF. */
const onHost = (form: keyof typeof FORMS, title: string, vfDriver: string): ScenarioDocument => ({
  ...first,
  name: `nova-${form.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}-on-host`,
  title,
  machine: { functions: [gpuWithForm(FORMS[form])], drivers: [novaCore, nouveau] },
  actors: [{ name: 'sriov-admin', does: [numVfs(1)] }],
  outcomes: [{ drivers: { [GPU]: 'nova_core', [VF]: vfDriver } }],
});

/** The VF as a guest has it: a function without a PF. */
const guest = (form: number): FunctionDocument => {
  const { sriov: _, driver: __, ...alone } = gpu;
  const properties = { [FORM]: form, [VIRTUAL_MACHINE]: 1, [PASSED_ON]: 1 };
  return { ...alone, hardware: { properties } };
};

const inGuest = (form: keyof typeof FORMS, title: string, driver: string): ScenarioDocument => ({
  ...first,
  name: `nova-${form.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}-in-guest`,
  title,
  machine: { functions: [guest(FORMS[form])], drivers: [novaCore, nouveau] },
  actors: [{ name: 'guest', does: [driversProbe(GPU)] }],
  outcomes: [{ drivers: { [GPU]: driver } }],
});

export const NOVA_FORMS: readonly ScenarioDocument[] = [
  onHost('noCheck', 'nova-core as merged takes a VF on the host', 'nova_core'),
  onHost('isVirtfn', 'nova-core as posted refuses a VF, which nouveau takes', 'nouveau'),
  onHost(
    'pmcBoot1',
    'PMC_BOOT_1 shows the host a VF, which nova-core leaves to nouveau',
    'nouveau',
  ),
  onHost('hostOnly', 'a VF is refused, as this machine is not virtual', 'nouveau'),
  inGuest('isVirtfn', 'to a guest the VF is a function like any other', 'nova_core'),
  inGuest(
    'pmcBoot1',
    'PMC_BOOT_1 shows a guest the same: the driver refuses its own device',
    'nouveau',
  ),
  inGuest('hostOnly', 'a virtual machine may use the VF that it was given', 'nova_core'),
];
