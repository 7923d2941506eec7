/**
 * Goal: the cause that is given for a failed ioctl is the one for which it really failed.
 * Method: clients of VFIO and iommufd that make wrong calls on purpose, and say in their own logs
 * what is wrong with each, what it returned, and with which errno. Their words are compared with
 * the causes that come from the recording of the kernel alone.
 */
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { EventCursor } from '../../replay/index.js';
import { CAPTURE_KERNELS } from '../../tests/capture-kernels.js';
import { importedCapture } from '../../tests/captures.js';
import { clientLogs, type ToldCall } from '../../tests/client-log.js';
import { testData } from '../../tests/test-data.js';
import { Explainer, type Why } from './index.js';

/** What a client says of its call, and what has to be in the cause then. */
const CAUSES: readonly (readonly [says: RegExp, cause: RegExp])[] = [
  [/before bind/, /not bound to an iommufd yet/],
  [/^BIND_IOMMUFD twice/, /the file is bound already/],
  [/^BIND_IOMMUFD second file/, /another file of the device is bound/],
  [/^BIND_IOMMUFD closed fd/, /no open descriptor/],
  [/^BIND_IOMMUFD not an iommufd/, /is not one of an iommufd/],
  [/^BIND_IOMMUFD (while the group|group open)/, /a user has its group/],
  [/^(ATTACH|DETACH)_IOMMUFD_PT on a device of a group/, /the file is of a group/],
  [/^ATTACH_IOMMUFD_PT (destroyed|no such|zero)/, /object \d+ does not exist/],
  [/^(BIND_IOMMUFD|FEATURE|DEVICE_GET_INFO|IOMMU_IOAS_MAP) NULL/, /cannot be read|argument is 0/],
  [/^\S+ (flags=\d+ )?argsz=\d+( |$)/, /argsz is|argsz do not fit|flags 0x/],
  [/^\S+ flags[ =]/, /flags/],
  [/^\S+ unknown flag/, /flags .* are not all known/],
  [/get and set|set and get/, /GET and SET exclude each other/],
  [/^FEATURE (mig )?neither/, /neither GET nor SET|no feature|no migration/],
  [/^FEATURE low power entry again/, /in low power already/],
  [/^FEATURE vf token/, /only a PF with SR-IOV has a token/],
  [/^FEATURE no such feature/, /no feature/],
  [/^FEATURE mig-set .*(arc|nothing written|short|too long)/, /no way leads from migration state/],
  [/^FEATURE log-start bad address/, /cannot be read/],
  [/^IOMMU_DESTROY .*(while attached|while its file is open|device id id)/, /uses object/],
  [/^IOMMU_DESTROY (no such|zero)/, /does not exist/],
  [/^IOMMU_\w+ (no such (ioas|src|dst|device)|none$)/, /object \d+ does not exist/],
  [/^IOMMU_DESTROY ioas (with mappings|again)/, /uses object|does not exist/],
  [/^IOMMU_\w+ (ioas( as device)?|device id as ioas)( |$)/, /is of type (ioas|device), not/],
  [/^IOMMU_HWPT_ALLOC .*(device as pt|no such pt)/, /neither an IOAS nor a page table/],
  [/^IOMMU_HWPT_ALLOC (dirty tracking|nest parent)/, /driver of the IOMMU does not support/],
  [/^IOMMU_HWPT_ALLOC fault id valid, none/, /no such fault queue|does not support/],
  [/^IOMMU_HWPT_\w+ \(not enabled\)/, /not made to track dirty pages/],
  [/reserved=1/, /reserved/],
  [/size=\d+ rest not 0/, /those after are not 0/],
  [/^IOMMU_\w+ size=\d+$/, /size is \d+, less than/],
  [/[Mm][Ss][Ii] window/, /reserved for interrupt/],
  [/beyond the aperture/, /past what the IOMMU can address/],
  [/no permissions/, /neither READ nor WRITE/],
  [/(unaligned (va|iova|length)|half page)/, /not a multiple of a page/],
  [/^MAP_DMA unaligned/, /not all whole pages/],
  [/ length 0/, /length is 0/],
  [/(wraps|overflow|length max)/, /goes past 2\^64/],
  [/(overlap (same|part)|MAP_DMA (again|overlap|1 overlap))/, /mapped already/],
  [
    /(bad vaddr|bad address ioas|PROT_NONE|writeable of read-only)/,
    /(could|can)not be pinned|could not be pinned/,
  ],
  [/^IOMMU_IOAS_COPY nothing there/, /is not mapped as a whole/],
  [/^IOMMU_IOAS_UNMAP (again|nothing there|partial)/, /has no mapping, or not a whole one/],
  [/^IOMMU_IOAS_IOVA_RANGES num/, /and there are more/],
  [/rlimit mode with objects/, /has objects already/],
  [/after clear|get \(none\)/, /no IOAS that stands for a container/],
  [/bogus ioctl|iommufd ioctl|TCGETS/, /has no (such )?call|has no IOMMU|not bound/],
  [
    /^GROUP_GET_DEVICE_FD before container|^GET_DEVICE_FD before container/,
    /in no container|no container of the group/,
  ],
  [/nosuch/, /no device of the group has the name/],
  [/^(IOMMU_GET_INFO|MAP_DMA).*(before SET_IOMMU|\(no group\))/, /the container has no IOMMU/],
  [/^SET_IOMMU with no group/, /the container has no group/],
  [/^SET_IOMMU bogus type/, /is not a type of IOMMU/],
  [/^GROUP_SET_CONTAINER a again/, /the group is in a container already/],
  [/^UNSET_CONTAINER .*device open/, /of the group is open/],
  [/^UNMAP_DMA .*part/, /cuts a mapping/],
  [/^SET_IRQS index/, /no interrupt index|sets no interrupts/],
  [/_INFO\[\d+\]|_INFO index/, /no (region|interrupt index|error interrupt)|no PCI Express/],
  [/^SET_IRQS INTx fd=/, /no eventfd|sets no interrupts/],
  [/^SET_IRQS MSI in D3/, /INTx is enabled/],
  [/^PCI_HOT_RESET one fd/, /a character device takes no groups/],
  [/^PCI_HOT_RESET fd -1/, /descriptor that was passed is not open/],
  [/^PCI_HOT_RESET no fd/, /no group is passed/],
  [/^PCI_HOT_RESET too many/, /and a reset reaches/],
  [/^GET_PCI_HOT_RESET_INFO size only/, /argsz is/],
  [/^QUERY_GFX_PLANE probe/, /a plane in another form/],
];

/** Calls on files of migration data are in no event. */
const ofData = /^MIG[ _]/;

interface Failed {
  readonly call: ToldCall;
  readonly recorded: number;
  readonly why: Why;
  /** What the rules of the last step with a rule return. */
  readonly ofRule: readonly number[];
}

const LOGGED = [
  'aer-bus-r1',
  'iommufd-cdev-r1',
  'k612-vfio-client-r1',
  'k73-iommufd-cdev-r1',
  'mdev-mtty-r1',
] as const;

const [ENOIOCTLCMD, ENOTTY] = [-515, -25];

const readers: { close(): void }[] = [];
afterAll(() => {
  for (const reader of readers) reader.close();
});

function failedCalls(capture: (typeof LOGGED)[number]): Failed[] {
  const reader = importedCapture(capture);
  readers.push(reader);
  const ends: { seq: number; pid: number; ret: number }[] = [];
  const e = new EventCursor();
  for (const batch of reader.read()) {
    e.open(batch);
    for (let row = 0; row < batch.rows; row++) {
      e.moveTo(row);
      if (e.kind !== 'ioctl' || e.path !== 'vfio' || e.phase !== 'end') continue;
      ends.push({ seq: e.seq, pid: e.pid, ret: e.ret === ENOIOCTLCMD ? ENOTTY : e.ret });
    }
  }
  const logs = clientLogs(testData(`captures/${capture}/client.txt.zst`).toString());
  const pairs = logs.flatMap(({ processes, calls }) => {
    const own = ends.filter(({ pid }) => processes.includes(pid));
    const made = calls.filter(({ text }) => !ofData.test(text));
    expect(own).toHaveLength(made.length);
    return made.flatMap((call, i) => (call.result < 0 ? [{ call, end: own[i] }] : []));
  });
  const explainer = new Explainer(reader, CAPTURE_KERNELS[capture]);
  const whys = explainer.explain(pairs.map(({ end }) => end.seq));
  return pairs.map(({ call, end }, i) => {
    const at = whys[i].chain.findLast(({ relation }) => relation === 'rule')?.seq ?? null;
    const reasons = at === null ? [] : (explainer.links.reasons.get(at) ?? []);
    const rets = reasons.map(({ ret }) => (ret === ENOIOCTLCMD ? ENOTTY : ret));
    return { call, recorded: end.ret, why: whys[i], ofRule: rets };
  });
}

const causeOf = ({ chain }: Why): string =>
  chain.find(({ relation }) => ['rule', 'inferred', 'waits'].includes(relation))?.text ?? '';

describe.each(LOGGED)('%s', (capture) => {
  const failed = failedCalls(capture);

  test('every call that the client says failed is there with its errno', () => {
    const wrong = failed.filter(({ call, recorded }) => call.result !== recorded);
    expect(wrong.map(({ call }) => call.text)).toEqual([]);
    expect(failed.length).toBeGreaterThan(30);
  });

  test('the errno of the rule that a cause names is the errno that the client got', () => {
    for (const { call, ofRule } of failed) {
      if (ofRule.length > 0) expect(ofRule, call.text).toEqual([call.result]);
    }
  });

  test('the cause is the one that the client made', () => {
    let compared = 0;
    for (const { call, why } of failed) {
      const row = CAUSES.find(([says]) => says.test(call.text));
      if (row === undefined || !why.known) continue;
      expect(`${call.text}: ${causeOf(why)}`).toMatch(row[1]);
      compared++;
    }
    expect(compared).toBeGreaterThan(failed.length / 3);
  });

  test('docs/why.md has how many of the calls that the client logged have a cause', () => {
    const known = failed.filter(({ why }) => why.known).length;
    const row = `| ${capture} | ${failed.length} | ${known} | ${failed.length - known} |`;
    expect(readFileSync('docs/why.md', 'utf8').replaceAll(/ +/g, ' ')).toContain(row);
  });
});
