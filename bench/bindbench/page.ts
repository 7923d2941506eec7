/** docs/bindbench.md, printed from the cases and their scores. */
import { CAPABILITIES } from './case-form.js';
import { isWritten, type ReadCase } from './read-case.js';
import type { Found, Score } from './score-case.js';
import { totalsOf } from './totals.js';

/** The case that the page shows as a whole. */
export const EXAMPLE = 'bench/bindbench/cases/BB68.json';

const HEAD = `# BindBench

BindBench is a set of races and mistakes of order that were reported in public: of drivers and functions, of SR-IOV, and
of users of VFIO. Each case has a scenario that ends badly in some order for the reason that the report gives, and the
same scenario with what fixed it. A tool that searches for such races has to find the first, and to say nothing of the second.

\`npm run bindbench\` runs all cases and prints this page's table with times; \`-- --write\` writes this page.

| option | |
|---|---|
| \`--json\` | prints \`{cases: [{id, title, class, explore, explain, predictive, falseAlarms, states, ms, differences}], found, missed, falseAlarms, byTool}\` |
| \`--cases DIR\` | runs the cases of another folder |
| \`--extract DIR\` | writes a folder for each case: \`racy.json\` and \`fixed.json\` for \`vfr explore\`, and recordings of a run that ends well and of one that ends badly, \`passing.arrows\` and \`failing.arrows\` |
| \`--write\` | writes docs/bindbench.md and docs/case.schema.json |

The exit code is 0 if nothing was missed, 1 for a missed race or a false alarm, 2 for a wrong option, 3 for a case that cannot be
read; then the file, the line and the mistake are printed.

* *explore*: every order of the racy scenario is explored (${'[explore](explore.md)'}). \`found\` says that all of its outcomes, and no other
  ones, came out, and that a bad one is among them.
* *explain*: of a bad run, \`found\` says that the deciding pair was named, or rightly none where no order ends well.
* *predictive*: of the recording of a run that ended well, and of nothing else, \`found\` says that a race between the actors of
  a deciding pair was reported ([races](races.md)). The run is the nearest to a bad one, and one in which no operation failed if
  there is such a run. It is empty where no run ends well, where programs decide by what they remember, which no
  recording shows, and where the kernel has a bug that its release does not show.
* *false alarms*: bad outcomes of the fixed scenario; races that are predicted from the recordings of a run for each of its
  outcomes, and say of another order that it ends as none of its orders does; and in cases of the kind \`silent\` any race, and
  any outcome but the first.
* In JSON, \`found\` counts the cases that neither explore nor explain has missed, \`missed\` the others, and \`byTool\` has
  the counts of each tool. \`null\` is for a tool that was not run.

`;

const FORM = `
## Adding a case

A case is one JSON file in \`bench/bindbench/cases/\`, or in the folder of \`--cases\`. ${'[case.schema.json](case.schema.json)'} describes
every member; its scenarios have the form of ${'[scenarios](kernel.md#scenarios)'}. This is the whole of \`${EXAMPLE}\`:

\`\`\`json
`;

const MEMBERS = `\`\`\`

* \`sources\` say where the mistake was reported, or fixed: a URL, an issue as \`owner/name#number\`, a commit of Linux as
  \`kernel 5b0948dfe138\`, or a message.
* \`class\` is one or more of the classes R1 to R26, or null.
* \`kind\` is \`race\` if it is left out. A case of the kind \`legal\` has several outcomes, and all are right; one of the kind
  \`silent\` has one outcome, so that no tool may report a race.
* \`racy\` is a scenario without \`scenario\` and \`name\`. Its \`outcomes\` are all that can come, including errors of actors where they
  matter.
* \`bad\` says which outcomes are bad, in the form of \`outcomes\`. If it is left out, deadlocks and bugs of the kernel are.
* \`fixed\` is the same situation with its fix, which \`title\` describes. Members that it leaves out are those of \`racy\`: a fix by the
  kernel names another \`kernel\`, or fewer \`bugs\`.
* \`kernels\` are the outcomes of the racy scenario on other kernels.
* \`inversions\` are the deciding pairs: in a bad run \`first\` comes before \`second\`, and the other way round it ends well.
  Where an operation comes between two steps of another one, each of two pairs decides alone. Operations are counted from 1.
  A thread of udev has the name that witnesses give it, such as \`udev of 0000:42:00.0\`, and no numbered operations.
  If no order ends well, there is no pair.
* A case that cannot be written yet has \`needs\` instead of scenarios: capabilities of the list below.
`;

/** @param example text of the example's file */
export function pageOf(
  cases: readonly ReadCase[],
  scores: readonly Score[],
  example: string,
): string {
  const { found, missed, falseAlarms, byTool } = totalsOf(scores);
  const tools = Object.entries(byTool)
    .map(([tool, counts]) => `${tool} ${counts.found} of ${counts.found + counts.missed}`)
    .join(', ');
  const sum =
    `${scores.length} of ${cases.length} cases are written: ${found} found, ${missed} missed, ` +
    `${falseAlarms} false alarms. By tool: ${tools}.\n`;
  const parts = [HEAD, sum, '\n', tableOf(scores), FORM, example, MEMBERS, missingOf(cases)];
  return parts.join('');
}

const cell = (found: Found): string => found ?? '';

function tableOf(scores: readonly Score[]): string {
  const rows = scores.map(({ id, title, class: of, explore, explain, predictive, ...one }) => {
    const tools = [explore, explain, predictive].map(cell);
    return `| ${[id, title, of ?? '', ...tools, one.falseAlarms].join(' | ')} |`;
  });
  const head = '| case | what | class | explore | explain | predictive | false alarms |';
  return `${[head, '|---|---|---|---|---|---|---|', ...rows].join('\n').replaceAll('|  |', '| |')}\n`;
}

function missingOf(cases: readonly ReadCase[]): string {
  const missing = cases.flatMap((one) => (isWritten(one) ? [] : [one]));
  if (missing.length === 0) return '';
  const rows = missing.map(
    ({ id, title, class: of, needs }) => `| ${id} | ${title} | ${of ?? ''} | ${needs.join(', ')} |`,
  );
  const counts = Object.entries(CAPABILITIES)
    .map(([name, what]) => ({
      name,
      what,
      ids: missing.filter(({ needs }) => needs.includes(name)).map(({ id }) => id),
    }))
    .filter(({ ids }) => ids.length > 0)
    .map(({ name, what, ids }) => `| ${name} | ${what} | ${ids.length}: ${ids.join(', ')} |`);
  return `
## Cases that cannot be written

| case | what | class | needs |
|---|---|---|---|
${rows.join('\n')}

| capability | | cases |
|---|---|---|
${counts.join('\n')}
`;
}
