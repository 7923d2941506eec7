import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { VfrError } from '../../traces/index.js';
import { PROBE_GROUPS, type ProbeGroup } from '../catalogue/index.js';
import { ownerOf } from './instance-owner.js';
import { kernelRelease, runningKernel } from './kernel-facts.js';
import { optional } from './optional.js';
import { planProbes } from './probe-planner.js';
import { liveProbes } from './record-options.js';
import { findTracefs, TraceDirectory } from './tracefs.js';

/** One thing that recording needs. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** What was found. */
  readonly found: string;
  /** What to do about it; absent when all is well. */
  readonly next?: string;
}

/** What one group of probes would record here. */
export interface GroupCheck {
  readonly group: ProbeGroup;
  readonly describes: string;
  /** Events that would be recorded, and how many there would be if all worked. */
  readonly events: number;
  readonly probes: number;
  /** Probes and fields that would be missing, with the reasons, by event. */
  readonly missing: Readonly<Record<string, readonly string[]>>;
}

export interface Diagnosis {
  readonly kernel: string;
  /** Whether `vfr record` would record anything here. */
  readonly canRecord: boolean;
  readonly checks: readonly Check[];
  readonly groups: readonly GroupCheck[];
}

function check(name: string, ok: boolean, found: string, next: string): Check {
  return ok ? { name, ok, found } : { name, ok, found, next };
}

const readable = (file: string): boolean =>
  optional(() => {
    accessSync(file, constants.R_OK);
    return true;
  }, false);

const readOptional = (file: string): string => optional(() => readFileSync(file, 'utf8'), '');

function lockdownCheck(): Check {
  const text = readOptional('/sys/kernel/security/lockdown').trim();
  const mode = /\[(\w+)\]/.exec(text)?.[1] ?? 'none';
  return check(
    'lockdown',
    mode !== 'confidentiality',
    mode,
    'Lockdown "confidentiality" forbids tracing; secure boot or the command line sets it.',
  );
}

function environmentChecks(tracefs: TraceDirectory | undefined): Check[] {
  const root = process.geteuid?.() === 0;
  const btf = '/sys/kernel/btf/vmlinux';
  const instances = tracefs !== undefined && readable(`${tracefs.path}/instances`);
  const kprobes = instances && tracefs.has('kprobe_events');
  const symbols = /^0*[1-9a-f][0-9a-f]* \w _text$/m.test(readOptional('/proc/kallsyms'));
  return [
    check('root', root, root ? 'yes' : `no, user id ${process.geteuid?.()}`, 'Run it with sudo.'),
    check(
      'tracefs',
      instances,
      tracefs === undefined ? 'not mounted' : instances ? tracefs.path : 'not readable',
      root
        ? 'mount -t tracefs nodev /sys/kernel/tracing (the kernel needs CONFIG_TRACING)'
        : 'Run it with sudo.',
    ),
    check(
      'kprobe events',
      kprobes,
      kprobes ? 'yes' : instances ? 'no' : 'not seen',
      'Without CONFIG_KPROBE_EVENTS only tracepoints are recorded: IOMMU, signals, the kernel log.',
    ),
    check(
      'BTF',
      existsSync(btf) && readable(btf),
      readable(btf) ? btf : 'none',
      "Without CONFIG_DEBUG_INFO_BTF the kernel's structures are not known: tracepoints only.",
    ),
    check(
      'symbols',
      symbols,
      symbols ? '/proc/kallsyms' : 'addresses are hidden',
      'Functions that share a name need addresses: root, and sysctl kernel.kptr_restrict below 2.',
    ),
    lockdownCheck(),
    ...(instances && root ? [leftoverCheck(tracefs)] : []),
  ];
}

/** What killed recorders left slows the machine down as long as it stays. */
function leftoverCheck(tracefs: TraceDirectory): Check {
  const left = tracefs.list('instances').filter((name) => ownerOf(name) === 'gone');
  return check(
    'leftovers',
    left.length === 0,
    left.length === 0 ? 'none' : `killed recorders that still record: ${left.length}`,
    '`vfr record --cleanup` removes them.',
  );
}

function groupChecks(tracefs: TraceDirectory): GroupCheck[] {
  const facts = runningKernel(tracefs);
  return (Object.keys(PROBE_GROUPS) as ProbeGroup[]).map((group) => {
    const plans = planProbes(liveProbes([group]), facts);
    const missing = plans.filter(({ reasons }) => reasons.length > 0);
    return {
      group,
      describes: PROBE_GROUPS[group],
      events: plans.reduce((sum, { events }) => sum + events.length, 0),
      probes: plans.length,
      missing: Object.fromEntries(missing.map(({ probe, reasons }) => [probe.event, reasons])),
    };
  });
}

/**
 * Determines what `vfr record` could record on this machine, and why not the rest. Changes nothing.
 */
export function diagnose(): Diagnosis {
  const path = findTracefs();
  const tracefs = path === undefined ? undefined : new TraceDirectory(path);
  const checks = environmentChecks(tracefs);
  const ok = (name: string) => checks.some((one) => one.name === name && one.ok);
  const canRecord = ok('root') && ok('tracefs') && ok('lockdown');
  let groups: GroupCheck[] = [];
  try {
    if (canRecord && tracefs !== undefined) groups = groupChecks(tracefs);
  } catch (error) {
    if (!(error instanceof VfrError)) throw error;
    const failed = check('probes', false, error.message, error.next);
    return { kernel: kernelRelease(), canRecord: false, checks: [...checks, failed], groups };
  }
  return { kernel: kernelRelease(), canRecord, checks, groups };
}
