/**
 * Goal: what the kernel does about an error that a port reports is predicted: the channel state, who
 * is told, what recovery returns.
 * Method: recordings built by hand after drivers/pci/pcie/err.c and aer.c of 6.12 and 7.3: a root
 * port with two functions below it that vfio-pci has, and one that has no driver where a test says so.
 */
import { describe, expect, test } from 'vitest';
import { buildTrace, type EventRow } from '../../../tests/build-trace.js';
import { MemorySource, TraceReader } from '../../../traces/index.js';
import { replay } from '../../index.js';

const PORT = '0000:00:05.0';
const FUNCTIONS = ['0000:0b:00.0', '0000:0b:00.1'];
const THREAD = { pid: 72, tid: 72 };
const [NORMAL, FROZEN] = [1n, 2n];
const [CAN_RECOVER, NEED_RESET, DISCONNECT, RECOVERED, NO_AER_DRIVER] = [2n, 3n, 4n, 5n, 6n];
const SEVERITY = {
  corrected: 'Corrected',
  'non-fatal': 'Uncorrected, non-fatal',
  fatal: 'Fatal',
} as const;

function present(device: string, driver: string | null): EventRow {
  const data = new Uint8Array(256);
  if (device === PORT) data.set([1], 0x0e);
  if (device === PORT) data.set([0, 0x0b, 0x0b], 0x18);
  const text = JSON.stringify({ driver, vendor: '0x8086', device: '0x1', class: '0x0' });
  return { kind: 'snapshot', name: 'start', device, data, text, ...(driver ? { driver } : {}) };
}

class Port {
  readonly rows: EventRow[];

  constructor(readonly drivers: readonly (string | null)[] = ['vfio-pci', 'vfio-pci']) {
    const functions = drivers.map((driver, i) => present(FUNCTIONS[i], driver));
    this.rows = [present(PORT, 'pcieport'), ...functions, { kind: 'snapshot', name: 'end' }];
  }

  reports(severity: keyof typeof SEVERITY): this {
    const text = `${PORT} PCIe Bus Error: severity=${SEVERITY[severity]}, Bad TLP, TLP Header=Not available`;
    this.rows.push({ kind: 'fault.aer', name: 'aer_event', device: PORT, ...THREAD, text });
    return this;
  }

  #call(row: EventRow, ret: bigint, inside: () => void = () => {}): this {
    const span = this.rows.push({ ...THREAD, ...row, phase: 'begin' }) - 1;
    inside();
    this.rows.push({ ...THREAD, ...row, phase: 'end', span, ret });
    return this;
  }

  recovers(value: bigint, ret: bigint, inside: (port: Port) => void): this {
    const row: EventRow = { kind: 'recovery', name: 'pcie_do_recovery', device: PORT, value };
    return this.#call(row, ret, () => inside(this));
  }

  tells(device: string, value: bigint, ret = CAN_RECOVER, signals = false): this {
    const name = 'vfio_pci_core_aer_err_detected';
    return this.#call({ kind: 'recovery', name, device, value }, ret, () => {
      const signal: EventRow = { kind: 'eventfd', name: 'eventfd_signal', ...THREAD, value: 4n };
      if (signals) this.rows.push(signal);
    });
  }

  resets(ret: bigint): this {
    const name = 'pci_bridge_secondary_bus_reset';
    return this.#call({ kind: 'reset', name, text: PORT }, ret);
  }

  /** Containment cut the link, and the kernel waits until it is back. */
  leavesContainment(ret: bigint): this {
    return this.#call({ kind: 'recovery', name: 'dpc_reset_link', device: PORT }, ret);
  }

  /** Divergences and matches of recovery. */
  on(kernel: string) {
    const reader = new TraceReader(new MemorySource(buildTrace(this.rows)));
    const { kinds, divergences } = replay(reader.read(), { kernel });
    const { matched = 0, unknown = 0 } = kinds.recovery ?? {};
    const found = divergences.map((d) => `${d.name} ${d.phase}: ${d.expected} | ${d.actual}`);
    return { matched, unknown, found };
  }
}

const tellAll = (port: Port, state: bigint) => {
  for (const device of FUNCTIONS) port.tells(device, state);
};

describe('an error that is not fatal', () => {
  test('an error that is not fatal is recovered from when every function says that it can', () => {
    const port = new Port().reports('non-fatal');
    port.recovers(NORMAL, RECOVERED, () => tellAll(port, NORMAL));
    expect(port.on('6.12.0')).toEqual({ matched: 6, unknown: 0, found: [] });
  });

  test('an error that is not fatal does not become a recovery of a frozen channel without a cause', () => {
    const port = new Port().reports('fatal');
    port.recovers(NORMAL, RECOVERED, () => tellAll(port, NORMAL));
    expect(port.on('6.12.0').found).toEqual(['pcie_do_recovery begin: 2 | 1']);
  });

  test('an error that is not fatal is not recovered from when a function has no driver', () => {
    const port = new Port(['vfio-pci', null]).reports('non-fatal');
    port.recovers(NORMAL, RECOVERED, () => port.tells(FUNCTIONS[0], NORMAL));
    expect(port.on('6.12.0').found).toEqual([expect.stringMatching(/^pcie_do_recovery end: /)]);
    const failed = new Port(['vfio-pci', null]).reports('non-fatal');
    failed.recovers(NORMAL, NO_AER_DRIVER, () => failed.tells(FUNCTIONS[0], NORMAL));
    expect(failed.on('6.12.0').found).toEqual([]);
  });

  test('an error that is not fatal is unknown when another driver is asked', () => {
    const port = new Port(['vfio-pci', 'e1000e']).reports('non-fatal');
    port.recovers(NORMAL, RECOVERED, () => port.tells(FUNCTIONS[0], NORMAL));
    expect(port.on('6.12.0')).toMatchObject({ unknown: 1, found: [] });
  });
});

describe('a function of vfio-pci below the port', () => {
  test('a function of vfio-pci below the port has to be informed of an error', () => {
    const port = new Port().reports('non-fatal');
    port.recovers(NORMAL, RECOVERED, () => port.tells(FUNCTIONS[0], NORMAL));
    expect(port.on('6.12.0').found).toEqual([
      `pcie_do_recovery end: ${FUNCTIONS[1]} is informed | it was not`,
    ]);
  });

  test('a function of vfio-pci below the port receives the state with which recovery began', () => {
    const port = new Port().reports('non-fatal');
    port.recovers(NORMAL, RECOVERED, () =>
      port.tells(FUNCTIONS[0], NORMAL).tells(FUNCTIONS[1], FROZEN),
    );
    expect(port.on('6.12.0').found).toEqual(['vfio_pci_core_aer_err_detected begin: 1 | 2']);
  });

  test('always says that it can recover', () => {
    const port = new Port().reports('non-fatal');
    port.recovers(NORMAL, RECOVERED, () =>
      port.tells(FUNCTIONS[0], NORMAL, 4n).tells(FUNCTIONS[1], NORMAL),
    );
    expect(port.on('6.12.0').found).toHaveLength(1);
  });

  test('a function of vfio-pci below the port is not informed of an error elsewhere', () => {
    const port = new Port().reports('non-fatal');
    port.recovers(NORMAL, RECOVERED, () => {
      tellAll(port, NORMAL);
      port.tells('0000:0c:00.0', NORMAL);
    });
    expect(port.on('6.12.0').found).toHaveLength(1);
  });
});

describe('a fatal error', () => {
  const fatal = (reset: bigint, ret: bigint) => {
    const port = new Port().reports('fatal');
    return port.recovers(FROZEN, ret, () => {
      tellAll(port, FROZEN);
      port.resets(reset);
    });
  };

  test('a fatal error is recovered from when the bus was reset', () => {
    expect(fatal(0n, RECOVERED).on('6.12.0').found).toEqual([]);
    expect(fatal(0n, CAN_RECOVER).on('6.12.0').found).toHaveLength(1);
  });

  test('a fatal error leaves what the drivers said when the bus cannot be reset, before 6.13', () => {
    expect(fatal(-25n, CAN_RECOVER).on('6.12.0').found).toEqual([]);
    expect(fatal(-25n, NEED_RESET).on('6.12.0').found).toHaveLength(1);
    // A distribution may have the change of a later kernel.
    expect(fatal(-25n, RECOVERED).on('6.12.0')).toMatchObject({ unknown: 1, found: [] });
    expect(fatal(-25n, RECOVERED).on('7.3.0').found).toEqual([]);
    expect(fatal(-25n, RECOVERED).on('6.18.0').found).toEqual([]);
  });

  test('a fatal error is unknown when nothing shows whether the bus was reset', () => {
    const port = new Port().reports('fatal');
    port.recovers(FROZEN, CAN_RECOVER, () => tellAll(port, FROZEN));
    expect(port.on('6.12.0')).toMatchObject({ unknown: 1, found: [] });
  });
});

describe('a contained error', () => {
  const contained = (link: bigint, ret: bigint, state = FROZEN) => {
    const port = new Port();
    return port.recovers(state, ret, () => {
      tellAll(port, state);
      port.leavesContainment(link);
    });
  };

  test('a contained error is recovered from when the link comes back', () => {
    expect(contained(RECOVERED, RECOVERED).on('6.12.0')).toEqual({
      matched: 7,
      unknown: 0,
      found: [],
    });
    expect(contained(RECOVERED, CAN_RECOVER).on('6.12.0').found).toHaveLength(1);
  });

  test('a contained error leaves what the drivers said when the link stays away', () => {
    expect(contained(DISCONNECT, CAN_RECOVER).on('6.12.0').found).toEqual([]);
    expect(contained(DISCONNECT, NEED_RESET).on('6.12.0').found).toHaveLength(1);
    expect(contained(DISCONNECT, RECOVERED).on('6.12.0')).toMatchObject({ unknown: 1, found: [] });
    // 7.3 has let the drivers access the device before.
    expect(contained(DISCONNECT, RECOVERED).on('7.3.0').found).toEqual([]);
  });

  test('a contained error always freezes the channel', () => {
    const { found } = contained(RECOVERED, RECOVERED, NORMAL).on('6.12.0');
    expect(found).toEqual(['dpc_reset_link begin: 2 | 1']);
  });

  test('a contained error ends with a link that is back or is not', () => {
    expect(contained(NEED_RESET, CAN_RECOVER).on('6.12.0').found).toHaveLength(1);
  });
});

test('a recovery without a report of its error is a stimulus', () => {
  const port = new Port();
  port.recovers(FROZEN, RECOVERED, () => tellAll(port, FROZEN));
  expect(port.on('6.12.0').found).toEqual([]);
});
