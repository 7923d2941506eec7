/** The rules that come with vfr, and the sets of them. */
import type { CheckRule } from './finding.js';

/** A release of a driver that takes this long is blocked. */
const BLOCKED_NS = 5_000_000_000;

/** What a rule that comes with vfr consists of. */
type BuiltIn = Omit<CheckRule, 'finds' | 'place'> & { readonly sql: string };

const builtIn = ({ sql, ...rule }: BuiltIn): CheckRule => ({
  ...rule,
  finds: { type: 'rows', sql },
  place: null,
});

const DIVERGENCE = builtIn({
  id: 'divergence',
  severity: 'error',
  title: 'The kernel did what the model predicts',
  sql: `SELECT seq, device, text FROM findings WHERE finding = 'divergence' ORDER BY seq`,
  explained: false,
});

const RACE = builtIn({
  id: 'race',
  severity: 'warning',
  title: 'No two programs raced for a device',
  sql: `SELECT seq, device, text FROM findings WHERE finding = 'race' ORDER BY seq`,
  explained: false,
});

const REFUSED_FAULT = builtIn({
  id: 'refused-fault',
  severity: 'error',
  title: 'No fault was refused: no SIGBUS, no DMA that the IOMMU blocked',
  sql: `
SELECT seq, device, text FROM findings WHERE finding = 'fault' AND severity = 'error' ORDER BY seq`,
  explained: true,
});

const BLOCKED_UNBIND = builtIn({
  id: 'blocked-unbind',
  severity: 'error',
  title: `No release of a driver waited for ${BLOCKED_NS / 1e9} s`,
  sql: `
SELECT seq, device, 'waited ' || round(duration / 1e9, 3) || ' s for ' || waits_for
  || coalesce(' ' || holder_task || '-' || holder_tid, '')
  || CASE WHEN ended THEN '' ELSE ', and still did at the end' END AS text
FROM waits WHERE duration >= ${BLOCKED_NS} ORDER BY seq`,
  explained: true,
});

const NOT_RESET = builtIn({
  id: 'not-reset',
  severity: 'warning',
  title: 'A device was reset between two owners',
  sql: `SELECT seq, device, text FROM findings WHERE finding = 'not reset' ORDER BY seq`,
  explained: false,
});

const LOSS = builtIn({
  id: 'loss',
  severity: 'error',
  title: 'No events were lost',
  sql: `SELECT seq, device, text FROM findings WHERE finding = 'loss' ORDER BY seq`,
  explained: false,
});

/** The sets by name; `default` is used if none is named. */
export const RULE_SETS: Readonly<Record<string, readonly CheckRule[]>> = {
  default: [DIVERGENCE, RACE, REFUSED_FAULT, BLOCKED_UNBIND, LOSS],
  'driver-author': [DIVERGENCE, REFUSED_FAULT, BLOCKED_UNBIND, LOSS],
  operator: [RACE, BLOCKED_UNBIND, NOT_RESET, LOSS],
  vmm: [DIVERGENCE, REFUSED_FAULT, NOT_RESET, LOSS],
};
