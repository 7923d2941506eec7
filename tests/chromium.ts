/** A real browser for tests of pages: the Chromium of this machine, if there is one. */
import { existsSync } from 'node:fs';
import axe, { type AxeResults } from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The program; null where none is installed. VFR_CHROMIUM names another. */
export const CHROMIUM: string | null =
  [process.env.VFR_CHROMIUM ?? '', ...PLACES].find((path) => existsSync(path)) ?? null;

/** What the name of a test says where there is no browser. */
export const WITHOUT_CHROMIUM = CHROMIUM === null ? ' (skipped: no Chromium is installed)' : '';

/** @param args more arguments of the program */
export const openChromium = (args: readonly string[] = []): Promise<Browser> =>
  chromium.launch({
    executablePath: CHROMIUM!,
    // Root, as in a container, cannot use the sandbox of Chromium.
    args: ['--no-sandbox', '--disable-gpu', ...args],
  });

/** axe-core looks at every element several times; on a busy machine that takes a minute. */
export const AXE_MS = 240_000;

/**
 * What axe-core finds wrong with a page, as `rule: elements`; the rules are those of WCAG 2.2 AA.
 * @param rule checks this one alone, which takes less time
 */
export async function accessibilityProblems(page: Page, rule?: string): Promise<string[]> {
  await page.evaluate(axe.source);
  const runOnly = rule === undefined ? RULES : [rule];
  const options = JSON.stringify({ runOnly, resultTypes: ['violations'] });
  const { violations } = await page.evaluate<AxeResults>(`axe.run(document, ${options})`);
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`,
  );
}

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
