/**
 * Goal: a report can be read by everybody, on a screen of any size, in light and dark, on paper.
 * Method: the report of a shipped capture in real Chromium, by its file; axe-core looks for barriers.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scratchFolder } from '../../tests/build-trace.js';
import { importedCapture } from '../../tests/captures.js';
import {
  AXE_MS,
  accessibilityProblems,
  CHROMIUM,
  openChromium,
  WITHOUT_CHROMIUM,
} from '../../tests/chromium.js';
import { makeReport } from './index.js';

/** Where the report of a capture is. */
async function addressOf(capture: string): Promise<string> {
  const reader = importedCapture(capture);
  const { html } = await makeReport([{ name: `${capture}.arrows`, reader }]);
  const file = join(scratchFolder(), 'report.html');
  writeFileSync(file, html);
  return String(pathToFileURL(file));
}

/** Tables that are wider than the page, and labels that begin outside of their figures. */
const CUT = `(() => {
  const right = document.documentElement.clientWidth;
  const tables = [...document.querySelectorAll('table')];
  const texts = [...document.querySelectorAll('svg text')];
  const edge = (text) => text.closest('svg').getBoundingClientRect().left;
  return [
    ...tables.filter((table) => table.getBoundingClientRect().right > right),
    ...texts.filter((text) => text.getBoundingClientRect().left < edge(text)),
  ].map((part) => part.textContent);
})()`;

describe.skipIf(CHROMIUM === null)(`a report in Chromium${WITHOUT_CHROMIUM}`, () => {
  let browser: Browser;
  let address: string;

  beforeAll(async () => {
    address = await addressOf('sriov-on-r1');
    browser = await openChromium();
  });

  afterAll(() => browser?.close());

  test(
    'a report has no barriers and no errors, in light and dark, on any screen',
    async () => {
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
      const problems: string[] = [];
      page.on('console', (message) => problems.push(message.text()));
      page.on('requestfailed', (request) => problems.push(request.url()));
      await page.goto(address);
      expect(await accessibilityProblems(page)).toEqual([]);
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await accessibilityProblems(page, 'color-contrast')).toEqual([]);
      expect(problems).toEqual([]);
      await page.setViewportSize({ width: 400, height: 800 });
      const overflow = await page.evaluate<number>(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      expect(overflow).toBe(0);
      await page.close();
    },
    AXE_MS,
  );

  test('a report on paper has pages, and nothing that only a screen can show', async () => {
    const page = await browser.newPage();
    await page.goto(await addressOf('k612-vfio-client-r1'));
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('nav').first().isVisible()).toBe(false);
    // An A4 page between its margins.
    await page.setViewportSize({ width: 718, height: 1040 });
    expect(await page.evaluate<string[]>(CUT)).toEqual([]);
    const pdf = await page.pdf({ format: 'A4' });
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    await page.close();
  });
});
