/**
 * Goal: the agent of an error of PCI Express is the one that the kernel names.
 * Method: reports as kernels print them, and the masks of AER_GET_AGENT (drivers/pci/pcie/aer.c
 * 6.1.192, 6.12.117, 7.3.4), in words of the tracepoint and as a number.
 */
import { describe, expect, test } from 'vitest';
import { aerAgent } from './aer-agent.js';

const record = (severity: string, flags: string) =>
  `0000:00:05.0 PCIe Bus Error: severity=${severity}, ${flags}, TLP Header=Not available`;
const ofRecord = (flags: string, release: string | null, severity = 'Fatal', value = null) =>
  aerAgent({ name: 'aer_event', text: record(severity, flags), value }, release);
const OLD = '6.1.0-56-amd64';
const STABLE = '6.12.117+deb13-amd64';
const NEWEST = '7.3.4+deb13-amd64';

describe('a record of the tracepoint', () => {
  test.each([
    ['Completer Abort|Completion Timeout', 'Completer', 'Completer', 'Requester, Completer'],
    ['Completion Timeout|Malformed TLP', 'Requester', 'Requester', 'Requester, Receiver'],
    ['Unsupported Request Error', 'Requester', 'Receiver', 'Receiver'],
    ['AtomicOp Egress Blocked', 'Receiver', 'Transmitter', 'Transmitter'],
    ['Surprise Down Error', 'Receiver', 'Component', 'Component'],
    ['Data Link Protocol Error|0x8000000', 'Receiver', 'Transmitter', 'Receiver, Transmitter'],
  ])('a record of an error that is not corrected has the agent of its kernel: %s', (flags, ...agents) => {
    expect([OLD, STABLE, NEWEST].map((release) => ofRecord(flags, release))).toEqual(agents);
    expect(ofRecord(flags, OLD, 'Uncorrected, non-fatal')).toBe(agents[0]);
  });

  test.each([
    ['Receiver Error', 'Receiver', 'Receiver', 'Receiver'],
    ['RELAY_NUM Rollover|Bad TLP', 'Transmitter', 'Transmitter', 'Receiver, Transmitter'],
    ['Corrected Internal Error', 'Receiver', 'Component', 'Component'],
    ['Advisory Non-Fatal Error', 'Receiver', 'Receiver', null],
  ])('a record of a corrected error has the agent of its kernel: %s', (flags, ...agents) => {
    const found = [OLD, STABLE, NEWEST].map((release) => ofRecord(flags, release, 'Corrected'));
    expect(found).toEqual(agents);
  });

  test('the agent of a record comes from its number where it has one', () => {
    const text = record('Fatal', 'anything at all');
    expect(aerAgent({ name: 'aer_event', text, value: 0x8000n }, OLD)).toBe('Completer');
    expect(aerAgent({ name: 'aer_event', text, value: 0x8000_0000n }, STABLE)).toBe('Transmitter');
    expect(aerAgent({ name: 'aer_event', text, value: null }, OLD)).toBeNull();
  });

  test('the agent of a record is both where the release does not determine it', () => {
    const flags = 'Unsupported Request Error';
    expect(ofRecord(flags, null)).toBe('Requester or Receiver');
    expect(ofRecord(flags, '6.12.10')).toBe('Requester or Receiver');
    expect(ofRecord('Completion Timeout', null)).toBe('Requester');
  });

  test('a record without a bit has no agent', () => {
    expect(aerAgent({ name: 'aer_event', text: record('Fatal', ''), value: 0n }, OLD)).toBeNull();
    expect(ofRecord('', OLD)).toBeNull();
    expect(aerAgent({ name: 'aer_event', text: null, value: 1n }, OLD)).toBeNull();
  });
});

describe('a message', () => {
  const P = 'pcieport 0000:00:1c.0: ';
  test.each([
    [`${P}PCIe Bus Error: severity=Correctable, type=Physical Layer, (Receiver ID)`, 'Receiver'],
    [
      `${P}AER: PCIe Bus Error: severity=Corrected, type=Data Link Layer, id=00e0(Transmitter ID)`,
      'Transmitter',
    ],
    [
      `${P}PCIe Bus Error: severity=Uncorrectable (Fatal), type=Inaccessible, (Unregistered Agent ID)`,
      'Unregistered',
    ],
    [
      `${P}aer_status: 0x00004000, aer_mask: 0x00000000\n${P}aer_layer=Transaction Layer, aer_agent=Requester ID`,
      'Requester',
    ],
    [
      `${P}PCIe Bus Error: severity=Uncorrectable (Fatal)\n${P}  [ 4] DLP               | Receiver    | Data Link Layer  \n${P}  [14] CmpltTO           | Requester   | Transaction Layer (First)`,
      'Receiver, Requester',
    ],
    [`${P}AER: Corrected error received: 0000:3b:00.2`, null],
  ])('a message has the agent that the kernel wrote: %s', (text, agent) => {
    expect(aerAgent({ name: 'AER', text, value: 0x4000n }, NEWEST)).toBe(agent);
  });
});
