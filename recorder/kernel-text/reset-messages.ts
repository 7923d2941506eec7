/**
 * Resets and power states: kernel drivers/pci/pci.c, pci-acpi.c, pcie/err.c, quirks.c,
 * drivers/vfio/pci/vfio_pci_config.c, as of 6.16 and as older reports have them; and the resets
 * of amdgpu and vendor-reset.
 */
import { ERRNO } from '../../traces/index.js';
import { decimal, type Groups, type KernelFact, type MessageRule } from './kernel-fact.js';

const failed = (errno: keyof typeof ERRNO) => BigInt(-ERRNO[errno]);

/** pci_dev_wait(): -ENOTTY when it gives up. It waits after a reset or a resume. */
function waited({ not, ms, after, end }: Groups): KernelFact {
  const ret = not === undefined ? 0n : end === 'giving up' ? failed('ENOTTY') : undefined;
  if (after === 'resume') return { kind: 'power', name: 'resume', value: 0n, ret };
  return { kind: 'reset', name: after ?? 'reset', value: decimal(ms), ret };
}

/** D-states by number (include/linux/pci.h pci_power_t). */
const STATES: Readonly<Record<string, bigint>> = {
  ...{ d0: 0n, d1: 1n, d2: 2n, d3: 3n, d3hot: 3n, d3cold: 4n },
};
const stateOf = (text: string | undefined) => STATES[text?.toLowerCase() ?? ''];
const STATE = `(?:D0|D1|D2|D3hot|D3cold|D3|error|unknown)`;

export const RESETS: readonly MessageRule[] = [
  {
    hint: 'ready \\d+ms after',
    pattern: new RegExp(
      String.raw`(?:^|\s)(?<not>not )?ready (?<ms>\d+)ms after ` +
        String.raw`(?<after>(?:PM )?[\w>-]+(?: reset)?)(?:; (?<end>waiting|giving up))?`,
    ),
    fact: waited,
  },
  {
    hint: 'vel reset anyway|with reset anyway',
    pattern: /(?:performing (?<af>AF )?function level|proceeding with) reset anyway/,
    fact: ({ af }) => ({ kind: 'reset', name: af === undefined ? 'FLR' : 'AF_FLR' }),
  },
  {
    hint: ': res(?:etting|et done)',
    pattern: /^(?<what>resetting|reset done)\s*$/,
    fact: ({ what }) => ({
      kind: 'reset',
      name: 'reset',
      ...(what === 'reset done' && { ret: 0n }),
    }),
  },
  {
    hint: 'restoring BARs',
    pattern: /^(?:(?<name>\w+): )?reset recovery - restoring BARs/,
    fact: ({ name }) => ({ kind: 'reset', name: name ?? 'vfio_bar_restore' }),
  },
  {
    // pcie/err.c and aer.c: a port that reset the link below it. Before the result was printed
    // (5.x), the message came for every result.
    hint: 'has been reset',
    pattern: new RegExp(
      String.raw`(?<what>Root Port|Downstream Port|Downstream|Upstream Port|Port) link has been` +
        String.raw` reset(?: \((?<ret>-?\d+)\))?`,
      'i',
    ),
    fact: ({ what, ret }) => ({
      kind: 'reset',
      name: `${what} link reset`,
      ret: decimal(ret),
    }),
  },
  {
    // pcie/err.c pcie_do_recovery(), whose results are no error numbers.
    hint: 'device reset failed|link reset at',
    pattern: /(?<what>subordinate device reset|link reset) (?:at [\w :.]+ )?failed/,
    fact: ({ what }) => ({ kind: 'reset', name: `${what} failed` }),
  },
  {
    hint: 'performing reset|reset result|reset succeeded',
    pattern: new RegExp(
      String.raw`^(?:\w+: )?(?:performing (?<what>reset)|(?<how>\w+) reset succeeded|reset` +
        String.raw` result = (?<ret>-?\d+))\s*$`,
    ),
    fact: ({ how, ret }) => ({
      kind: 'reset',
      name: how === undefined ? 'vendor-reset' : `vendor-reset ${how}`,
      ret: how === undefined ? decimal(ret) : 0n,
    }),
  },
  {
    // amdgpu_device.c amdgpu_device_gpu_recover().
    hint: 'GPU reset',
    pattern: new RegExp(
      String.raw`GPU reset(?: (?<begin>begin)|\(\d+\) (?<done>succeeded)|(?:\(\d+\))? (?:end` +
        String.raw` with ret = |failed: ?)(?<ret>-?\d+)| end with ret = (?<ret2>-?\d+))`,
    ),
    fact: ({ done, ret, ret2 }) => ({
      kind: 'reset',
      name: 'GPU reset',
      ret: done === undefined ? decimal(ret ?? ret2) : 0n,
    }),
  },
  {
    // quirks.c: resets of single devices that did not end in time; they return 0 nevertheless.
    hint: 'timeout during reset|Reset dev timeout',
    pattern: /^(?:timeout during reset|Reset dev timeout)/,
    fact: () => ({ kind: 'reset', name: 'reset timeout' }),
  },
  {
    // i915 and xe as PF: the function level reset of a VF.
    hint: 'VF\\d+ FLR',
    pattern: /\bVF(?<vf>\d+) FLR/,
    fact: ({ vf }) => ({ kind: 'reset', name: 'VF FLR', value: decimal(vf) }),
  },
];

export const POWER: readonly MessageRule[] = [
  {
    // pci_power_up() and pci_set_low_power_state() return -EIO when the device is not there.
    hint: 'change power state from',
    pattern: new RegExp(
      `(?<how>Unable to|can't) change power state from ${STATE} to (?<to>${STATE})`,
      'i',
    ),
    fact: ({ to }) => ({
      kind: 'power',
      name: 'change power state',
      value: stateOf(to),
      ret: failed('EIO'),
    }),
  },
  {
    // The state was written but another one was read back: the kernel continues with the one it
    // read, and pci_set_power_state() returns 0.
    hint: 'Refused to change power state',
    pattern: new RegExp(
      String.raw`Refused to change power state(?: from (?<from>${STATE}) to ${STATE}|,` +
        String.raw` currently in (?<in>${STATE}))`,
      'i',
    ),
    fact: (groups) => ({
      kind: 'power',
      name: 'power state refused',
      value: stateOf(groups.in ?? groups.from),
    }),
  },
  {
    hint: 'power state changed by ACPI',
    pattern: new RegExp(`power state changed by ACPI to (?<to>${STATE})`, 'i'),
    fact: ({ to }) => ({ kind: 'power', name: 'ACPI', value: stateOf(to), ret: 0n }),
  },
  {
    hint: 'invalid power transition',
    pattern: new RegExp(`invalid power transition \\(from ${STATE} to (?<to>${STATE})\\)`, 'i'),
    fact: ({ to }) => ({
      kind: 'power',
      name: 'invalid power transition',
      value: stateOf(to),
      ret: failed('EINVAL'),
    }),
  },
];
