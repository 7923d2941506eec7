/** Colours of drivers: variables of the page's style, which has them for light and dark. */
import type { Lane } from './lane.js';

/** Drivers that hand devices to user space are blue, others are not. */
const VFIO = ['vfio', 'vfio-2', 'vfio-3'] as const;
const NATIVE = ['native', 'native-2', 'native-3', 'native-4', 'native-5'] as const;

const isVfio = (driver: string): boolean => /vfio|mdev/.test(driver);

/** The colour of each driver, those with most bindings first. */
export function driverColors(lanes: readonly Lane[]): ReadonlyMap<string, string> {
  const counts = new Map<string, number>();
  for (const { driver } of lanes.flatMap(({ bars, overrides }) => [...bars, ...overrides]))
    counts.set(driver, (counts.get(driver) ?? 0) + 1);
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const used = { vfio: 0, native: 0 };
  return new Map(
    sorted.map(([driver]) => {
      const names = isVfio(driver) ? VFIO : NATIVE;
      const next = isVfio(driver) ? used.vfio++ : used.native++;
      return [driver, `var(--${names[next % names.length]})`];
    }),
  );
}
