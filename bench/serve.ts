/**
 * How fast `vfr serve` shows a large trace: in Chromium, on 10 million events with 20,000 bindings.
 *
 *     npm run --silent build && node dist/bench/serve.js [TRACE]
 *
 * Without TRACE it makes one in a temporary folder. Times are what a user waits for: from the call of
 * the program to its address, from there to the first content of the page, and to the lanes, in a
 * browser that has shown an empty page before; then the time from frame to frame while the wheel
 * zooms and a drag pans.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { openSink, TraceWriter } from '../traces/index.js';
import { appendRebinds, META } from './workload.js';

const EVENTS = 10_000_000;
const PROGRAM = join(import.meta.dirname, '../vfr/main.js');
const CHROMIUM = process.env.VFR_CHROMIUM ?? '/usr/bin/chromium';
const MOVES = 60;

function makeTrace(file: string): void {
  const sink = openSink({ file, inputs: [] });
  const writer = new TraceWriter(sink, META);
  appendRebinds(writer.events, EVENTS);
  writer.finish();
  sink.commit();
}

/** Starts the server. */
function serve(file: string): Promise<{ url: string; end: () => void }> {
  const child = spawn(process.execPath, [PROGRAM, 'serve', '--no-open', file], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return new Promise((resolve, reject) => {
    child.stdout.on('data', (text) =>
      resolve({ url: String(text).trim(), end: () => void child.kill() }),
    );
    child.on('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
}

/** Times from frame to frame while something moves, in milliseconds. */
async function framesDuring(page: Page, move: () => Promise<void>): Promise<number[]> {
  await page.evaluate(FRAMES_START);
  await move();
  return page.evaluate(FRAMES_END);
}

// Text, since names of a browser do not exist here.
const FRAMES_START = `(() => {
  const times = (window.frameTimes = []);
  let last = performance.now();
  const frame = (now) => {
    if (window.frameTimes !== times) return;
    times.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})()`;
const FRAMES_END = `(() => { const times = window.frameTimes; window.frameTimes = null; return times; })()`;

async function wheel(page: Page): Promise<void> {
  for (let i = 0; i < MOVES; i++) await page.mouse.wheel(0, i < MOVES / 2 ? -120 : 120);
}

async function drag(page: Page, x: number, y: number): Promise<void> {
  await page.mouse.move(x, y);
  await page.mouse.down();
  for (let i = 0; i < MOVES; i++) await page.mouse.move(x + Math.sin(i / 5) * 300, y);
  await page.mouse.up();
}

/** Opens an empty page: the first page of a browser waits until Chromium itself has started. */
async function warm(browser: Browser): Promise<void> {
  const page = await browser.newPage();
  await page.goto('about:blank');
  await page.close();
}

const share = (times: readonly number[], part: number): string => {
  const sorted = times.toSorted((a, b) => a - b);
  return `${(sorted[Math.floor(sorted.length * part)] ?? Number.NaN).toFixed(1)} ms`;
};

async function measure(file: string): Promise<void> {
  const print = (what: string, value: string) => console.log(`${what.padEnd(44)} ${value}`);
  const started = performance.now();
  const since = (at: number) => `${((performance.now() - at) / 1000).toFixed(2)} s`;
  const { url, end } = await serve(file);
  print('from the call to the address', since(started));
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu'],
  });
  try {
    await warm(browser);
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    const opened = performance.now();
    await page.goto(url);
    await page.locator('.rows .row .what').first().waitFor();
    const rows = since(opened);
    const paint = await page.evaluate<number>(
      `performance.getEntriesByName('first-contentful-paint')[0].startTime`,
    );
    print('first content', `${(paint / 1000).toFixed(2)} s`);
    print('first rows of events', rows);
    await page.locator('.lanes').waitFor({ timeout: 300_000 });
    print('lanes', since(opened));
    const box = (await page.locator('.lanes').boundingBox())!;
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const busy = await framesDuring(page, () => drag(page, x, y));
    print('pan while the trace is replayed, p50 p95', `${share(busy, 0.5)} ${share(busy, 0.95)}`);
    await page.mouse.move(x, y);
    const zooming = await framesDuring(page, () => wheel(page));
    print('zoom, p50 p95 of a frame', `${share(zooming, 0.5)} ${share(zooming, 0.95)}`);
    await page.mouse.wheel(0, -1200);
    const panning = await framesDuring(page, () => drag(page, x, y));
    print('pan, p50 p95 of a frame', `${share(panning, 0.5)} ${share(panning, 0.95)}`);
  } finally {
    await browser.close();
    end();
  }
}

const folder = mkdtempSync(join(tmpdir(), 'vfr-bench-'));
try {
  const [given] = process.argv.slice(2);
  const file = given ?? join(folder, 'large.arrows');
  if (!existsSync(file)) makeTrace(file);
  console.log(`${cpus()[0].model}, ${cpus().length} processors, load ${loadavg()[0].toFixed(1)}`);
  await measure(file);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
