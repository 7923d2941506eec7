/** A real browser for tests of pages: the Chromium of this machine, if there is one. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

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
