import type { ViewDefinition } from './definition.js';

export const owners: ViewDefinition = {
  type: 'view',
  name: 'owners',
  doc:
    'Who controlled each device, one after the other: a driver of the kernel from binding to ' +
    'release, or a user of VFIO from opening to closing. Between two of them the device should ' +
    'be reset. A VFIO driver by itself is no owner.',
  columns: {
    device: ['device', 'PCI address'],
    owner: ['text', 'the driver, or the comm and number of the thread that opened the device'],
    is_user: ['flag', 'whether it is a user of VFIO'],
    from_seq: ['seq', 'event from which it had the device; null when it had it before'],
    to_seq: ['seq', 'event at which it gave it up; null when it had it at the end'],
    previous: ['text', 'the owner before it since the device was added; null for the first'],
    reset_seq: [
      'seq',
      'the last reset that succeeded after the one before gave the device up, and before this ' +
        'one had it; null when there was none',
    ],
    reset_method: ['text', 'how: the kernel function'],
    was_reset: [
      'flag',
      'whether there was such a reset; null for the first owner since the device was added',
    ],
  },
  // A VFIO user has the device from the end of vfio_pci_core_enable(), which resets it, until
  // vfio_pci_core_close_device(), whose resets come after that event.
  sql: `
WITH own AS (
  SELECT trace, device, driver AS owner, false AS is_user, bound_seq AS from_seq,
    released_seq AS to_seq, coalesce(bound_seq, 0) AS since
  FROM lib.bindings WHERE driver NOT LIKE '%vfio%' AND driver <> 'pci-stub'
  UNION ALL
  SELECT trace, device, task || '-' || tid, true, opened_seq, closed_seq, opened_seq
  FROM lib.holders
), lives AS (
  SELECT trace, device, coalesce(added_seq, 0) AS since FROM lib.device_lifetimes
), placed AS (
  SELECT o.*, l.since AS life
  FROM own o ASOF LEFT JOIN lives l
    ON l.trace = o.trace AND l.device = o.device AND l.since <= o.since
), paired AS (
  SELECT *, lag(owner) OVER w AS previous, lag(coalesce(to_seq, since)) OVER w AS free_seq
  FROM placed WINDOW w AS (PARTITION BY trace, device, life ORDER BY since)
), done AS (
  SELECT trace, device, seq, end_seq, method FROM lib.resets
  WHERE ret = 0 AND device IS NOT NULL AND end_seq IS NOT NULL
), found AS (
  SELECT p.trace, p.device, p.since, r.seq, r.method
  FROM paired p ASOF JOIN done r
    ON r.trace = p.trace AND r.device = p.device AND r.seq < p.since
  WHERE r.seq > p.free_seq
)
SELECT p.trace, p.device, p.owner, p.is_user, p.from_seq, p.to_seq, p.previous,
  f.seq AS reset_seq, f.method AS reset_method,
  CASE WHEN p.previous IS NOT NULL THEN f.seq IS NOT NULL END AS was_reset
FROM paired p LEFT JOIN found f ON f.trace = p.trace AND f.device = p.device AND f.since = p.since
ORDER BY p.trace, p.device, p.since`,
  example: 'SELECT device, previous, owner FROM owners WHERE NOT was_reset',
};
