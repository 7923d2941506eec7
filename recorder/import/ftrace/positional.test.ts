/**
 * Goal: of tracepoints whose text has values without names the device and the number are found.
 * Method: lines in the form of the kernels' own format strings (events/rpm, module, pci, ras of Linux
 * 6.1 and 7.3), with what they say.
 */
import { expect, test } from 'vitest';
import { importBytes } from '../../../tests/import-bytes.js';
import { ftraceText } from './index.js';

const importLine = (event: string) => {
  const line = `     kworker/0:1-9       [000] ..... 15396.771786: ${event}\n`;
  const { rows, report } = importBytes(ftraceText, Buffer.from(line));
  expect([rows.length, report.unparsed]).toEqual([1, 0]);
  return rows[0];
};

test.each([
  [
    'rpm_suspend: 0000:02:00.0 flags-a cnt-2  dep-0  auto-1 p-0 irq-0 child-0',
    { kind: 'power.runtime', device: '0000:02:00.0', value: 2n },
  ],
  [
    'rpm_return_int: rpm_suspend+0x114/0x5b0:0000:02:00.0 ret=-13',
    { kind: 'power.runtime', device: '0000:02:00.0', value: 0xffff_ffff_ffff_fff3n },
  ],
  [
    'rpm_status: 0000:02:00.0 status=RPM_SUSPENDED',
    { kind: 'power.runtime', device: '0000:02:00.0' },
  ],
  ['module_load: igb OE', { kind: 'module', text: 'igb' }],
  ['module_free: igb', { kind: 'module', text: 'igb' }],
  [
    'module_request: pci:v00008086d000010C9 wait=1 call_site=device_add',
    { kind: 'module', text: 'pci:v00008086d000010C9' },
  ],
  [
    'pci_hp_event: 0000:00:04.0 slot:4, event:CARD_PRESENT',
    { kind: 'hotplug', device: '0000:00:04.0' },
  ],
  [
    'pcie_link_event: 0000:00:04.0 type:4, reason:1, cur_bus_speed:20, max_bus_speed:23, width:4,' +
      ' flit_mode:0, status:DLLLA',
    { kind: 'hotplug', device: '0000:00:04.0' },
  ],
])('fields without names are found by their place: %s', (event, expected) => {
  expect(importLine(event)).toMatchObject({
    ...expected,
    name: event.slice(0, event.indexOf(':')),
  });
});
