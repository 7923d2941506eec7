/** The devices with their drivers at the event under the cursor. */
import { type Browser, current } from '../model/browser.js';
import { currentDevice } from '../model/jumps.js';
import { devicesOf } from '../model/overview.js';
import { cells } from '../text/cell-text.js';
import { readable } from './list-body.js';
import type { View } from './view.js';

export function devicesBody(
  browser: Browser,
  { work, paint }: View,
  width: number,
  height: number,
): string[] {
  const ref = current(browser);
  const own = ownDevice(browser);
  const devices = devicesOf(browser.overview);
  const first = firstDevice(browser, height);
  return devices.slice(first, first + height).map((device) => {
    const known = ref === null ? undefined : work.stateAt(device, ref.seq);
    const driver =
      known === undefined || known === null ? '?' : known === 'absent' ? '' : (known.driver ?? '-');
    const text = cells(`${device === own ? '▶' : ' '}${device} ${driver}`, width);
    return known === 'absent' ? paint('dim', text) : device === own ? paint('strong', text) : text;
  });
}

const ownDevice = (browser: Browser): string | null =>
  readable(
    () => currentDevice(browser),
    () => null,
  );

/** Index of the first device that the pane shows: that of the cursor is among them. */
export function firstDevice(browser: Browser, height: number): number {
  const devices = devicesOf(browser.overview);
  const at = devices.indexOf(ownDevice(browser) ?? '');
  return Math.max(0, Math.min(at - Math.floor(height / 2), devices.length - height));
}
