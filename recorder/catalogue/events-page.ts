/** The catalogue as a page for readers: docs/events.md. */
import { CATALOGUE, type Columns, PROBE_GROUPS, type Probe, type ProbeGroup } from './index.js';
import { RACES, type Race } from './reported-races.js';

const HEAD = `# Events and the kernel probes they come from

Each table lists the kernel records of one probe group and what they become. An entry and a return
are one call: a \`begin\`, and an \`end\` that repeats the columns of the begin and adds \`span\`,
\`ret\`, and the value that a \`value\` record saw. A return probe that has the arguments of the
entry (Linux 6.9 and later) makes one \`point\`. Columns that are not listed are null; \`name\` is
constant. In the columns, \`a ← b\` means that column \`a\` is field \`b\` of the record.

The region of a mapping follows from the page offset in the device's file, for pages of 4 KiB. The
\`value\` of the \`end\` of a VFIO user's read of at most 4 bytes is what the user received, if
known: on Linux 6.9 and later from the user's buffer at the return; before, only for bytes 0x08 to
0x0f and 0x28 to 0x2f of configuration space, which vfio-pci does not emulate, from its reads of
the hardware. Elsewhere it is null, since the user may not have received the hardware's value.

This page is printed from \`recorder/catalogue/\`; \`npx vitest run recorder/catalogue -u\` renews
it.
`;

export function catalogueMarkdown(): string {
  const groups = Object.entries(PROBE_GROUPS) as [ProbeGroup, string][];
  const sections = groups.flatMap(([group, what]) => {
    const probes = CATALOGUE.filter((probe) => probe.group === group && !isContinuation(probe));
    return probes.length === 0 ? [] : [section(group, what, probes)];
  });
  return `${[HEAD, ...sections, RACES_HEAD, ...RACES.map(raceRow)].join('\n')}\n`;
}

const RACES_HEAD = `## Which probe shows each step

Races and orders that users and developers of the kernel reported, and the records that show which
actor came first. If the records of a call are named, its entry and return show how long it waited.
Numbers of files come from the system calls of the processes that are followed (\`--pid\`, or a
command) and from the snapshots.

| race | steps |
|---|---|`;

const raceRow = ({ race, steps }: Race): string => {
  const shown = steps.map(([what, ...events]) => `${what}: ${events.map(code).join(' ')}`);
  return `| ${race} | ${shown.join('; ')} |`;
};

const code = (name: string) => `\`${name}\``;

/** Values and returns are listed with their entries. */
const isContinuation = ({ role }: Probe) => role === 'value' || role === 'return';

function section(group: ProbeGroup, what: string, probes: readonly Probe[]): string {
  const rows = probes.map((probe) => {
    const { name, path = '' } = probe;
    const cells = [records(probe), kind(probe), name, path, columns(probe) + answer(probe)];
    return `| ${cells.join(' | ')} |`;
  });
  return `## ${group}

${what[0].toUpperCase()}${what.slice(1)}.

| records | kind | name | path | columns |
|---|---|---|---|---|
${rows.join('\n')}
`;
}

function records(entry: Probe): string {
  const rest = CATALOGUE.filter((p) => p.call === entry.call && p !== entry && isContinuation(p));
  const order = { value: 0, return: 1, entry: 2, point: 2 };
  const names = rest.sort((a, b) => order[a.role] - order[b.role]).map((p) => p.event);
  return [entry.event, ...names].map((name) => `\`${name}\``).join(' ');
}

const kind = ({ kind: of }: Probe) =>
  typeof of === 'string' ? of : `${of.read}, or ${of.write} when \`${of.by}\``;

function columns({ columns: given, raw }: Probe): string {
  const { device, ioctl, data, position, written, mapping, isKernelText, ...rest } = given;
  const { given: got, answer: _answer, words, uevent, ...plain } = rest;
  const out: string[] = [];
  if (isKernelText === true) out.push('kind and columns follow from the message, as in `dmesg`');
  if (mapping?.is === 'made') out.push(`region ← ${mapping.pages}, bits 28 and up`);
  if (mapping?.is === 'used') out.push('region ← that of the mapping, if its mmap was recorded');
  if (got !== undefined) out.push(`value ← ${got}`);
  if (typeof device === 'string') out.push(`device ← ${device}`);
  else if (device && 'bus' in device) out.push(`device ← ${device.bus}, ${device.devfn}`);
  else if (device && 'guid' in device)
    out.push(`device ← the UUID in ${device.guid}, ${device.rest}`);
  else if (device) out.push(`device ← the address in ${device.buffer}`);
  for (const [column, from] of Object.entries(plain)) {
    out.push(typeof from === 'string' ? `${column} ← ${from}` : `${column} = ${constant(from)}`);
  }
  if (position !== undefined) out.push(`region, offset ← ${position}`);
  if (written !== undefined) out.push(`value ← ${written}, of a write of up to 4 bytes`);
  if (ioctl !== undefined) out.push(`name, value ← ${ioctl.field} (on a ${ioctl.file} file)`);
  if (data !== undefined) out.push(`data ← ${bytesOf(data)}`);
  if (words !== undefined) {
    out.push(`value ← ${words.count}; text ← the first ${words.fields.length} of them, as JSON`);
  }
  if (uevent !== undefined)
    out.push(`text ← \`action@name\` of ${uevent.action}, ${uevent.object}`);
  if (raw === true) out.push('text ← the whole record');
  return out.join('; ');
}

/** What the return adds to the caller's argument. */
function answer({ call }: Probe): string {
  const words = CATALOGUE.find((p) => p.call === call && p.role === 'return')?.columns.answer;
  return words === undefined ? '' : `; data of the end ← ${bytesOf(words)}`;
}

const bytesOf = (words: NonNullable<Columns['data']>): string =>
  words.map(([field, bytes]) => `${field} (${bytes} bytes)`).join(', ');

const constant = (from: unknown) =>
  typeof from === 'object' && from !== null && 'constant' in from ? from.constant : from;
