/**
 * Goal: an explanation names the cause that ground truth has, and none that the recording lacks.
 * Method: recordings of real kernels. The actors' own logs say which program wrote what, and when;
 * docs/why.md has how many events have a cause.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { buildTrace } from '../../tests/build-trace.js';
import { CAPTURE_KERNELS } from '../../tests/capture-kernels.js';
import { importedCapture } from '../../tests/captures.js';
import { rowsOf } from '../../tests/rewrite.js';
import { testData } from '../../tests/test-data.js';
import { MemorySource, TraceReader } from '../../traces/index.js';
import { Explainer, type Why } from './index.js';

const explainers = new Map<string, Explainer>();

function explainerOf(capture: string): Explainer {
  const known = explainers.get(capture);
  if (known !== undefined) return known;
  const made = new Explainer(importedCapture(capture), CAPTURE_KERNELS[capture]);
  explainers.set(capture, made);
  return made;
}

/** Events of a recording for which a condition holds. */
function seqsWhere(
  capture: string,
  condition: (row: { kind: string; name: string; ret: number | null; path: string }) => boolean,
): number[] {
  const { reader } = explainerOf(capture);
  const found: number[] = [];
  for (const batch of reader.read()) {
    const [kind, name] = [batch.column('kind'), batch.column('name')];
    const [ret, path] = [batch.column('ret'), batch.column('path')];
    for (let row = 0; row < batch.rows; row++) {
      const facts = {
        kind: kind.at(row) ?? '',
        name: name.at(row) ?? '',
        path: path.at(row) ?? '',
      };
      const returned = ret.has(row) ? ret.number(row) : null;
      if (condition({ ...facts, ret: returned })) found.push(batch.seqFirst + row);
    }
  }
  return found;
}

const textsOf = ({ chain }: Why): string[] =>
  chain.map(({ relation, text }) => `${relation}: ${text}`);

interface ActorWrite {
  readonly op: string;
  readonly t0: number;
  readonly t1: number;
  readonly path: string;
  readonly value: string;
}

const writesOf = (capture: string): ActorWrite[] =>
  testData(`captures/${capture}/actors.jsonl.zst`)
    .toString()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as ActorWrite)
    .filter(({ op }) => op === 'write');

describe.each([
  'sriov-on-r1',
  'sriov-off-r1',
  'k612-sriov-on-r1',
  'igb-races-r1',
])('%s', (capture) => {
  test('the write that a bind or a release comes from is one that an actor logged', () => {
    const explainer = explainerOf(capture);
    const writes = writesOf(capture);
    const { bindings, releases } = explainer.links;
    let compared = 0;
    for (const why of explainer.explain([...bindings, ...releases])) {
      const first = why.chain.findLast(
        ({ relation, text }) => relation === 'within' && text.includes(' writes '),
      );
      if (first === undefined || first.seq === null) continue;
      const batch = explainer.reader.batches.find((b) => b.seqFirst + b.rows > first.seq!)!;
      const row = explainer.reader.batch(batch);
      const ts = Number(row.column('ts').big(first.seq - batch.seqFirst));
      const [, value, file] = /writes "(.*)" to (\S+)/.exec(first.text) ?? [];
      const logged = writes.some(
        (write) =>
          write.t0 <= ts + 50_000 &&
          ts <= write.t1 + 50_000 &&
          write.value.trim() === value &&
          write.path.endsWith(file.split('/').at(-1)!),
      );
      expect(logged, `${first.seq} ${first.text}`).toBe(true);
      compared++;
    }
    expect(compared).toBeGreaterThanOrEqual(24);
  });
});

test('a bind goes back over the write, the override and the VF to the write that made the VF', () => {
  const capture = 'sriov-on-r1';
  const explainer = explainerOf(capture);
  const whys = explainer.explain(explainer.links.bindings);
  const why = whys.find(({ chain }) => chain[0].text.includes('binds vfio-pci'))!;
  const relations = why.chain.map(({ relation }) => relation);
  expect(relations).toEqual(expect.arrayContaining(['event', 'within', 'state', 'exists']));
  expect(textsOf(why).join('\n')).toMatch(/within: .* to drivers_probe/);
  expect(textsOf(why).join('\n')).toMatch(/state: .*override is vfio-pci/);
  expect(why.chain.at(-1)?.text).toMatch(/writes "4" to sriov_numvfs/);
});

test('a group that is not recorded is said to be refused probably, as an inference', () => {
  const capture = 'k612-vfio-client-r1';
  const refused = seqsWhere(
    capture,
    ({ name, ret }) => name === 'VFIO_GROUP_SET_CONTAINER' && ret === -1,
  );
  const [why] = explainerOf(capture).explain(refused);
  expect(why.known).toBe(true);
  expect(textsOf(why).join('\n')).toMatch(
    /inferred: probably the group is not viable: \S+ is bound to e1000.*no other one is/,
  );
  expect(textsOf(why).join('\n')).not.toMatch(/^rule: /m);
});

test('a bus error in a mapping goes back to the write that switched memory off', () => {
  const explainer = explainerOf('vfio-client-r1');
  const [why] = explainer.explain(explainer.links.faults);
  expect(why.known).toBe(true);
  expect(textsOf(why)).toContain(`rule: memory is off in the Command register`);
  expect(textsOf(why).at(-1)).toMatch(
    /vfio\/memory is off since .* before: .* configuration space/,
  );
});

test('an unbind that waits names the user of the device and the request to him', () => {
  const explainer = explainerOf('k612-vfio-client-r1');
  const whys = explainer.explain(explainer.links.releases);
  const waiting = whys.find(({ chain }) => chain.some(({ relation }) => relation === 'waits'))!;
  expect(textsOf(waiting).join('\n')).toMatch(/waits: .* held by python3-\d+ of process \d+/);
  expect(textsOf(waiting).join('\n')).toMatch(/asked: the user was asked once/);
});

test('a DMA to an address that was never mapped says so, and one that the log hides does not', () => {
  const explainer = explainerOf('dma-fault-r1');
  const whys = explainer.explain(explainer.links.faults);
  const dma = whys.filter(({ chain }) => chain[0].text.includes('refused a DMA'));
  const known = dma.filter((why) => why.known);
  expect(known.map((why) => why.chain[1].text)).toEqual([
    'nothing is mapped at 0x5000000',
    'nothing is mapped at 0x7654000',
  ]);
  const hidden = dma.filter((why) => !why.known).map((why) => why.chain.at(-1)?.relation);
  expect(new Set(hidden)).toEqual(new Set(['unknown']));
});

test('every chain begins with its event, and each link names an event of the recording', () => {
  const explainer = explainerOf('aer-bus-r1');
  const { failures, faults, releases } = explainer.links;
  for (const why of explainer.explain([...failures, ...faults, ...releases])) {
    expect(why.chain[0]).toMatchObject({ seq: why.seq, relation: 'event' });
    for (const { seq, relation } of why.chain) {
      const mayBeNull = ['unknown', 'state', 'waits'].includes(relation);
      expect(seq !== null || mayBeNull).toBe(true);
    }
    expect(why.known).toBe(why.chain.at(-1)?.relation !== 'unknown');
  }
});

test('a release by a work item is not said to come from an earlier work item too', () => {
  const explainer = explainerOf('sriov-on-r1');
  const byWork = explainer
    .explain(explainer.links.releases)
    .map(({ chain }) => chain.filter(({ relation }) => relation === 'work').length)
    .filter((works) => works > 0);
  expect(byWork.length).toBeGreaterThan(0);
  expect(new Set(byWork)).toEqual(new Set([1]));
});

test('events are explained although the begins of some cannot be read', () => {
  const bytes = buildTrace(rowsOf(explainerOf('k612-vfio-client-r1').reader), { batchRows: 1000 });
  const { offset } = new TraceReader(new MemorySource(bytes)).batches[3].frame;
  bytes.fill(0xff, offset, offset + 64);
  const reader = new TraceReader(new MemorySource(bytes));
  const seqs = reader.batches.flatMap(({ seqFirst, rows }) =>
    Array.from({ length: rows }, (_, row) => seqFirst + row),
  );
  expect(seqs).toHaveLength(reader.seqEnd - 1000);
  const named = new Explainer(reader)
    .explain(seqs)
    .flatMap(({ chain }) => chain.flatMap(({ seq }) => seq ?? []));
  expect(new Set(named)).toEqual(new Set(seqs));
});

test('docs/why.md has the counts of all recordings', () => {
  const rows = Object.keys(CAPTURE_KERNELS).map((capture) => {
    const { links } = explainerOf(capture);
    const cells = [links.failures, links.faults, links.releases].map((seqs) => {
      const known = explainerOf(capture)
        .explain(seqs)
        .filter((why) => why.known).length;
      return seqs.length === 0 ? '' : `${known} of ${seqs.length}`;
    });
    return `| ${capture} | ${cells.join(' | ')} |`;
  });
  const doc = readFileSync('docs/why.md', 'utf8');
  const found = doc.split('\n').filter((line) => /^\| \S+-r\d \|.* of /.test(line));
  expect(found.map((line) => line.replaceAll(/ +/g, ' '))).toEqual(
    rows.map((line) => line.replaceAll(/ +/g, ' ')),
  );
});
