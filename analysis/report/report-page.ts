/** Puts a report together as one HTML file: no script, nothing from elsewhere. */
import { driverColors, isEventful, type Lane } from '../lanes/index.js';
import { counted, duration } from '../shown-text.js';
import { escapeHtml } from './markup.js';
import type { Findings, TraceReport } from './report-data.js';
import { type Section, sectionsOf, type Table } from './report-sections.js';
import { STYLE } from './report-style.js';

/** The page about one or several traces. */
export function reportPage(reports: readonly TraceReport[]): string {
  const title = `vfr report: ${reports.map(({ name }) => baseName(name)).join(', ')}`;
  const parts = reports.map((report, i) => traceParts(report, `t${i + 1}`));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<a class="skip" href="#main">To the content</a>
${HATCH}
<main id="main">
${parts.join('\n')}
</main>
</body>
</html>
`;
}

/** Lanes are hatched while a VFIO user holds the device. */
const HATCH = `<svg width="0" height="0" aria-hidden="true" style="position:absolute"><defs>
<pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse"
patternTransform="rotate(45)">
<rect width="2" height="6" style="fill:var(--paper)" fill-opacity="0.75"/></pattern></defs></svg>`;

const baseName = (path: string): string => path.split('/').at(-1) ?? path;

function traceParts(report: TraceReport, id: string): string {
  const sections = sectionsOf(report);
  // Races follow each other; one link leads to the first.
  const linked = sections.filter(({ id: own }) => !/^race-(?!1$)/.test(own));
  const links = linked.map(({ id: own, title }) => {
    const words = own === 'race-1' ? 'Races' : title;
    return `<li><a href="#${id}-${own}">${escapeHtml(words)}</a></li>`;
  });
  return `<article id="${id}" aria-labelledby="${id}-title">
<header>
<h1 id="${id}-title">${escapeHtml(baseName(report.name))}</h1>
<p>${escapeHtml(sentence(report))}</p>
${verdictList(report.findings, id)}
${factList(report)}
<nav aria-label="Sections of ${escapeHtml(baseName(report.name))}"><ul>${links.join('')}</ul></nav>
</header>
${sections.map((section) => sectionHtml(section, id, report)).join('\n')}
</article>`;
}

/** Whether the recording is complete, and what was found in it. */
function sentence({ summary, findings: f, replay }: TraceReport): string {
  const complete = summary.complete
    ? 'The recording is complete.'
    : `The recording is not complete: ${summary.truncated ? 'it is cut, ' : ''}` +
      `${counted(summary.lost, 'event')} lost, ${counted(summary.damaged, 'damaged range')}.`;
  const found = [
    ...(f.races > 0 ? [counted(f.races, 'race')] : []),
    ...(f.diverged > 0 ? [counted(f.diverged, 'divergence')] : []),
    ...(f.failed > 0 ? [counted(f.failed, 'failed call')] : []),
    ...(f.refused > 0 ? [counted(f.refused, 'refused fault')] : []),
    ...(f.blocked > 0 ? [counted(f.blocked, 'call')].map((n) => `${n} without an end`) : []),
  ];
  const { matched, responses } = replay;
  const all = found.length === 0 ? 'Nothing was found.' : `Found: ${found.join(', ')}.`;
  const models = `The kernel did what the models predict in ${matched} of ${responses} responses.`;
  return `${complete} ${all} ${models}`;
}

const VERDICTS: readonly (readonly [keyof Findings, string])[] = [
  ['lost', 'events lost'],
  ['races', 'races'],
  ['diverged', 'divergences'],
  ['failed', 'failed calls'],
  ['refused', 'refused faults'],
  ['blocked', 'calls without an end'],
];

function verdictList(findings: Findings, id: string): string {
  const items = VERDICTS.map(([key, words]) => {
    const value = findings[key];
    const found = value > 0 ? ' class="found"' : '';
    return `<li${found}><strong id="${id}-count-${key}">${value}</strong> ${words}</li>`;
  });
  return `<ul class="verdict">${items.join('')}</ul>`;
}

function factList({ summary, id, replay }: TraceReport): string {
  const { kernel, clock, durationNs, events } = summary;
  const facts: readonly [string, string][] = [
    ['kernel', kernel ?? 'unknown'],
    ['clock', clock],
    ['duration', durationNs === null ? 'none' : duration(Number(durationNs))],
    ['events', String(events)],
    ['trace', id ?? 'without an id'],
    ['state hash', replay.stateHash],
  ];
  const items = facts.map(([name, value]) => `<dt>${name}</dt><dd>${escapeHtml(value)}</dd>`);
  return `<dl>${items.join('')}</dl>`;
}

function sectionHtml(section: Section, trace: string, { lanes }: TraceReport): string {
  const { title, words, figure, table, sql } = section;
  const id = `${trace}-${section.id}`;
  const drawn = section.id === 'lanes' ? lanesKey(lanes.devices) : '';
  return `<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${escapeHtml(title)}</h2>
<p>${escapeHtml(words)}</p>
${figure === null ? '' : figureHtml(figure)}
${drawn}
${table === null ? '' : tableHtml(table, title)}
${sql === null ? '' : sqlHtml(sql)}
</section>`;
}

/** A wide figure scrolls, by keys as well. */
const figureHtml = (figure: string): string =>
  `<div class="figure" role="group" aria-label="Figure" tabindex="0">${figure}</div>`;

function sqlHtml(sql: string): string {
  const lines = sql.split('\n').map(escapeHtml).join('\n');
  return `<details><summary>SQL</summary><pre tabindex="0">${lines}</pre></details>`;
}

function lanesKey(lanes: readonly Lane[]): string {
  const eventful = new Set(
    lanes.filter(isEventful).flatMap(({ bars }) => bars.map((b) => b.driver)),
  );
  const colors = [...driverColors(lanes)].filter(([driver]) => eventful.has(driver));
  const drivers = colors.map(
    ([driver, color]) => `<li><span style="background:${color}"></span>${escapeHtml(driver)}</li>`,
  );
  const signs = ['◆ race', '✕ failed probe', '▲ reset', '● override', '▨ open through VFIO'];
  const thin = '— present without a driver';
  const others = [...signs, thin].map((sign) => `<li>${sign}</li>`);
  return `<ul class="key" aria-label="Key">${[...drivers, ...others].join('')}</ul>`;
}

function tableHtml({ columns, rows }: Table, title: string): string {
  const head = columns.map((name, i) => {
    const kind = isNumber(rows[0]?.[i]) ? ' class="number"' : '';
    return `<th scope="col"${kind}>${escapeHtml(name.replaceAll('_', ' '))}</th>`;
  });
  const body = rows.map((row) => `<tr>${row.map(cellHtml).join('')}</tr>`);
  return `<div class="scroll" role="region" aria-label="Table: ${escapeHtml(title)}" tabindex="0">
<table><thead><tr>${head.join('')}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
}

const isNumber = (value: unknown): boolean =>
  typeof value === 'number' || typeof value === 'bigint';

const cellHtml = (value: unknown): string =>
  isNumber(value)
    ? `<td class="number">${value}</td>`
    : `<td>${escapeHtml(value === null || value === undefined ? '' : String(value))}</td>`;
