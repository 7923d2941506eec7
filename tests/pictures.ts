/**
 * Makes the pictures of README.md and docs/ from the shipped capture: `npm run pictures`.
 *
 * Lanes and registers come from a report, the terminal from the browser itself. Pictures follow the light or dark
 * setting of their reader.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeReport, PALETTE } from '../analysis/index.js';
import { importInput } from '../recorder/import/index.js';
import { TraceReader } from '../traces/index.js';
import { openOnScreen } from './browser-on-screen.js';

const CAPTURE = 'tests/data/captures/sriov-on-r1';
const PICTURES = 'docs/pictures';
const TERMINAL = { columns: 120, rows: 34 };
/** Pixels of a character of the terminal. */
const [CHARACTER, LINE] = [7.25, 15];

const HATCH = `<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse"
patternTransform="rotate(45)"><rect width="2" height="6" fill="var(--paper)"/></pattern></defs>`;

/** What a picture shows: its title, the style of its text, and its content. */
interface Drawing {
  readonly title: string;
  readonly style: string;
  readonly content: string;
}

/** An SVG file with the colours of the pages. */
const picture = (width: number, height: number, { title, style, content }: Drawing): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}">
<title>${title}</title>
<style>${PALETTE.trim()}
svg{background:var(--paper);color:var(--ink)}text{fill:currentColor;white-space:pre}${style}</style>
${content}
</svg>
`;

/** A figure of a report. Words of a pointer on a bar are left out. @param label begins its label */
function figureOf(html: string, label: string, title: string): string {
  const figures = html.match(/<svg[^>]*role="img"[\s\S]*?<\/svg>/g) ?? [];
  const svg = figures.find((one) => one.includes(`aria-label="${label}`));
  if (svg === undefined) throw new Error(`the report has no figure "${label}"`);
  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!;
  const inner = svg.replace(/^<svg[^>]*>|<\/svg>$/g, '').replace(/<title>[\s\S]*?<\/title>/g, '');
  const style = 'text{font:11px system-ui,sans-serif}';
  const content = `${HATCH}${inner}`;
  return picture(Number(width), Number(height), { title, style, content });
}

async function terminalOf(reader: TraceReader): Promise<string> {
  const screen = await openOnScreen(reader, TERMINAL, { title: 'vfr-demo.arrows' });
  try {
    await screen.press('Tab', 'Enter');
    const escaped = (line: string) => line.replace(/&/g, '&amp;').replace(/</g, '&lt;');
    const lines = screen.terminal.text.map(
      (line, i) => `<text x="8" y="${(i + 1) * LINE + 4}">${escaped(line.trimEnd())}</text>`,
    );
    const style = 'text{font:12px ui-monospace,"DejaVu Sans Mono",monospace}';
    const width = Math.ceil(TERMINAL.columns * CHARACTER) + 16;
    const title = 'The overview of vfr browse';
    const height = (TERMINAL.rows + 1) * LINE;
    return picture(width, height, { title, style, content: lines.join('\n') });
  } finally {
    screen.close();
  }
}

const folder = mkdtempSync(join(tmpdir(), 'vfr-pictures-'));
try {
  const file = join(folder, 'vfr-demo.arrows');
  const snapshot = join(CAPTURE, 'state-before');
  importInput({ input: join(CAPTURE, 'trace.txt.zst'), snapshot, output: file });
  mkdirSync(PICTURES, { recursive: true });
  const reader = TraceReader.open(file);
  const { html } = await makeReport([{ name: 'vfr-demo.arrows', reader }]);
  const lanes = 'Which driver had each device, from when to when, and races';
  const registers = 'How often which registers were read and written, over time';
  writeFileSync(join(PICTURES, 'lanes.svg'), figureOf(html, 'The driver of', lanes));
  writeFileSync(join(PICTURES, 'report.svg'), figureOf(html, 'Accesses to registers', registers));
  writeFileSync(join(PICTURES, 'browse.svg'), await terminalOf(reader));
  reader.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
