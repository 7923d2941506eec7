/**
 * Numbers of Perfetto's published schema, protos/perfetto/trace/, as of August 2026. Numbers of
 * fields never change there.
 */

export const PACKET = {
  ftraceEvents: 1,
  processTree: 2,
  clockSnapshot: 6,
  sequence: 10,
  ftraceStats: 34,
  dropped: 42,
  systemInfo: 45,
  compressed: 50,
  compressedZstd: 133,
} as const;

/** What else a packet may be; counted under these names, or by the number. */
export const PACKET_NAMES: Readonly<Record<number, string>> = {
  5: 'chrome_events',
  7: 'sys_stats',
  9: 'process_stats',
  11: 'track_event',
  33: 'trace_config',
  35: 'trace_stats',
  36: 'synchronization_marker',
  39: 'android_log',
  47: 'packages_list',
  60: 'track_descriptor',
  66: 'perf_sample',
  67: 'cpu_info',
  69: 'service_event',
  89: 'trace_uuid',
  132: 'journald_event',
};

/** Fields that say something of the packet, and not what it is. */
export const PACKET_PROPERTIES: ReadonlySet<number> = new Set([
  ...[3, 8, 10, 12, 13, 41, 42, 58, 59, 79, 87, 98],
]);

export const BUNDLE = {
  cpu: 1,
  event: 2,
  lostEvents: 3,
  compactSched: 4,
  clock: 5,
  error: 8,
  descriptor: 11,
} as const;

/** Clocks of ftrace by their number; the default is the boot clock. */
export const CLOCKS: Readonly<Record<number, string>> = {
  0: 'boot',
  2: 'global',
  3: 'local',
  4: 'mono_raw',
};

export const EVENT = { timestamp: 1, pid: 2, commonFlags: 5 } as const;
export const GENERIC = 327;
export const KPROBE = 542;
export const SYS_ENTER = 329;
export const SYS_EXIT = 330;
/** Events that describe themselves have numbers from here on. */
export const DESCRIBED_MIN = 65536;

/** An event whose fields have numbers of their own. */
export interface TypedEvent {
  readonly name: string;
  readonly fields: Readonly<Record<number, string>>;
}

/** Events of the kernel that vfr makes something of; of others only the number is counted. */
export const TYPED: Readonly<Record<number, TypedEvent>> = {
  3: { name: 'print', fields: { 2: 'buf' } },
  36: { name: 'irq_handler_entry', fields: { 1: 'irq', 2: 'name' } },
  37: { name: 'irq_handler_exit', fields: { 1: 'irq', 2: 'ret' } },
  237: { name: 'sched_process_exec', fields: { 1: 'filename', 2: 'pid', 3: 'old_pid' } },
  238: { name: 'sched_process_exit', fields: { 1: 'comm', 2: 'pid', 4: 'prio' } },
  239: {
    name: 'sched_process_fork',
    fields: { 1: 'comm', 2: 'pid', 3: 'child_comm', 4: 'child_pid' },
  },
  408: { name: 'console', fields: { 1: 'msg' } },
};

/** Events that state the names of threads: field numbers of the thread's id and of its name. */
export const NAMING: Readonly<Record<number, readonly (readonly [id: number, name: number])[]>> = {
  4: [
    [2, 1],
    [6, 5],
  ],
  17: [[2, 1]],
  20: [[2, 1]],
  235: [[1, 2]],
  236: [[1, 3]],
};

/** Names of the most frequent events that are only counted. */
export const COUNTED: Readonly<Record<number, string>> = {
  4: 'sched_switch',
  11: 'cpu_frequency',
  13: 'cpu_idle',
  17: 'sched_wakeup',
  20: 'sched_waking',
  114: 'sched_wakeup_new',
  235: 'task_newtask',
  236: 'task_rename',
  240: 'sched_process_free',
};
