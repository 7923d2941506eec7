/**
 * The result of reading /proc, /sys or tracefs, or `otherwise` when the system refuses it: not
 * every kernel has every file, and processes end and devices disappear in the meantime.
 */
export function optional<T, Otherwise>(look: () => T, otherwise: Otherwise): T | Otherwise {
  try {
    return look();
  } catch (error) {
    if (typeof (error as NodeJS.ErrnoException).code === 'string') return otherwise;
    throw error;
  }
}
