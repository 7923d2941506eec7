/**
 * Errors of PCI Express: kernel drivers/pci/pcie/aer.c (aerdrv_errprint.c before 4.19), dpc.c and
 * err.c, and edr.c, as of 7.3 and in the form of older reports. All messages of one error are one
 * event, with the device that reported it, the device that caused it, and its status.
 */
import {
  BDF,
  domainOf,
  type Groups,
  hex,
  type KernelFact,
  type Message,
  type MessageRule,
  requester,
} from './kernel-fact.js';

/**
 * Bits of the status registers, as aer_correctable_error_string and its sibling call them (5.x).
 */
const CORRECTABLE: Readonly<Record<number, string>> = {
  ...{ 0: 'RxErr', 6: 'BadTLP', 7: 'BadDLLP', 8: 'Rollover', 12: 'Timeout' },
  ...{ 13: 'NonFatalErr', 14: 'CorrIntErr', 15: 'HeaderOF' },
};
const UNCORRECTABLE: Readonly<Record<number, string>> = {
  ...{ 4: 'DLP', 5: 'SDES', 12: 'TLP', 13: 'FCP', 14: 'CmpltTO', 15: 'CmpltAbrt' },
  ...{ 16: 'UnxCmplt', 17: 'RxOF', 18: 'MalfTLP', 19: 'ECRC', 20: 'UnsupReq', 21: 'ACSViol' },
  ...{ 22: 'UncorrIntErr', 23: 'BlockedTLP', 24: 'AtomicOpBlocked', 25: 'TLPBlockedErr' },
  ...{ 26: 'PoisonTLPBlocked' },
};

const BUS_ERROR = new RegExp(
  String.raw`^(?:(?<driver>[\w-]+) ${BDF}[^ ]* )?(?:\S+ )?\s*(?:AER: )?(?:PCIe|CXL) Bus Error:` +
    String.raw` severity=(?<severity>\w+(?: \((?!Inacc)[\w-]+\))?)`,
  'm',
);
/** The whole of it: aer_error_layer and aer_agent_string, which 7.3 prints in the lines of bits. */
const WHOLE_ERROR = new RegExp(
  String.raw`(?:PCIe|CXL) Bus Error: severity=\w+(?: \([\w-]+\))*(?:, type=(?:Inaccessible|` +
    String.raw`(?:Physical|Data Link|Transaction)(?: Layer)?)` +
    String.raw`(?:, (?:id=\w+)?\([A-Z]\w+(?: Agent)? ID\))?)?`,
);
const RECEIVED = new RegExp(
  String.raw`(?:Multiple )?(?<severity>\w+(?: \([\w-]+\))?) [Ee]rror (?:messages? )?received` +
    String.raw`(?:,? first one)?(?: from|:)? (?:${BDF}|id=(?<id>[0-9a-f]{1,4}))`,
);
const STATUS = new RegExp(
  String.raw`(?:error status/mask=|aer_(?:(?:un)?cor_)?status: 0x)([0-9a-f]{8})` +
    String.raw`(?:/|, aer_(?:(?:un)?cor_)?mask: 0x)([0-9a-f]{8})`,
);

/** Names of the bits that are set and not masked. */
function bitsOf(text: string, isCorrectable: boolean): { value?: bigint; names: string } {
  const match = STATUS.exec(text);
  if (match === null) return { names: '' };
  const value = hex(match[1])!;
  const seen = value & ~hex(match[2])!;
  const names = Object.entries(isCorrectable ? CORRECTABLE : UNCORRECTABLE)
    .filter(([bit]) => ((seen >> BigInt(bit)) & 1n) === 1n)
    .map(([, name]) => ` ${name}`);
  return { value, names: names.join('') };
}

/**
 * One error. The details name the device that caused it; the port that received it knows only an
 * id.
 */
function errorOf(_: Groups, { text, device }: Message): KernelFact | null {
  const received = RECEIVED.exec(text)?.groups;
  const error = BUS_ERROR.exec(text)?.groups;
  if (received === undefined && error === undefined) return null;
  const severity = error?.severity ?? received?.severity ?? '';
  const { value, names } = bitsOf(text, severity.startsWith('Correct'));
  const agent = received?.device ?? requester(received?.id, domainOf(device));
  const driver = error?.driver === 'pci' ? undefined : error?.driver;
  return {
    kind: 'fault.aer',
    name: `AER ${severity}${names}`,
    device: error?.device ?? agent,
    ...(driver !== undefined && { driver }),
    value,
  };
}

export const AER: readonly MessageRule[] = [
  { hint: ' received', pattern: RECEIVED, fact: (g, m) => (isAer(m) ? errorOf(g, m) : null) },
  { hint: ' Bus Error: severity', pattern: WHOLE_ERROR, fact: errorOf },
  {
    // cper_print_aer(): what the firmware read of an error that it handles first.
    hint: 'aer_',
    pattern: /aer_(?:(?:un)?cor_)?status: 0x[0-9a-f]{8}, aer_/,
    fact: (_, { text }) => {
      const isCorrectable = !/aer_uncor_/.test(text);
      const { value, names } = bitsOf(text, isCorrectable);
      return { kind: 'fault.aer', name: `AER firmware first${names}`, value };
    },
  },
  {
    hint: 'containment event',
    pattern: /DPC:? containment event, status:(?<status>0x[0-9a-f]+)/,
    fact: ({ status }, { text }) => {
      const why = /(?:DPC: ?|status:0x[0-9a-f]+[:,] )([\w ]+?) (?:detected|received from)/.exec(
        text,
      )?.[1];
      return {
        kind: 'fault.aer',
        name: why === undefined ? 'DPC' : `DPC ${why}`,
        value: hex(status),
      };
    },
  },
  {
    // find_source_device() and report_error_detected().
    hint: "can't (?:find device|recover)",
    pattern: /(?<what>can't (?:find device|recover))(?: of ID(?<id>[0-9a-f]{4}))?/,
    fact: ({ what, id }) => ({ kind: 'log', name: `AER ${what}`, value: hex(id) }),
  },
  {
    hint: 'EDR event',
    pattern: /^EDR: EDR event received/,
    fact: () => ({ kind: 'log', name: 'EDR event' }),
  },
  {
    // pcie_do_recovery(): the result for the devices below the port.
    hint: 'device recovery ',
    pattern: /device recovery (?<result>failed|successful)/,
    fact: ({ result }) => ({ kind: 'log', name: `AER device recovery ${result}` }),
  },
];

const isAer = ({ body }: Message): boolean =>
  /^(?:AER: |\+?AER)/.test(body) || / id=[0-9a-f]{4}/.test(body);
