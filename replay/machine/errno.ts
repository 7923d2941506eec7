/**
 * Error numbers of Linux (include/uapi/asm-generic/errno-base.h, errno.h) that the models return.
 */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EIO: 5,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ENOSPC: 28,
  ERANGE: 34,
  ENOTTY: 25,
  ETIME: 62,
  EOVERFLOW: 75,
  /** Kernel internal (include/linux/errno.h). */
  EPROBE_DEFER: 517,
} as const;

const NAMES = new Map<number, string>(Object.entries(ERRNO).map(([name, n]) => [n, name]));

/** `-EBUSY` for -16, `0` or the number itself for what is not a known error. */
export function errnoName(ret: number): string {
  const name = ret < 0 ? NAMES.get(-ret) : undefined;
  return name === undefined ? String(ret) : `-${name}`;
}
