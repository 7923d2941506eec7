/**
 * What a look at /proc, /sys or tracefs gives, or something else when the system refuses it: not
 * every kernel has every file, and processes end and devices go while they are looked at.
 */
export function optional<T, Otherwise>(look: () => T, otherwise: Otherwise): T | Otherwise {
  try {
    return look();
  } catch (error) {
    if (typeof (error as NodeJS.ErrnoException).code === 'string') return otherwise;
    throw error;
  }
}
