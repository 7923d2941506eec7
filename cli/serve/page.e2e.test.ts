/**
 * Goal: the page of a capture shows what happened, and works by keys and mouse.
 * Method: real Chromium on the server of a shipped capture. Numbers on the page are compared with
 * what the recording says.
 */
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { importInput } from '../../recorder/import/index.js';
import { scratchFolder, traceFile } from '../../tests/build-trace.js';
import {
  AXE_MS,
  accessibilityProblems,
  CHROMIUM,
  openChromium,
  WITHOUT_CHROMIUM,
} from '../../tests/chromium.js';
import { type Served, serveTraces } from '../../tests/served.js';
import type { Status } from './page-messages.js';

const CAPTURE = 'tests/data/captures/sriov-on-r1';

describe.skipIf(CHROMIUM === null)(`the page of vfr serve${WITHOUT_CHROMIUM}`, () => {
  let served: Served;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];
  let events = 0;

  beforeAll(async () => {
    const output = join(scratchFolder(), 'capture.arrows');
    const snapshot = join(CAPTURE, 'state-before');
    ({ events } = importInput({ input: join(CAPTURE, 'trace.txt.zst'), snapshot, output }));
    served = await serveTraces([output]);
    browser = await openChromium(['--host-resolver-rules=MAP attacker.example 127.0.0.1']);
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) problems.push(message.text());
    });
    await page.goto(served.url);
    await page.locator('.lanes').waitFor();
  });

  afterAll(async () => {
    await browser?.close();
    await served?.end();
  });

  const isSeen = (text: string) => page.getByText(text, { exact: false }).first().waitFor();

  test('the head of the page has the number of events, and the key the drivers', async () => {
    await isSeen(`${events} events, complete`);
    const key = await page.locator('#key').innerText();
    expect(key).toContain('vfio-pci');
    expect(key).toContain('nvme');
  });

  test('a bar of the lanes has the colour of its driver', async () => {
    const colors = await page.locator('.lanes canvas').evaluate((element) => {
      const canvas = element as unknown as {
        readonly width: number;
        readonly height: number;
        getContext(name: '2d'): {
          getImageData(x: number, y: number, w: number, h: number): { readonly data: Uint8Array };
        };
      };
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const found = new Set<string>();
      for (let i = 0; i < data.length; i += 4) found.add(data.slice(i, i + 3).join());
      return [...found];
    });
    // The blue of vfio-pci and the red of the native driver in the light style.
    expect(colors).toContain('9,105,218');
    expect(colors).toContain('209,36,47');
  });

  test('a click in the lanes moves the cursor of the table to the event at that time', async () => {
    const box = (await page.locator('.lanes').boundingBox())!;
    await page.mouse.click(box.x + box.width / 2, box.y + 60);
    await page.locator('.row.current').waitFor();
    const seconds = Number(await page.locator('.row.current .seconds').innerText());
    const { traces } = (await (await fetch(`${served.url}status`)).json()) as Status;
    // The middle of the lanes is near the middle of the recording, left of it by the names.
    expect(seconds / (traces[0].end / 1e9)).toBeCloseTo(0.46, 1);
  });

  test('keys in the lanes go from mark to mark, and w says why', async () => {
    await page.locator('.lanes').focus();
    await page.keyboard.press('0');
    const before = page.url();
    await page.keyboard.press('n');
    await page.waitForURL((url) => url.href !== before);
    await page.keyboard.press('w');
    await page.locator('.why li').first().waitFor();
    expect(await page.locator('.why li').count()).toBeGreaterThan(1);
    expect(await page.locator('.why .relation').first().innerText()).toBe('event');
  });

  test('a condition leaves the rows that satisfy it, and a wrong one says why', async () => {
    const input = page.locator('input[type=search]');
    await input.fill("kind = 'bind'");
    await input.press('Enter');
    await page.getByText(/^\d+ of \d+ rows$/).waitFor();
    const texts = await page.locator('.rows .what').allInnerTexts();
    expect(texts.length).toBeGreaterThan(5);
    expect(texts.every((text) => text.startsWith('bind'))).toBe(true);
    await input.fill('nonsense = 1');
    await input.press('Enter');
    await page.locator('.message.bad').first().waitFor();
    await input.fill('');
    await input.press('Enter');
  });

  test('a value of the state leads to the event that set it', async () => {
    await page.click('#tab-State');
    const driver = page.getByRole('button', { name: /^driver of .* Who set this\?$/ }).first();
    await driver.click();
    await page.locator('#panel-State .why li').first().waitFor();
    expect(await page.locator('#panel-State .why').innerText()).toMatch(/writes|binds|releases/);
  });

  test('the flame has the nested calls of the thread', async () => {
    await page.click('#tab-Calls');
    await page.getByText(/: \d+ calls/).waitFor();
    const listed = await page.locator('#panel-Calls ol li').count();
    expect(listed).toBeGreaterThan(0);
  });

  test('the SQL box answers, and its events are links', async () => {
    await page.click('#tab-SQL');
    await page.locator('.editor .cm-content').waitFor();
    await page.getByRole('button', { name: 'Run' }).click();
    await page.locator('#panel-SQL td .seq').first().click();
    expect(await page.locator('#panel-SQL td').first().innerText()).toMatch(/^0000:/);
  });

  test(
    'the page has no barriers, in light and dark',
    async () => {
      expect(await accessibilityProblems(page)).toEqual([]);
      await page.emulateMedia({ colorScheme: 'dark' });
      for (const name of ['State', 'Event']) {
        await page.click(`#tab-${name}`);
        expect(await accessibilityProblems(page, 'color-contrast')).toEqual([]);
        expect(await accessibilityProblems(page, 'target-size')).toEqual([]);
      }
    },
    AXE_MS,
  );

  test('several traces have their lanes side by side, with one time for all', async () => {
    const device = '0000:01:00.0';
    const bound = { kind: 'bind', name: 'driver_bound', driver: 'nvme', device } as const;
    const both = await serveTraces([traceFile([bound]), traceFile([bound, { kind: 'mark' }])]);
    const other = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await other.goto(both.url);
    // The lanes of each trace appear when they are computed, in no certain order.
    for (const nth of [0, 1]) await other.locator('.lanes').nth(nth).waitFor();
    const boxes = await other.locator('.lanes').all();
    const [left, right] = await Promise.all(boxes.map((lanes) => lanes.boundingBox()));
    expect(left!.y).toBe(right!.y);
    await other.mouse.click(right!.x + right!.width / 2, right!.y + 40);
    await other.locator('.row.current').waitFor();
    const pressed = other.locator('#traces button[aria-pressed=true]');
    expect(await other.locator('#traces button').last().getAttribute('aria-pressed')).toBe('true');
    expect(await pressed.count()).toBe(1);
    await other.close();
    await both.end();
  });

  test('findings are those of the trace that is shown', async () => {
    const failed = (device: string) =>
      traceFile([{ kind: 'probe', phase: 'end', tid: 7, device, ret: -5n }]);
    const both = await serveTraces([failed('0000:01:00.0'), failed('0000:02:00.0')]);
    const other = await browser.newPage();
    await other.goto(both.url);
    const findings = other.locator('#findings li');
    await findings.getByText('0000:01:00.0').waitFor({ state: 'attached' });
    await other.locator('#traces button').last().click();
    await findings.getByText('0000:02:00.0').waitFor({ state: 'attached' });
    expect(await findings.count()).toBe(1);
    await other.close();
    await both.end();
  });

  test('the page at a name that resolves to this machine is refused', async () => {
    const other = await browser.newPage();
    const url = new URL(served.url);
    const attack = `http://attacker.example:${url.port}${url.pathname}`;
    const refused = await other.goto(attack).catch((error: Error) => error.message);
    expect(typeof refused === 'string' ? refused : refused?.status()).toMatch(/403|FAILURE/);
    await other.close();
  });

  test('the scripts of the page cause no error and no warning', () => {
    const unexpected = problems.filter((text) => !text.includes('400 (Bad Request)'));
    expect(unexpected).toEqual([]);
  });
});
