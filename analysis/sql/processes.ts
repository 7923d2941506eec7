import type { ViewDefinition } from './definition.js';

export const processes: ViewDefinition = {
  type: 'view',
  name: 'processes',
  doc:
    'Processes that the trace knows: by their own events, or because they ran when others were ' +
    'recorded. A process that ran several programs has one row for each.',
  columns: {
    pid: ['thread', 'process; its thread where the process was not recorded'],
    task: ['text', 'last comm that was recorded with it'],
    command: ['text', 'command line, or the program’s file; null when no event says'],
    parent: ['thread', 'process that made it, if its fork was recorded'],
    program_seq: ['seq', 'event that says its command line'],
    started_ts: ['time', 'when it was made, if its fork was recorded'],
    exited_ts: ['time', 'when it exited, if that was recorded'],
    first_seq: ['seq', 'the first event of it'],
    last_seq: ['seq', 'the last event of it'],
    events: ['count', 'events of it'],
    cgroup: ['text', 'control group: names containers, pods and virtual machines'],
  },
  // finalize_exec has the arguments as a JSON list; the identity that the recorder read from
  // /proc is an object; sched_process_exec and sched_process_fork are text of the kernel.
  sql: `
WITH seen AS (
  SELECT trace, coalesce(pid, tid) AS pid, arg_max(task, seq) FILTER (task IS NOT NULL) AS task,
    min(seq) AS first_seq, max(seq) AS last_seq, count(*) AS events
  FROM events_of(NULL) WHERE coalesce(pid, tid) IS NOT NULL GROUP BY ALL
), said AS (
  SELECT trace, seq, ts, coalesce(pid, tid) AS pid, name, text, left(ltrim(text), 1) AS form
  FROM events_of(['process']) WHERE phase <> 'end'
), programs AS (
  SELECT trace, pid, seq,
    CASE form
      WHEN '[' THEN array_to_string(CAST(json_extract_string(text, '$[*]') AS VARCHAR[]), ' ')
      WHEN '{' THEN
        array_to_string(CAST(json_extract_string(text, '$.cmdline[*]') AS VARCHAR[]), ' ')
      ELSE nullif(regexp_extract(text, 'filename=(.*?) pid=', 1), '') END AS command,
    CASE form WHEN '{' THEN json_extract_string(text, '$.cgroup') END AS cgroup
  FROM said WHERE name IN ('exec', 'actor')
), best AS (
  -- The kernel records a program twice where both probes are armed: arguments say more.
  SELECT trace, pid, command, arg_max(seq, length(command)) AS seq, any_value(cgroup) AS cgroup
  FROM programs WHERE command IS NOT NULL GROUP BY trace, pid, command
), forks AS (
  SELECT trace, try_cast(regexp_extract(text, 'child_pid=([0-9]+)', 1) AS UINTEGER) AS pid,
    max(ts) AS ts, arg_max(pid, seq) AS parent
  FROM said WHERE name = 'fork' GROUP BY ALL
), exits AS (
  SELECT trace, pid, max(ts) AS ts FROM said WHERE name = 'exit' GROUP BY trace, pid
)
SELECT s.trace, s.pid, s.task, b.command, f.parent, b.seq AS program_seq, f.ts AS started_ts,
  x.ts AS exited_ts, s.first_seq, s.last_seq, s.events, b.cgroup
FROM seen s LEFT JOIN best b ON b.trace = s.trace AND b.pid = s.pid
LEFT JOIN forks f ON f.trace = s.trace AND f.pid = s.pid
LEFT JOIN exits x ON x.trace = s.trace AND x.pid = s.pid
ORDER BY s.trace, s.first_seq, b.seq`,
  example: 'SELECT pid, command, parent FROM processes WHERE command IS NOT NULL',
};
